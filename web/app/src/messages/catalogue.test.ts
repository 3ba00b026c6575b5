import { ParleyError } from "@parley/sdk";
import { describe, expect, it } from "vitest";
import { bestLanguage, CATALOGUES, problemText } from "./catalogue.js";
import { en } from "./en.js";

/** All paths of a catalogue, with whether it takes arguments. */
function paths(value: unknown, prefix = ""): string[] {
  if (typeof value === "function") return [`${prefix}(${value.length})`];
  if (typeof value !== "object" || value === null) return [prefix];
  return Object.entries(value).flatMap(([key, item]) => paths(item, `${prefix}.${key}`));
}

describe("the catalogues", () => {
  it.each(Object.entries(CATALOGUES))("%s has every text", (_, catalogue) => {
    expect(paths(catalogue).sort()).toEqual(paths(en).sort());
  });
});

describe("bestLanguage", () => {
  it("takes the first that there is, else English", () => {
    expect(bestLanguage(["fr-FR", "de-AT", "en"])).toBe("de");
    expect(bestLanguage(["fr"])).toBe("en");
  });
});

describe("problemText", () => {
  it("prefers our sentence for the code to the server's", () => {
    expect(problemText(en, new ParleyError("email_taken", "taken"))).toBe(en.problems.email_taken);
    expect(problemText(en, new ParleyError("brand_new", "The server says so."))).toBe("The server says so.");
  });
});
