/**
 * Who has which keys, in one stay in an encrypted meeting (docs/e2ee.md).
 *
 * Whoever comes says `hello` with a public key. Everybody else ratchets their own sender's key forward, so that the newcomer cannot read what
 * was before, and tells it the result; the newcomer tells theirs. When somebody leaves, everybody takes a fresh key and tells it to all who
 * stay; it is used a moment later, when they have it. All of it goes through the gateway as application data, authenticated by the meeting's
 * secret and readable for one receiver each.
 */
import { fromBase64Url, toBase64Url } from "./meeting-secret.js";
import type { KeyAgreement } from "./key-agreement.js";
import { freshKey, ratcheted, type SenderKey } from "./sender-keys.js";

export const KEY_TOPIC = "parley-e2ee";
/** A fresh key is used after so long: until then it has come to everybody, milliseconds. */
const OVERLAP_MS = 1_000;
/** Those who leave, or wait for our key, within so long are seen to together, milliseconds. */
const GATHER_MS = 200;
/** After a message that could not be sent, milliseconds. */
const RETRY_MS = 2_000;
/** Wrapped keys in one message: with more it would be longer than a gateway takes. */
const KEYS_PER_MESSAGE = 30;

export interface KeyExchangeHandlers {
  /** Sends a message to some participants by the gateway. */
  readonly send: (text: string, to: readonly string[]) => Promise<unknown>;
  /** What we send is to be encrypted by this key from now on. */
  readonly onOwnKey: (key: SenderKey) => void;
  readonly onKey: (participantId: string, key: SenderKey) => void;
  readonly onGone: (participantId: string) => void;
  /** Whose keys we have has changed, or the verification code has. */
  readonly onChange: () => void;
}

type Message =
  | { readonly type: "hello"; readonly publicKey: string }
  | { readonly type: "keys"; readonly publicKey: string; readonly id: number; readonly wrapped: Readonly<Record<string, string>> };

interface Peer {
  readonly publicKey: Uint8Array<ArrayBuffer>;
  hasTheirKey: boolean;
  /** The id of the key of ours that they were told last. */
  told: number | null;
}

export class KeyExchange {
  readonly #agreement: KeyAgreement;
  readonly #handlers: KeyExchangeHandlers;
  readonly #peers = new Map<string, Peer>();
  #others: ReadonlySet<string> = new Set();
  #selfId: string | null = null;
  #key: SenderKey = freshKey(null);
  #usedId = this.#key.id;
  #code: string | null = null;
  /** What happens is seen to in its order, one after the other. */
  #last: Promise<void> = Promise.resolve();
  #overlap: ReturnType<typeof setTimeout> | undefined;
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  readonly #unsent = new Map<Message["type"], () => Promise<void>>();
  #hasLeavers = false;
  #isClosed = false;

