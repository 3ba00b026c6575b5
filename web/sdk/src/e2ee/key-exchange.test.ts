import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { KeyAgreement } from "./key-agreement.js";
import { KeyExchange } from "./key-exchange.js";
import { bytesOfSecret, newMeetingSecret } from "./meeting-secret.js";
import type { SenderKey } from "./sender-keys.js";

const MEETING = "abc-defg-hjk";

interface Sent {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
}

/** A meeting's gateway, with its people. */
class Meeting {
  readonly people = new Map<string, Person>();
  readonly sent: Sent[] = [];
  secret = newMeetingSecret();

  async join(id: string, secret = this.secret): Promise<Person> {
    const person = new Person(id, this, await KeyAgreement.create(MEETING, bytesOfSecret(secret)));
    this.people.set(id, person);
    this.tellWhoIsThere();
    await this.settled();
    return person;
  }

  async leave(id: string): Promise<void> {
    this.people.get(id)?.exchange.close();
    this.people.delete(id);
    this.tellWhoIsThere();
    await this.settled();
  }

  tellWhoIsThere(): void {
    for (const [id, { exchange }] of this.people) exchange.follow(id, this.people.keys());
  }

  /** Until nobody has anything to say: everything that waits is due after a moment. */
  async settled(): Promise<void> {
    for (let round = 0; round < 6; round++) {
      await vi.advanceTimersByTimeAsync(250);
      for (const { exchange } of this.people.values()) await exchange.settled();
    }
  }
}

class Person {
  readonly own: SenderKey[] = [];
  readonly known = new Map<string, SenderKey[]>();
  readonly exchange: KeyExchange;
  isOffline = false;

  constructor(
    readonly id: string,
    meeting: Meeting,
    agreement: KeyAgreement,
  ) {
    this.exchange = new KeyExchange(agreement, {
      send: (text, to) => {
        if (this.isOffline) return Promise.reject(new Error("offline"));
        meeting.sent.push({ from: id, to, text });
        for (const each of to) meeting.people.get(each)?.exchange.receive(id, text);
        return Promise.resolve();
      },
      onOwnKey: (key) => this.own.push(key),
      onKey: (from, key) => this.known.set(from, [...(this.known.get(from) ?? []), key]),
      onGone: (from) => this.known.delete(from),
      onChange: () => undefined,
    });
  }

  get key(): SenderKey {
    const key = this.own.at(-1);
    if (key === undefined) throw new Error("no key");
    return key;
  }

  latestOf(other: Person): SenderKey | undefined {
    return this.known.get(other.id)?.at(-1);
  }
}

