import { ParleyError } from "@parley/sdk";
import { describe, expect, it } from "vitest";
import { admin as german } from "./admin.de.js";
import { admin as english } from "./admin.en.js";
import { bestLanguage, CATALOGUES, problemText } from "./catalogue.js";
import { meetingAdmin as germanMeetingAdmin } from "./meeting-admin.de.js";
import { meetingAdmin as englishMeetingAdmin } from "./meeting-admin.en.js";
import { meetings as germanMeetings } from "./meetings.de.js";
import { meetings as englishMeetings } from "./meetings.en.js";
import { en } from "./en.js";
import { recordings as germanRecordings } from "./recordings.de.js";
import { recordings as englishRecordings } from "./recordings.en.js";
import { organisation as germanOrganisation } from "./organisation.de.js";
import { organisation as englishOrganisation } from "./organisation.en.js";
import { webhooks as germanWebhooks } from "./webhooks.de.js";
import { webhooks as englishWebhooks } from "./webhooks.en.js";

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

  it("has every text of the administrators' pages", () => {
    expect(paths(german).sort()).toEqual(paths(english).sort());
  });

  it("has every text of administering meetings", () => {
    expect(paths(germanMeetingAdmin).sort()).toEqual(paths(englishMeetingAdmin).sort());
  });

  it("has every text of planning meetings", () => {
    expect(paths(germanMeetings).sort()).toEqual(paths(englishMeetings).sort());
  });

  it("has every text of recordings", () => {
    expect(paths(germanRecordings).sort()).toEqual(paths(englishRecordings).sort());
  });

  it("has every text of the organisation's settings", () => {
    expect(paths(germanOrganisation).sort()).toEqual(paths(englishOrganisation).sort());
  });

  it("has every text about webhooks", () => {
    expect(paths(germanWebhooks).sort()).toEqual(paths(englishWebhooks).sort());
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
