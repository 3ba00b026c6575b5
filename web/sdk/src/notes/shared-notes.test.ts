import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ParleyError } from "../errors.js";
import type { EditNotes, NotesEditedEvent } from "../wire.js";
import { SharedNotes } from "./shared-notes.js";
import { changed, transformed, type TextChange } from "./text-change.js";

/** A room as `signaling_gateway/domain/notes.py` has it. */
class Gateway {
  text = "";
  readonly edits: TextChange[] = [];

  take(edit: EditNotes, author = "p_1"): NotesEditedEvent {
    let { change } = edit;
    for (const earlier of this.edits.slice(edit.revision)) change = transformed(earlier, change)[1];
    this.text = changed(this.text, change);
    this.edits.push(change);
    const revision = this.edits.length;
    return { type: "notes_edited", version: revision, at: 0, participant_id: author, edit_id: edit.edit_id, change, revision };
  }

  /** What somebody else writes, who knows all that there is. */
  other(...change: TextChange): NotesEditedEvent {
    return this.take({ edit_id: `other ${String(this.edits.length)}`, revision: this.edits.length, change }, "p_2");
  }
}

describe("SharedNotes", () => {
  let gateway: Gateway;
  let notes: SharedNotes;
  let sent: EditNotes[];
  /** What the gateway says to an edit. */
  let refusal: string | null;

  beforeEach(() => {
    vi.useFakeTimers();
    gateway = new Gateway();
    sent = [];
    refusal = null;
    notes = new SharedNotes({
      send: (edit) => {
        sent.push(edit);
        return refusal === null ? Promise.resolve({}) : Promise.reject(new ParleyError(refusal, "No."));
      },
      onChange: () => undefined,
    });
    notes.restart({ text: "", revision: 0, my_edit: null });
  });

  afterEach(() => {
    notes.close();
    vi.useRealTimers();
  });

  const later = () => vi.advanceTimersByTimeAsync(2000);
  /** The last edit that was sent arrives, and everybody hears of it. */
  const arrive = () => {
    const edit = sent.at(-1);
    if (edit !== undefined) notes.hear(gateway.take(edit), true);
  };

  it("shows what one writes at once, and sends it together a moment later", async () => {
    notes.write("H");
    notes.write("Hi");
    expect(notes.state).toEqual({ text: "Hi", isSaved: false, refusal: null });
    expect(sent).toEqual([]);
    await later();
    expect(sent.map(({ change }) => change)).toEqual([["Hi"]]);
    arrive();
    expect(notes.state).toEqual({ text: "Hi", isSaved: true, refusal: null });
  });

  it("has one edit on its way, and puts what others write around it and what follows it", async () => {
    notes.write("one\n");
    await later();
    notes.write("one\nthree\n");
    notes.hear(gateway.other("zero\n"), false);
    expect(notes.state.text).toBe("zero\none\nthree\n");
    await later();
    expect(sent).toHaveLength(1);
    arrive();
    notes.hear(gateway.other(9, "two\n"), false);
    await later();
    arrive();
    expect(sent).toHaveLength(2);
    expect(notes.state).toEqual({ text: gateway.text, isSaved: true, refusal: null });
    expect(gateway.text.split("\n").toSorted()).toEqual(["", "one", "three", "two", "zero"]);
  });

  it("takes back what is refused for good, and says why until one writes again", async () => {
    notes.hear(gateway.other("theirs"), false);
    refusal = "permission_denied";
    notes.write("theirs and mine");
    await later();
    expect(notes.state).toEqual({ text: "theirs", isSaved: true, refusal: "permission_denied" });
    notes.write("theirs!");
    expect(notes.state.refusal).toBeNull();
  });

  it("sends again, as the same edit, what failed for a reason that passes", async () => {
    refusal = "network";
    notes.write("mine");
    await later();
    notes.hear(gateway.other("theirs "), false);
    refusal = null;
    await later();
    expect(new Set(sent.map(({ edit_id: id }) => id)).size).toBe(1);
    expect(sent.at(-1)).toMatchObject({ revision: 1 });
    arrive();
    expect(notes.state).toEqual({ text: gateway.text, isSaved: true, refusal: null });
    expect(gateway.text).toBe("theirs mine");
  });

  it("does not write twice what stood when the connection was lost", async () => {
    notes.write("mine");
    await later();
    notes.write("mine too");
    const [edit] = sent;
    if (edit !== undefined) gateway.take(edit);
    gateway.other(4, "!");
    notes.restart({ text: gateway.text, revision: 2, my_edit: edit?.edit_id ?? null });
    expect(notes.state.text).toBe("mine! too");
    await later();
    arrive();
    expect(gateway.text).toBe("mine! too");
    expect(notes.state.isSaved).toBe(true);
  });

  it("keeps what did not arrive before the connection was lost, in the text that it comes back to", async () => {
    refusal = "network";
    notes.write("mine");
    await later();
    gateway.other("theirs\n");
    refusal = null;
    notes.restart({ text: gateway.text, revision: 1, my_edit: null });
    expect(notes.state.text).toBe("theirs\nmine");
    await later();
    arrive();
    expect(gateway.text).toBe("theirs\nmine");
    expect(notes.state).toMatchObject({ text: gateway.text, isSaved: true });
  });

  it("takes what one has made of a text that is not the present one any more", () => {
    notes.hear(gateway.other("one"), false);
    const before = notes.state.text;
    notes.hear(gateway.other("zero "), false);
    notes.write("one two", before);
    expect(notes.state.text).toBe("zero one two");
  });

  it("writes nothing that a gateway refuses", () => {
    notes.write("a\r\nb\u0000\ud800");
    expect(notes.state.text).toBe("a\nb\ufffd");
  });

  it("forgets what others have made idle", async () => {
    notes.hear(gateway.other("word"), false);
    notes.write("");
    notes.hear(gateway.other(-4), false);
    await later();
    expect(sent).toEqual([]);
    expect(notes.state).toEqual({ text: "", isSaved: true, refusal: null });
  });

  it("says in one piece what has too many parts to be sent", async () => {
    notes.hear(gateway.other("ab".repeat(300)), false);
    for (let count = 1; count <= 300; count += 1) notes.write("aXb".repeat(count) + "ab".repeat(300 - count));
    await later();
    expect(sent[0]?.change.length).toBeLessThanOrEqual(200);
    arrive();
    expect(gateway.text).toBe("aXb".repeat(300));
  });
});
