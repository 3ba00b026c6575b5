import { asParleyError } from "@parley/sdk";
import { createContext, use } from "react";
import { de } from "./de.js";
import { en, type Messages } from "./en.js";

export const CATALOGUES = { en, de } satisfies Record<string, Messages>;
export type Language = keyof typeof CATALOGUES;
export const LANGUAGES = Object.keys(CATALOGUES) as Language[];

const STORAGE_KEY = "parley.language";

export interface MessagesValue {
  readonly language: Language;
  readonly messages: Messages;
  readonly setLanguage: (language: Language) => void;
}

export const MessagesContext = createContext<MessagesValue | null>(null);

export function useLanguage(): MessagesValue {
  const value = use(MessagesContext);
  if (value === null) throw new Error("No MessagesProvider above");
  return value;
}

/** The texts in the page's language. */
export function useMessages(): Messages {
  return useLanguage().messages;
}

/** The first of `wanted` (BCP 47, best first) that there is a catalogue for. */
export function bestLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const found = LANGUAGES.find((language) => tag.toLowerCase().split("-")[0] === language);
    if (found !== undefined) return found;
  }
  return "en";
}

export function chosenLanguage(): Language {
  const remembered = localStorage.getItem(STORAGE_KEY);
  return bestLanguage([...(remembered === null ? [] : [remembered]), ...navigator.languages]);
}

export function rememberLanguage(language: Language): void {
  localStorage.setItem(STORAGE_KEY, language);
}

/** What to say about an error: our sentence for its code, else the server's. */
export function problemText(messages: Messages, thrown: unknown): string {
  const error = asParleyError(thrown);
  return messages.problems[error.code] ?? (error.message === "" ? (messages.problems.internal ?? "") : error.message);
}
