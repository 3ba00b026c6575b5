import type { AuditEntry } from "@parley/sdk";
import { describe, expect, it } from "vitest";
import { admin as de } from "../../messages/admin.de.js";
import { admin as en } from "../../messages/admin.en.js";
import { entriesAsCsv, entriesAsJson } from "./export.js";
import { idsIn } from "./names.js";
import { sentenceOf } from "./words.js";

const ENTRY: AuditEntry = {
  id: "e_1",
  at: "2026-11-29T08:00:00Z",
  event: "role_changed",
  outcome: "done",
  userId: "u_ben",
  actorId: "u_ada",
  sessionId: null,
  address: "192.0.2.7",
  userAgent: '=HYPERLINK("http://evil.example","x")',
  requestId: null,
  details: { was: "member", role: "organiser", keyId: "k_1" },
};
const NAMES = new Map([
  ["u_ada", "Ada"],
  ["u_ben", null],
]);

describe("sentenceOf", () => {
  it("says who did what to whom", () => {
    const names = new Map([...NAMES, ["u_ben", "Ben"]]);
    expect(sentenceOf(en, new Map([...names, ["u_ada", "ada"]]), ENTRY)).toMatch(/^ada changed/);
    expect(sentenceOf(en, names, ENTRY)).toBe("Ada changed the role of Ben from Member to Organiser");
    expect(sentenceOf(de, names, ENTRY)).toBe("Ada hat die Rolle geändert: Ben, vorher Mitglied, jetzt Veranstalter");
  });

  it("tells of accounts that are gone, of nobody, of who runs the platform, and of what it does not know", () => {
    expect(sentenceOf(en, NAMES, ENTRY)).toContain("somebody who is gone (u_ben…)");
    const refused = { ...ENTRY, event: "login_refused", userId: null, actorId: null, details: {} };
    expect(sentenceOf(en, NAMES, refused)).toBe("A sign-in as somebody unknown was refused");
    expect(sentenceOf(en, NAMES, { ...ENTRY, actorId: "operator" })).toMatch(/^Whoever runs the platform changed/);
    expect(sentenceOf(en, NAMES, { ...ENTRY, event: "brand_new" })).toBe("brand_new");
  });

  it("has a sentence for every event, whatever its details are", () => {
    for (const texts of [en, de]) {
      for (const event of Object.keys(texts.events)) {
        expect(sentenceOf(texts, NAMES, { ...ENTRY, event, details: {} })).not.toMatch(/undefined|\{|\}/);
      }
    }
  });
});

describe("idsIn", () => {
  it("names each account once, and nobody else", () => {
    expect(idsIn([ENTRY, ENTRY, { ...ENTRY, userId: null, actorId: "operator" }])).toEqual(["u_ben", "u_ada"]);
  });
});

describe("exports", () => {
  it("write entries as the API does", () => {
    const [entry] = JSON.parse(entriesAsJson([ENTRY])) as Record<string, unknown>[];
    expect(entry).toMatchObject({ user_id: "u_ben", address: "192.0.2.7", details: { key_id: "k_1" } });
  });

  it("leave a spreadsheet nothing to calculate", () => {
    const [head, row] = entriesAsCsv([ENTRY]).split("\r\n");
    expect(head).toBe("at,event,outcome,user_id,actor_id,address,user_agent,session_id,request_id,details,id");
    expect(row).toContain(`,"'=HYPERLINK(""http://evil.example"",""x"")",,,"{""was""`);
  });
});
