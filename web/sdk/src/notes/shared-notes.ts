import { asParleyError } from "../errors.js";
import type { NotesState } from "../room-state.js";
import type { EditNotes, NotesEditedEvent, NotesSnapshot } from "../wire.js";
import { between, changed, composed, divided, putInFirst, transformed, type TextChange } from "./text-change.js";

/** Edits that follow each other go together, milliseconds: also so that none is refused for coming too fast. */
const TOGETHER_MS = 400;
/** What was not done for a reason that passes is tried again so much later, milliseconds. */
const AGAIN_MS = 1_000;
/** As many parts as a gateway takes in one edit: `MAX_CHANGE_PARTS` in `contracts/notes.py`. */
const MOST_PARTS = 32;
/** As many characters as a gateway takes in one edit: `MAX_PUT_IN` there. */
const MOST_PUT_IN = 4_000;
/** As many as shared notes have at the most. */
export const MOST_NOTES_CHARACTERS = 30_000;
/** These do not pass: what was written is taken back. */
const REFUSALS = new Set(["permission_denied", "validation_failed", "notes_full"]);
/** A gateway takes no control characters but tabs and line feeds, and a text area has no carriage returns. */
// eslint-disable-next-line no-control-regex
const UNWRITABLE = /[\u0000-\u0008\u000b-\u001f\u007f]/g;
/** Half a character, which is none. */
const LONE_SURROGATE = /[\ud800-\udfff]/gu;

export interface NotesHandlers {
  readonly send: (command: EditNotes) => Promise<unknown>;
  readonly onChange: () => void;
}

/**
 * The shared notes, as one writes in them: what one writes is shown at once, and sent a moment later as an edit of the text that the gateway
 * has told. One edit is on its way at a time; what others write meanwhile is put into the text around it.
 */
