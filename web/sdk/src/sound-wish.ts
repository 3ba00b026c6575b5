import { asParleyError } from "./errors.js";
import { persist } from "./persistence.js";
import type { SoundState } from "./room-state.js";

/** How sound is wanted; said again to a media node that does not know it. */
export class SoundWish {
  readonly #send: (form: SoundState["form"]) => Promise<unknown>;
  readonly #onRefused: (reason: NonNullable<SoundState["reason"]>) => void;
  #wanted: SoundState["form"] = "separate";
  #isClosed = false;

  /** `onRefused`: mixed sound that there was is not to be had where media has begun anew. */
  constructor(send: (form: SoundState["form"]) => Promise<unknown>, onRefused: (reason: NonNullable<SoundState["reason"]>) => void) {
    this.#send = send;
    this.#onRefused = onRefused;
  }

  async set(form: SoundState["form"]): Promise<void> {
    const before = this.#wanted;
    this.#wanted = form;
    try {
      await this.#send(form);
    } catch (thrown) {
      this.#wanted = before;
      throw thrown;
    }
  }

  /** The other side has forgotten. */
  again(): void {
    if (this.#wanted === "separate") return;
    const isWanted = () => !this.#isClosed && this.#wanted === "mixed";
    void persist(() => this.#send("mixed"), isWanted).catch((thrown: unknown) => {
      this.#wanted = "separate";
      this.#onRefused(asParleyError(thrown).code === "meeting_encrypted" ? "encrypted" : "no_mixer");
    });
  }

  close(): void {
    this.#isClosed = true;
  }
}
