import { useEffect, useMemo, useState, type ReactNode } from "react";
import { I18nProvider } from "react-aria-components";
import { CATALOGUES, chosenLanguage, MessagesContext, rememberLanguage, type Language } from "./catalogue.js";

/** Gives the page its language: the remembered one, else the first of the browser's that there is. */
export function MessagesProvider({ children }: { readonly children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(chosenLanguage);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const value = useMemo(
    () => ({
      language,
      messages: CATALOGUES[language],
      setLanguage: (next: Language) => {
        rememberLanguage(next);
        setLanguage(next);
      },
    }),
    [language],
  );
  return (
    <I18nProvider locale={localeOf(language)}>
      <MessagesContext value={value}>{children}</MessagesContext>
    </I18nProvider>
  );
}

/** The browser's own variant of the language (`en-GB`), for dates and times. */
function localeOf(language: Language): string {
  return navigator.languages.find((candidate) => candidate.toLowerCase().startsWith(language)) ?? language;
}
