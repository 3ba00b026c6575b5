import type { Attendance, Invitee } from "@parley/sdk";
import { expect, it } from "vitest";
import { heirsOf } from "./useHeirs.js";

function invited(userId: string | null, name: string | null, address: string | null = null): Invitee {
  return { key: "k", address, userId, name, role: "participant", answer: "accepted", invitedAt: "", answeredAt: null };
}

function there(identity: string, name: string | null, more: Partial<Attendance> = {}): Attendance {
  const nothing = { role: null, joinedAt: null, leftAt: null, seconds: 0, hands: 0, reactions: 0 };
  return { identity, name, guest: false, kind: "person", ...nothing, ...more };
}

it("offers the accounts that are invited or were there, each once and by name", () => {
  const heirs = heirsOf(
    [invited("u_3", "Cem"), invited(null, "No account"), invited("u_2", null, "bob@example.org"), invited("u_1", "Ada")],
    [there("u_2", "Bob"), there("g_1", "Gus", { guest: true }), there("u_4", "Encoder", { kind: "stream" }), there("u_1", "Ada")],
    "u_1",
  );
  expect(heirs).toEqual([
    { userId: "u_2", name: "Bob" },
    { userId: "u_3", name: "Cem" },
  ]);
});