  constructor(agreement: KeyAgreement, handlers: KeyExchangeHandlers) {
    this.#agreement = agreement;
    this.#handlers = handlers;
    handlers.onOwnKey(this.#key);
  }

  /** Digits for people to compare; null before anybody else's key is known. */
  get code(): string | null {
    return this.#code;
  }

  /** The id of the key by which we encrypt. */
  get keyId(): number {
    return this.#usedId;
  }

  /** Whether we have a participant's key, from somebody who has the meeting's secret. */
  hasKeyOf(participantId: string): boolean {
    return participantId === this.#selfId || this.#peers.get(participantId)?.hasTheirKey === true;
  }

  /** Who is in the meeting, by id; `selfId` among them or not. */
  follow(selfId: string, participantIds: Iterable<string>): void {
    const others = new Set(participantIds);
    others.delete(selfId);
    const isNew = selfId !== this.#selfId;
    const gone = [...this.#others].filter((id) => !others.has(id));
    this.#selfId = selfId;
    this.#others = others;
    if (isNew) {
      this.#then(() => this.#forgetAll());
      this.#thenSend("hello", () => this.#hello(selfId));
    }
    if (gone.length > 0) this.#then(() => this.#left(gone));
  }

  /** Messages to us may have been missed: whoever hears our hello again tells their key again. */
  again(): void {
    const selfId = this.#selfId;
    if (selfId !== null) this.#thenSend("hello", () => this.#hello(selfId));
  }

  /** A message that a participant, as the gateway says, has sent. */
  receive(from: string, text: string): void {
    this.#then(() => this.#receive(from, text));
  }

  /** Resolves when everything up to now has been seen to. */
  settled(): Promise<void> {
    return this.#last;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#overlap);
    clearTimeout(this.#gathering);
    clearTimeout(this.#retry);
  }

  #then(work: () => Promise<void>): void {
    this.#last = this.#last.then(async () => {
      if (!this.#isClosed) await work().catch(() => undefined);
    });
  }

  /** As `#then`; tried again while the gateway cannot be reached: of each kind of message the newest, which says all. */
  #thenSend(kind: Message["type"], work: () => Promise<void>): void {
    this.#unsent.delete(kind);
    this.#then(() =>
      work().catch(() => {
        this.#unsent.set(kind, work);
        this.#retry ??= setTimeout(() => {
          this.#sendAgain();
        }, RETRY_MS);
      }),
    );
  }

  #sendAgain(): void {
    this.#retry = undefined;
    for (const [kind, work] of [...this.#unsent]) this.#thenSend(kind, work);
  }

  async #forgetAll(): Promise<void> {
    for (const id of [...this.#peers.keys()]) this.#forget(id);
    await this.#updateCode();
  }

  async #hello(selfId: string): Promise<void> {
    await this.#send(selfId, { type: "hello", publicKey: toBase64Url(this.#agreement.publicKey) }, [...this.#others]);
  }

  async #receive(from: string, text: string): Promise<void> {
    const selfId = this.#selfId;
    const message = selfId === null || !this.#others.has(from) ? null : await this.#read(from, text);
    const publicKey = message === null ? null : fromBase64Url(message.publicKey);
    if (selfId === null || message === null || publicKey === null) return;
    const peer = await this.#meet(from, publicKey, message.type === "hello");
    if (message.type === "keys") {
      const wrapped = fromBase64Url(message.wrapped[selfId] ?? "");
      const key = wrapped === null ? null : await this.#agreement.unwrap(wrapped, message.id, from, selfId, publicKey);
      if (key !== null) {
        this.#handlers.onKey(from, key);
        peer.hasTheirKey = true;
        this.#handlers.onChange();
      }
    }
    if (peer.told !== this.#key.id) this.#gather();
  }

  /** Somebody's public key: a new one means that they are new, even under a known id. */
  async #meet(from: string, publicKey: Uint8Array<ArrayBuffer>, isHello: boolean): Promise<Peer> {
    const known = this.#peers.get(from);
    if (known?.publicKey.every((byte, at) => byte === publicKey[at]) === true) {
      if (isHello) known.told = null;
      return known;
    }
    // Who was here before we said hello may read what we have sent so far: nobody else has, yet.
    if (isHello) await this.#advance();
    const peer: Peer = { publicKey, hasTheirKey: false, told: null };
    this.#peers.set(from, peer);
    await this.#updateCode();
    return peer;
  }

  /** Our key one step on: for those who have it without a word, for nobody else. */
  async #advance(): Promise<void> {
    const next = await ratcheted(this.#key);
    if (next === null) {
      this.#renew();
      return;
    }
    const before = this.#key.id;
    this.#key = next;
    for (const peer of this.#peers.values()) if (peer.told === before) peer.told = next.id;
    if (this.#overlap === undefined) this.#use();
  }

  #renew(): void {
    this.#key = freshKey(this.#key);
    clearTimeout(this.#overlap);
    this.#overlap = setTimeout(() => {
      this.#overlap = undefined;
      this.#use();
    }, OVERLAP_MS);
    this.#gather();
  }

  #use(): void {
    this.#usedId = this.#key.id;
    this.#handlers.onOwnKey(this.#key);
    this.#handlers.onChange();
  }

  async #left(gone: readonly string[]): Promise<void> {
    for (const id of gone) this.#forget(id);
    await this.#updateCode();
    this.#hasLeavers = true;
    this.#gather();
  }

  #forget(participantId: string): void {
    this.#peers.delete(participantId);
    this.#handlers.onGone(participantId);
  }

  #gather(): void {
    if (this.#gathering !== undefined || this.#isClosed) return;
    this.#gathering = setTimeout(() => {
      this.#gathering = undefined;
      this.#thenSend("keys", () => this.#tell());
    }, GATHER_MS);
  }

  /** Tells our key to all who do not have it: a fresh one, if somebody has left. */
  async #tell(): Promise<void> {
    if (this.#hasLeavers) {
      this.#hasLeavers = false;
      this.#renew();
    }
    const selfId = this.#selfId;
    const key = this.#key;
    const waiting = [...this.#peers].filter(([, peer]) => peer.told !== key.id);
    for (let from = 0; selfId !== null && from < waiting.length; from += KEYS_PER_MESSAGE) {
      const some = waiting.slice(from, from + KEYS_PER_MESSAGE);
      const wrapped: Record<string, string> = {};
      for (const [id, { publicKey }] of some) {
        wrapped[id] = toBase64Url(await this.#agreement.wrap(key, selfId, id, publicKey));
      }
      const publicKey = toBase64Url(this.#agreement.publicKey);
      await this.#send(selfId, { type: "keys", publicKey, id: key.id, wrapped }, Object.keys(wrapped));
      for (const [, peer] of some) peer.told = key.id;
    }
  }

  async #send(from: string, message: Message, to: readonly string[]): Promise<void> {
    const body = JSON.stringify(message);
    const text = JSON.stringify({ body, mac: toBase64Url(await this.#agreement.sign(from, body)) });
    for (let place = 0; place < to.length; place += MOST_RECEIVERS) {
      await this.#handlers.send(text, to.slice(place, place + MOST_RECEIVERS));
    }
  }

  async #read(from: string, text: string): Promise<Message | null> {
    try {
      const { body, mac } = JSON.parse(text) as { body: unknown; mac: unknown };
      const bytes = typeof mac === "string" ? fromBase64Url(mac) : null;
      if (typeof body !== "string" || bytes === null || !(await this.#agreement.verify(from, body, bytes))) return null;
      // Whoever could sign it has the meeting's secret and writes what we write; of another shape it is from a later release.
      const message = JSON.parse(body) as Partial<Message>;
      return message.type === "hello" || message.type === "keys" ? (message as Message) : null;
    } catch {
      return null;
    }
  }

  async #updateCode(): Promise<void> {
    const known = new Map([...this.#peers].map(([id, { publicKey }]) => [id, publicKey]));
    const selfId = this.#selfId;
    if (selfId === null || known.size === 0) this.#code = null;
    else this.#code = await this.#agreement.code(known.set(selfId, this.#agreement.publicKey));
    this.#handlers.onChange();
  }
}

/** As many as a gateway sends application data to at once. */
const MOST_RECEIVERS = 100;
