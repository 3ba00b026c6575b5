/**
 * Changes of a text that several people write at once, as `contracts/text_changes.py` has them: a positive number keeps so many characters, a
 * negative one takes so many out, a string is put in, and what follows the last part stays. Characters are Unicode code points.
 */
export type Part = number | string;
export type TextChange = readonly Part[];

/** The text after a change that fits it. */
export function changed(text: string, change: TextChange): string {
  const characters = Array.from(text);
  const pieces: string[] = [];
  let place = 0;
  for (const part of change) {
    if (typeof part === "string") {
      pieces.push(part);
      continue;
    }
    const end = place + Math.abs(part);
    if (end > characters.length) throw new RangeError("The change goes beyond the end of the text.");
    if (part > 0) pieces.push(characters.slice(place, end).join(""));
    place = end;
  }
  return pieces.join("") + characters.slice(place).join("");
}

/** The change from one text to another, as if somebody had replaced one stretch of it; empty where they are the same. */
export function between(before: string, after: string): TextChange {
  const from = Array.from(before);
  const to = Array.from(after);
  const shorter = Math.min(from.length, to.length);
  let start = 0;
  while (start < shorter && from[start] === to[start]) start += 1;
  let end = 0;
  while (end < shorter - start && from[from.length - 1 - end] === to[to.length - 1 - end]) end += 1;
  return simplified([start, to.slice(start, to.length - end).join(""), -(from.length - end - start)]);
}

/** The same change with as few parts as it takes; what is put in stands before what is taken out beside it. */
export function simplified(parts: TextChange): TextChange {
  const made: Part[] = [];
  for (const part of parts) {
    if (part === 0 || part === "") continue;
    const last = made.at(-1);
    if (typeof part === "string") {
      const place = typeof last === "number" && last < 0 ? made.length - 1 : made.length;
      const before = made[place - 1];
      if (typeof before === "string") made[place - 1] = before + part;
      else made.splice(place, 0, part);
    } else if (typeof last === "number" && last > 0 === part > 0) {
      made[made.length - 1] = last + part;
    } else {
      made.push(part);
    }
  }
  const last = made.at(-1);
  if (typeof last === "number" && last > 0) made.pop();
  return made;
}

/**
 * Two changes of the same text, each as a change of what the other one has made: in either order they make the same text. Where both put
 * something in at the same place, that of the first comes first.
 */
export function transformed(first: TextChange, second: TextChange): readonly [first: TextChange, second: TextChange] {
  const ones = new Parts(first);
  const others = new Parts(second);
  const oneAfter: Part[] = [];
  const otherAfter: Part[] = [];
  while (ones.hasMore || others.hasMore) {
    const put = ones.takeText();
    if (put !== null) {
      oneAfter.push(put);
      otherAfter.push(Array.from(put).length);
      continue;
    }
    const otherPut = others.takeText();
    if (otherPut !== null) {
      oneAfter.push(Array.from(otherPut).length);
      otherAfter.push(otherPut);
      continue;
    }
    const length = Math.min(ones.length, others.length);
    const one = ones.take(length);
    const other = others.take(length);
    // What both take out is gone already, for either.
    if (other > 0) oneAfter.push(one);
    if (one > 0) otherAfter.push(other);
  }
  return [simplified(oneAfter), simplified(otherAfter)];
}

/** The one change that does what `first` does and then `second`, which is one of what `first` has made. */
export function composed(first: TextChange, second: TextChange): TextChange {
  const ones = new Parts(first);
  const others = new Parts(second);
  const made: Part[] = [];
  while (ones.hasMore || others.hasMore) {
    const put = others.takeText();
    if (put !== null) {
      made.push(put);
      continue;
    }
    const taken = ones.takeOut();
    if (taken !== null) {
      made.push(taken);
      continue;
    }
    // What the first puts in, the second keeps or takes out.
    const own = ones.takeText(others.length);
    if (own !== null) {
      if (others.take(Array.from(own).length) > 0) made.push(own);
      continue;
    }
    const length = Math.min(ones.length, others.length);
    ones.take(length);
    made.push(others.take(length));
  }
  return simplified(made);
}

/**
 * A change as two: a first one that has so many parts and puts in so many characters at the most, and what is left, one of what the first has
 * made. What is taken out comes first: so the text is at no moment longer than before it all or after it.
 */
export function divided(change: TextChange, mostParts: number, mostPutIn: number): readonly [first: TextChange, rest: TextChange] {
  const whole = simplified(change);
  const texts = whole.filter((part) => typeof part === "string");
  if (whole.length <= mostParts && Array.from(texts.join("")).length <= mostPutIn) return [whole, []];
  const takesOut = whole.some((part) => typeof part === "number" && part < 0);
  const first: Part[] = [];
  const rest: Part[] = [];
  let room = mostPutIn;
  let isFull = false;
  for (const part of whole) {
    isFull ||= simplified([...first, part]).length > mostParts;
    if (typeof part === "number") {
      if (!isFull) first.push(part);
      if (isFull || part > 0) rest.push(part);
      continue;
    }
    const characters = Array.from(part);
    const now = takesOut || isFull ? [] : characters.slice(0, room);
    const later = characters.slice(now.length);
    first.push(now.join(""));
    rest.push(now.length, later.join(""));
    room -= now.length;
    isFull ||= !takesOut && later.length > 0;
  }
  return [simplified(first), simplified(rest)];
}

/** A change as two: what it puts in, and what it takes out of what comes of that. */
export function putInFirst(change: TextChange): readonly [putIn: TextChange, takenOut: TextChange] {
  return [
    simplified(change.map((part) => (typeof part === "string" ? part : Math.abs(part)))),
    simplified(change.map((part) => (typeof part === "string" ? Array.from(part).length : part))),
  ];
}

/** What is left of a change; behind its last part all is kept, without end. */
class Parts {
  readonly #parts: Part[];

  constructor(change: TextChange) {
    this.#parts = simplified(change).toReversed();
  }

  get hasMore(): boolean {
    return this.#parts.length > 0;
  }

  /** Of the part at hand, which puts nothing in. */
  get length(): number {
    const part = this.#parts.at(-1);
    return typeof part === "number" ? Math.abs(part) : Infinity;
  }

  /** What is put in here, so many characters of it at the most; null: nothing is. */
  takeText(most = Infinity): string | null {
    const part = this.#parts.at(-1);
    if (typeof part !== "string") return null;
    this.#parts.pop();
    const characters = Array.from(part);
    if (characters.length <= most) return part;
    this.#parts.push(characters.slice(most).join(""));
    return characters.slice(0, most).join("");
  }

  /** What is taken out here, as a negative number; null: nothing is. */
  takeOut(): number | null {
    const part = this.#parts.at(-1);
    if (typeof part !== "number" || part > 0) return null;
    this.#parts.pop();
    return part;
  }

  /** So many characters of the part at hand, in which nothing is put in: kept if positive, otherwise taken out. */
  take(length: number): number {
    const part = this.#parts.pop();
    if (typeof part !== "number") return length;
    const taken = part > 0 ? length : -length;
    if (part !== taken) this.#parts.push(part - taken);
    return taken;
  }
}
