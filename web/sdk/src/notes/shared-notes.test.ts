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

  /** Edit after edit, until all is said; `first` happens when the first one has been sent, `after` with each that arrives. */
  const allArrives = async (first: () => void = () => undefined, after: () => void = () => undefined) => {
    for (let count = 0; !notes.state.isSaved && count < 40; count += 1) {
      const known = sent.length;
      await later();
      if (count === 0) first();
      if (sent.length > known || count === 0) arrive();
      after();
    }
  };

  it("shows what one writes at once, and sends it together a moment later", async () => {
    notes.write("H");
    notes.write("Hi");
    expect(notes.state).toEqual({ text: "Hi", isSaved: false, refusal: null, takenBack: "" });
    expect(sent).toEqual([]);
    await later();
    expect(sent.map(({ change }) => change)).toEqual([["Hi"]]);
    arrive();
    expect(notes.state).toEqual({ text: "Hi", isSaved: true, refusal: null, takenBack: "" });
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
    expect(notes.state).toEqual({ text: gateway.text, isSaved: true, refusal: null, takenBack: "" });
    expect(gateway.text.split("\n").toSorted()).toEqual(["", "one", "three", "two", "zero"]);
  });

  it("takes back what is refused for good, and says why until one writes again", async () => {
    notes.hear(gateway.other("theirs"), false);
    refusal = "permission_denied";
    notes.write("theirs and mine");
    await later();
    expect(notes.state).toEqual({ text: "theirs", isSaved: true, refusal: "permission_denied", takenBack: " and mine" });
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
    expect(notes.state).toEqual({ text: gateway.text, isSaved: true, refusal: null, takenBack: "" });
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
    expect(notes.state).toEqual({ text: "", isSaved: true, refusal: null, takenBack: "" });
  });

  it("says in several edits what has too many parts for one", async () => {
    notes.hear(gateway.other("ab".repeat(300)), false);
    for (let count = 1; count <= 300; count += 1) notes.write("aXb".repeat(count) + "ab".repeat(300 - count));
    const theirs = gateway.other(600, "!");
    await allArrives(() => {
      notes.hear(theirs, false);
    });
    expect(Math.max(...sent.map(({ change }) => change.length))).toBeLessThanOrEqual(32);
    expect(gateway.text).toBe(`${"aXb".repeat(300)}!`);
  });

  it("says a long text in several edits, in order, around what others write meanwhile", async () => {
    const long = Array.from({ length: 2_900 }, (_, number) => `${String(number).padStart(4, "0")} \u{1f600}\n`).join("");
    notes.hear(gateway.other("beforeold textafter"), false);
    notes.write(`before${long}after`);
    await allArrives(() => {
      notes.hear(gateway.other("zero "), false);
    });
    for (const { change } of sent) {
      const texts = change.filter((part) => typeof part === "string");
      expect(Array.from(texts.join("")).length).toBeLessThanOrEqual(4_000);
    }
    expect(new Set(sent.map(({ edit_id: id }) => id)).size).toBe(sent.length);
    expect(gateway.text).toBe(`zero before${long}after`);
  });

  it("neither loses nor doubles any of a long text whose connection is lost between its edits", async () => {
    const long = "0123456789".repeat(1_000);
    notes.write(long);
    await later();
    const [edit] = sent;
    if (edit !== undefined) gateway.take(edit);
    notes.restart({ text: gateway.text, revision: 1, my_edit: edit?.edit_id ?? null });
    await allArrives();
    expect(gateway.text).toBe(long);
  });

  it("makes no text too long on the way to one that fits", async () => {
    notes.hear(gateway.other("x".repeat(30_000)), false);
    notes.write("y".repeat(30_000));
    let longest = 0;
    await allArrives(() => undefined, () => {
      longest = Math.max(longest, gateway.text.length);
    });
    expect(longest).toBe(30_000);
    expect(gateway.text).toBe("y".repeat(30_000));
  });

  it("sends again what others have written into, in as few parts as a gateway takes, and doubles nothing", async () => {
    const long = "0123456789".repeat(50);
    for (const stood of [false, true]) {
      const before = gateway.text;
      notes.hear(gateway.other(-Array.from(before).length, long), false);
      refusal = "network";
      notes.write("new");
      await later();
      const [edit] = sent.slice(-1);
      // It arrived, and its answer did not; or it never did.
      const own = stood && edit !== undefined ? gateway.take(edit) : null;
      if (!stood) for (let place = 1; place < 40; place += 1) notes.hear(gateway.other(10 * place + place, "X"), false);
      if (own !== null) notes.hear(own, true);
      refusal = null;
      await allArrives();
      expect(sent.at(-1)?.change.length).toBeLessThanOrEqual(32);
      expect(gateway.text).toBe(stood ? "new" : `new${"X".repeat(39)}`);
    }
  });

  it("does not send what makes the notes too long, and keeps it to be copied", async () => {
    notes.hear(gateway.other("x".repeat(29_999)), false);
    notes.write(`${"x".repeat(29_999)}mine`);
    expect(notes.state).toEqual({ text: "x".repeat(29_999), isSaved: true, refusal: "notes_full", takenBack: "mine" });
    await later();
    expect(sent).toEqual([]);
    notes.write(`${"x".repeat(29_999)}\u{1f600}`);
    await later();
    arrive();
    expect(notes.state).toMatchObject({ text: gateway.text, refusal: null, takenBack: "mine" });
    notes.dismiss();
    expect(notes.state.takenBack).toBe("");
  });

  it("keeps what others left no room for, with what followed it, to be copied", async () => {
    refusal = "notes_full";
    notes.write("mine");
    vi.advanceTimersByTime(500);
    notes.write("mine and more");
    await later();
    notes.hear(gateway.other("theirs"), false);
    expect(notes.state).toMatchObject({ text: "theirs", isSaved: true, takenBack: "mine and more" });
  });
});