describe("KeyExchange", () => {
  let meeting: Meeting;

  beforeEach(() => {
    vi.useFakeTimers();
    meeting = new Meeting();
  });
  afterEach(() => {
    for (const { exchange } of meeting.people.values()) exchange.close();
    vi.useRealTimers();
  });

  it("gives everybody everybody's key, and no secret to the gateway", async () => {
    const [ada, ben, cleo] = [await meeting.join("ada"), await meeting.join("ben"), await meeting.join("cleo")];
    expect(cleo.latestOf(ada)).toEqual(ada.key);
    expect(cleo.latestOf(ben)).toEqual(ben.key);
    expect(ben.latestOf(cleo)).toEqual(cleo.key);
    expect(ada.latestOf(cleo)).toEqual(cleo.key);
    for (const { exchange } of [ada, ben, cleo]) expect(["ada", "ben", "cleo"].every((id) => exchange.hasKeyOf(id))).toBe(true);
    const said = meeting.sent.map(({ text }) => text).join();
    expect(said).not.toContain(meeting.secret);
    for (const { own } of [ada, ben, cleo]) for (const { secret } of own) expect(said).not.toContain(btoa(String.fromCharCode(...secret)).slice(0, 20));
  });

  it("ratchets the keys of those who are there when somebody comes, without a word to each other", async () => {
    const [ada, ben] = [await meeting.join("ada"), await meeting.join("ben")];
    const before = ada.key;
    meeting.sent.length = 0;
    const cleo = await meeting.join("cleo");
    expect(ada.key.id).toBe(before.id + 1);
    expect(cleo.latestOf(ada)).toEqual(ada.key);
    expect(cleo.latestOf(ben)).toEqual(ben.key);
    expect(meeting.sent.filter(({ from, to }) => from !== "cleo" && to.some((id) => id !== "cleo"))).toEqual([]);
  });

  it("replaces all keys when somebody leaves, and uses them a moment later", async () => {
    const [ada, ben, cleo] = [await meeting.join("ada"), await meeting.join("ben"), await meeting.join("cleo")];
    const [before, knownToCleo] = [ada.key, cleo.known.get("ada")?.length];
    cleo.exchange.close();
    meeting.people.delete("cleo");
    meeting.tellWhoIsThere();
    // That somebody is gone has been seen to before the clock goes on: how long that takes, no clock here says.
    for (const { exchange } of [ada, ben]) await exchange.settled();
    await vi.advanceTimersByTimeAsync(300);
    await ada.exchange.settled();
    await ben.exchange.settled();
    expect(ben.latestOf(ada)?.id).toBe(((before.id >> 4) + 1) << 4);
    expect(ada.key).toBe(before);
    await meeting.settled();
    expect(ada.key).toEqual(ben.latestOf(ada));
    expect(ben.key).toEqual(ada.latestOf(ben));
    expect(cleo.known.get("ada")).toHaveLength(knownToCleo ?? 0);
    expect(meeting.sent.slice(-2).flatMap(({ text }) => text).join()).not.toContain('cleo');
    expect(ada.exchange.hasKeyOf("cleo")).toBe(false);
  });

  it("believes nobody who does not have the meeting's secret", async () => {
    const ada = await meeting.join("ada");
    const mallory = await meeting.join("mallory", newMeetingSecret());
    expect(ada.exchange.hasKeyOf("mallory")).toBe(false);
    expect(mallory.exchange.hasKeyOf("ada")).toBe(false);
    expect(meeting.sent.every(({ from }) => from === "mallory")).toBe(true);
  });

  it("lets no gateway pass off one person's messages as another's, or change them", async () => {
    const [ada, ben] = [await meeting.join("ada"), await meeting.join("ben")];
    const hello = meeting.sent.find(({ from }) => from === "ben");
    meeting.people.set("eve", new Person("eve", meeting, await KeyAgreement.create(MEETING, bytesOfSecret(newMeetingSecret()))));
    meeting.tellWhoIsThere();
    ada.exchange.receive("eve", hello?.text ?? "");
    ada.exchange.receive("ben", (hello?.text ?? "").replace("hello", "keys"));
    for (const text of ["", "{}", "null", "[]", '{"body":1,"mac":"x"}', '{"body":"{}","mac":"!"}']) ada.exchange.receive("ben", text);
    await meeting.settled();
    expect(ada.exchange.hasKeyOf("eve")).toBe(false);
    expect(ada.latestOf(ben)).toEqual(ben.key);
  });

  it("shows the same digits to all, and others when somebody else is among them", async () => {
    const [ada, ben] = [await meeting.join("ada"), await meeting.join("ben")];
    const two = ada.exchange.code;
    expect(two).toMatch(/^\d{5} \d{5} \d{5} \d{5}$/);
    expect(ben.exchange.code).toBe(two);
    const cleo = await meeting.join("cleo");
    expect(ada.exchange.code).not.toBe(two);
    expect(new Set([ada, ben, cleo].map(({ exchange }) => exchange.code)).size).toBe(1);
    await meeting.leave("cleo");
    expect(ada.exchange.code).toBe(two);
  });

  it("tells what could not be sent when the gateway is there again", async () => {
    const ada = await meeting.join("ada");
    ada.isOffline = true;
    const ben = await meeting.join("ben");
    expect(ben.exchange.hasKeyOf("ada")).toBe(false);
    ada.isOffline = false;
    await vi.advanceTimersByTimeAsync(2_000);
    await meeting.settled();
    expect(ben.latestOf(ada)).toEqual(ada.key);
  });

  it("tells each thing that could not be sent, though several could not", async () => {
    const ada = await meeting.join("ada");
    ada.isOffline = true;
    const cleo = await meeting.join("cleo");
    // Now a key waits for Cleo, and a hello for all.
    ada.exchange.again();
    await vi.advanceTimersByTimeAsync(300);
    meeting.sent.length = 0;
    ada.isOffline = false;
    await vi.advanceTimersByTimeAsync(2_000);
    await meeting.settled();
    expect(cleo.latestOf(ada)).toEqual(ada.key);
    expect(meeting.sent.some(({ from, text }) => from === "ada" && text.includes("hello"))).toBe(true);
  });

  it("takes a fresh key when all steps are used up", async () => {
    const ada = await meeting.join("ada");
    for (let count = 0; count < 17; count++) {
      const guest = await meeting.join(`guest${count}`);
      expect(guest.latestOf(ada)).toEqual(ada.key);
    }
    expect(ada.key.id >> 4).toBe(1);
    const known = meeting.people.get("guest0")?.latestOf(ada);
    expect((known?.id ?? 0) >> 4).toBe(1);
  });

  it("sends keys for many in several messages, none longer than a gateway takes", async () => {
    const ids = Array.from({ length: 70 }, (_, number) => `participant_with_a_long_id_${number}`);
    const agreements = await Promise.all(ids.map(() => KeyAgreement.create(MEETING, bytesOfSecret(meeting.secret))));
    agreements.forEach((agreement, at) => meeting.people.set(ids[at] ?? "", new Person(ids[at] ?? "", meeting, agreement)));
    const last = new Person("last", meeting, await KeyAgreement.create(MEETING, bytesOfSecret(meeting.secret)));
    // Each of them knows the last one alone: what they tell each other is not looked at.
    for (const [id, { exchange }] of meeting.people) exchange.follow(id, [id, "last"]);
    meeting.people.set("last", last);
    last.exchange.follow("last", meeting.people.keys());
    await meeting.settled();
    expect(last.known.size).toBe(70);
    expect(Math.max(...meeting.sent.map(({ text }) => text.length))).toBeLessThan(8 * 1024);
    expect(Math.max(...meeting.sent.map(({ to }) => to.length))).toBeLessThanOrEqual(100);
  });
});
