import { snakeCased } from "./api-types.js";
import type { HttpSession } from "./http-session.js";
import type { CalendarFeed, Conflicts, MailPreferences, Schedule } from "./meeting-types.js";
import { MEETINGS } from "./meeting-paths.js";

const FEED = `${MEETINGS}/calendar`;
const PREFERENCES = `${MEETINGS}/preferences`;

/** One's meetings in calendar programs, and in mails. */
export class Calendar {
  readonly #http: HttpSession;

  constructor(http: HttpSession) {
    this.#http = http;
  }

  /** The address that programs subscribe to. */
  async feed(): Promise<CalendarFeed> {
    return (await this.#http.call("GET", FEED)) as CalendarFeed;
  }

  /** A new address; the former one opens nothing any more. */
  async makeFeed(): Promise<CalendarFeed> {
    return (await this.#http.call("POST", FEED)) as CalendarFeed;
  }

  /** Takes the address away. */
  async revokeFeed(): Promise<void> {
    await this.#http.call("DELETE", FEED);
  }

  /** How the meeting service's mails are written. */
  async preferences(): Promise<MailPreferences> {
    return (await this.#http.call("GET", PREFERENCES)) as MailPreferences;
  }

  async setPreferences(wanted: MailPreferences): Promise<MailPreferences> {
    return (await this.#http.call("PUT", PREFERENCES, snakeCased(wanted))) as MailPreferences;
  }

  /**
   * Which of one's own meetings are at the same time as what one plans: a hint, which hinders nothing.
   *
   * @param meetingId The meeting that is planned, if it is there already: it does not count.
   */
  async conflicts(schedule: Schedule, meetingId?: string): Promise<Conflicts> {
    return (await this.#http.call("POST", `${MEETINGS}/conflicts`, snakeCased({ schedule, meetingId }))) as Conflicts;
  }
}
