import { snakeCased } from "./api-types.js";
import { ifMatch, type HttpSession, type Versioned } from "./http-session.js";
import { meetingPath } from "./meeting-paths.js";
import type { Meeting, OccurrenceChange, SeriesOccurrence } from "./meeting-types.js";
import { queryOf } from "./query.js";
import type { Page } from "./statistics-types.js";

/** The times that a meeting takes place, one by one. */
export class Series {
  readonly #http: HttpSession;

  constructor(http: HttpSession) {
    this.#http = http;
  }

  /** Those that are not over yet, or end after a time (RFC 3339); cancelled ones among them. A `cursor` goes on where a page ended, and knows `after` when. For whoever has to do with the meeting. */
  async occurrences(
    meetingId: string,
    {
      after,
      cursor,
      limit = 20,
    }: { readonly after?: string | undefined; readonly cursor?: string | undefined; readonly limit?: number } = {},
  ): Promise<Page<SeriesOccurrence>> {
    const query = queryOf({ limit: String(limit), after, cursor });
    return (await this.#http.call("GET", `${meetingPath(meetingId)}/occurrences${query}`)) as Page<SeriesOccurrence>;
  }

  /**
   * Changes, cancels or brings back one of them, and tells the invited. What is left out stays, null is as the series has it.
   *
   * @param occurrence Its name: the original start in local time.
   */
  async change(
    meetingId: string,
    occurrence: string,
    change: OccurrenceChange,
    version?: string | null,
  ): Promise<Versioned<Meeting>> {
    const path = `${meetingPath(meetingId)}/occurrences/${encodeURIComponent(occurrence)}`;
    return this.#http.callVersioned("PATCH", path, snakeCased(change), ifMatch(version));
  }
}
