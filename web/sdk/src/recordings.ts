import { snakeCased } from "./api-types.js";
import { ifMatch, type HttpSession, type Versioned } from "./http-session.js";
import { queryOf } from "./query.js";
import type {
  Recording,
  RecordingAddress,
  RecordingListName,
  RecordingShare,
  RecordingWithFiles,
} from "./recording-types.js";
import type { Page } from "./statistics-types.js";

const RECORDINGS = "/v1/meetings/recordings";

/**
 * Recordings of meetings, the latest first. Who may not see one is told that there is none (`not_found`). A page may have fewer items
 * than fit, even none, and others follow until `nextCursor` is null.
 */
export class Recordings {
  readonly #http: HttpSession;

  constructor(http: HttpSession) {
    this.#http = http;
  }

  /** A page of one of one's lists. */
  async list(list: RecordingListName, cursor?: string, limit = 50): Promise<Page<Recording>> {
    return (await this.#http.call("GET", RECORDINGS + queryOf({ list, cursor, limit: `${limit}` }))) as Page<Recording>;
  }

  /** Those of a meeting, for those who run it; with `session` those of one time that people met. */
  async ofMeeting(meetingId: string, session?: number, cursor?: string, limit = 50): Promise<Page<Recording>> {
    const query = queryOf({ session: session === undefined ? undefined : `${session}`, cursor, limit: `${limit}` });
    return (await this.#http.call("GET", `/v1/meetings/${encodeURIComponent(meetingId)}/recordings${query}`)) as Page<Recording>;
  }

  async read(id: string): Promise<Versioned<RecordingWithFiles>> {
    return this.#http.callVersioned("GET", recordingPath(id));
  }

  /** An address at which one file can be had for some minutes. */
  async address(id: string, fileId: string): Promise<RecordingAddress> {
    const path = `${recordingPath(id)}/files/${encodeURIComponent(fileId)}/download`;
    return (await this.#http.call("POST", path)) as RecordingAddress;
  }

  /** @param version The one that was read: fails with `precondition_failed` where somebody else was faster. */
  async rename(id: string, title: string, version?: string | null): Promise<Versioned<Recording>> {
    return this.#http.callVersioned("PATCH", recordingPath(id), { title }, ifMatch(version));
  }

  /** With its files; not while it is being made (`conflict`). */
  async delete(id: string): Promise<void> {
    await this.#http.call("DELETE", recordingPath(id));
  }

  /** With whom it is shared. */
  async shares(id: string): Promise<readonly RecordingShare[]> {
    const { items } = (await this.#http.call("GET", `${recordingPath(id)}/shares`)) as { items: RecordingShare[] };
    return items;
  }

  /** By an account's id, or by an address, which will be its account's once that is proven. */
  async share(id: string, input: { userId: string; name?: string } | { address: string; name?: string }): Promise<RecordingShare> {
    return (await this.#http.call("POST", `${recordingPath(id)}/shares`, snakeCased(input))) as RecordingShare;
  }

  /** @param key The share's. */
  async unshare(id: string, key: string): Promise<void> {
    await this.#http.call("DELETE", `${recordingPath(id)}/shares/${encodeURIComponent(key)}`);
  }
}

function recordingPath(id: string): string {
  return `${RECORDINGS}/${encodeURIComponent(id)}`;
}
