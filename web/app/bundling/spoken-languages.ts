import type { Plugin } from "vite";

const TEXTS = /\/react-aria\/dist\/private\/intl\/.+\/([a-z]{2})-[A-Z]{2}\.m?js$/;

/** React Aria brings its own few texts in thirty languages; without this, every visitor gets all of them. */
export function spokenLanguages(languages: readonly string[]): Plugin {
  return {
    name: "parley:spoken-languages",
    apply: "build",
    enforce: "pre",
    load(id) {
      const language = TEXTS.exec(id)?.[1];
      return language === undefined || languages.includes(language) ? null : "export default {};";
    },
  };
}
