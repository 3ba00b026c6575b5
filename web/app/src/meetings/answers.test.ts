import { describe, expect, it } from "vitest";
import { answerTo } from "./answers.js";

describe("answerTo", () => {
  const single = { occurrence: "2026-12-14T09:00:00", answer: "declined", answeredAt: "2026-12-01T09:00:00Z" } as const;
  const invitation = { answer: "accepted", outdated: false, occurrenceAnswers: [single] } as const;

  it("is what was said to the one time, and to all others what was said to the meeting", () => {
    expect(answerTo(invitation, "2026-12-14T09:00:00")).toBe("declined");
    expect(answerTo(invitation, "2026-12-21T09:00:00")).toBe("accepted");
  });

  it("is none where the meeting was moved since, but for the times that were answered to anew", () => {
    expect(answerTo({ ...invitation, outdated: true }, "2026-12-21T09:00:00")).toBe("needs_action");
    expect(answerTo({ ...invitation, outdated: true }, "2026-12-14T09:00:00")).toBe("declined");
  });
});