export class SharedNotes {
  readonly #handlers: NotesHandlers;
  /** As the gateway has told it. */
  #told = "";
  #revision = 0;
  /** An edit of `#told`. */
  #onItsWay: { readonly id: string; readonly change: TextChange } | null = null;
  #isAsked = false;
  /** An edit of what comes of `#told` and the one on its way. */
  #unsent: TextChange = [];
  #takenBack = "";
  #state: NotesState = { text: "", isSaved: true, refusal: null, takenBack: "" };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(handlers: NotesHandlers) {
    this.#handlers = handlers;
  }

  get state(): NotesState {
    return this.#state;
  }

  /**
   * Says what one has made of `before`, the present text unless told. The others see what has changed, and what they have written since
   * `before` stays. What makes the notes longer than they may be is not sent, and taken back at once.
   */
  write(text: string, before = this.#state.text): void {
    const written = text.replaceAll("\r\n", "\n").replaceAll(UNWRITABLE, "").replaceAll(LONE_SURROGATE, "\ufffd");
    const change = transformed(between(before, this.#state.text), between(before, written))[1];
    if (change.length === 0) return;
    const length = Array.from(changed(this.#state.text, change)).length;
    if (length > MOST_NOTES_CHARACTERS && length > Array.from(this.#state.text).length) {
      this.#takeBack(change);
      this.#show("notes_full");
      return;
    }
    this.#unsent = composed(this.#unsent, change);
    this.#show();
    this.#schedule(TOGETHER_MS);
  }

  /** Forgets what was taken back. */
  dismiss(): void {
    this.#takenBack = "";
    this.#show();
  }

  /** The notes as they are now, all at once: on coming in, and on coming back. */
  restart({ text, revision, my_edit: stands }: NotesSnapshot): void {
    const own = this.#onItsWay;
    if (own !== null && own.id === stands) {
      this.#told = changed(this.#told, own.change);
      this.#onItsWay = null;
    }
    this.#rebase(between(this.#told, text));
    this.#told = text;
    this.#revision = revision;
    this.#isAsked = false;
    this.#show();
    this.#schedule(0);
  }

  /** The next edit, by whomever. */
  hear(event: NotesEditedEvent, isOwn: boolean): void {
    if (event.revision <= this.#revision) return;
    const own = this.#onItsWay;
    if (isOwn && own?.id === event.edit_id) {
      const expected = changed(this.#told, own.change);
      this.#told = changed(this.#told, event.change);
      this.#onItsWay = null;
      this.#isAsked = false;
      // The same, unless one has missed edits and could only guess what they were.
      this.#rebase(between(expected, this.#told));
    } else {
      this.#rebase(event.change);
      this.#told = changed(this.#told, event.change);
    }
    this.#revision = event.revision;
    this.#show();
    this.#schedule(TOGETHER_MS);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** Makes what is not told yet one of the text after `change`, which is one of `#told`. */
  #rebase(change: TextChange): void {
    let others = change;
    if (this.#onItsWay !== null) {
      const [after, own] = transformed(others, this.#onItsWay.change);
      this.#onItsWay = { ...this.#onItsWay, change: own };
      others = after;
    }
    this.#unsent = transformed(others, this.#unsent)[1];
  }

  #show(refusal: string | null = null): void {
    const sent = this.#onItsWay === null ? this.#told : changed(this.#told, this.#onItsWay.change);
    const isSaved = this.#onItsWay === null && this.#unsent.length === 0;
    this.#state = { text: changed(sent, this.#unsent), isSaved, refusal, takenBack: this.#takenBack };
    this.#handlers.onChange();
  }

  #takeBack(change: TextChange): void {
    const texts = change.filter((part) => typeof part === "string");
    this.#takenBack = [this.#takenBack, ...texts].filter((text) => text !== "").join("\n");
  }

  #schedule(delayMs: number): void {
    if (this.#isClosed || this.#timer !== undefined || this.#isAsked) return;
    if (this.#onItsWay === null && this.#unsent.length === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#send();
    }, delayMs);
  }

  async #send(): Promise<void> {
    // Others may have made idle what is to be sent again.
    if (this.#onItsWay?.change.length === 0) this.#onItsWay = null;
    if (this.#onItsWay === null && this.#unsent.length > 0) {
      const [change, rest] = divided(this.#unsent, MOST_PARTS, MOST_PUT_IN);
      this.#onItsWay = { id: crypto.randomUUID(), change };
      this.#unsent = rest;
    }
    if (this.#onItsWay === null) {
      this.#show();
      return;
    }
    if (this.#onItsWay.change.length > MOST_PARTS) this.#onItsWay = this.#withFewerParts(this.#onItsWay);
    const { id, change } = this.#onItsWay;
    this.#isAsked = true;
    try {
      await this.#handlers.send({ edit_id: id, revision: this.#revision, change });
    } catch (thrown) {
      this.#failed(id, asParleyError(thrown).code);
    }
  }

  /**
   * An edit that others have written into. It may stand already: what it puts in stays in it, or would be there twice. What is taken out
   * twice is gone once.
   */
  #withFewerParts(own: { readonly id: string; readonly change: TextChange }): { readonly id: string; readonly change: TextChange } {
    const [putIn, takenOut] = putInFirst(own.change);
    const [change, rest] = putIn.length > 0 ? [putIn, takenOut] : divided(own.change, MOST_PARTS, MOST_PUT_IN);
    this.#unsent = composed(rest, this.#unsent);
    return { id: own.id, change };
  }

  #failed(id: string, code: string): void {
    // It may have been heard of before.
    if (this.#onItsWay?.id !== id) return;
    this.#isAsked = false;
    if (!REFUSALS.has(code)) {
      this.#schedule(AGAIN_MS);
      return;
    }
    this.#takeBack(composed(this.#onItsWay.change, this.#unsent));
    this.#onItsWay = null;
    this.#unsent = [];
    this.#show(code);
  }
}
