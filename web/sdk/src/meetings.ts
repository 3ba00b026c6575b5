import { snakeCased } from "./api-types.js";
import { Calendar } from "./calendar.js";
import { asParleyError } from "./errors.js";
import { idempotently, ifMatch, type HttpSession, type Versioned } from "./http-session.js";
import { Invitations } from "./invitations.js";
import type {
  AnyMeeting,
  Attendance,
  Ban,
  ChatLine,
  KeptNotes,
  ListedMeeting,
  Meeting,
  MeetingChange,
  MeetingListName,
  MeetingSearch,
  MeetingSession,
  MeetingSettings,
  Organisation,
  OrganisationChange,
  PollResult,
  ScheduleChange,
} from "./meeting-types.js";
import { MEETINGS, meetingPath } from "./meeting-paths.js";
import { Prepared } from "./prepared.js";
import { Series } from "./series.js";
import { queryOf } from "./query.js";
import type { Page } from "./statistics-types.js";

const PERSONAL = `${MEETINGS}/personal`;
const ORGANISATION = `${MEETINGS}/organisation`;

/** The meetings of who is logged in: planned, listed and run. What a version is given for fails with `precondition_failed` where somebody else was faster. */
export class Meetings {
  /** The address of one's calendar, how one is written to, and what is at the same time. */
  readonly calendar: Calendar;
  /** Who is invited, and what they answer. */
  readonly invitations: Invitations;
  /** What is prepared before a meeting. */
  readonly prepared: Prepared;
  /** Single times of a series. */
  readonly series: Series;
  readonly #http: HttpSession;

  constructor(http: HttpSession) {
    this.#http = http;
    this.calendar = new Calendar(http);
    this.invitations = new Invitations(http);
    this.prepared = new Prepared(http);
    this.series = new Series(http);
  }

  /** A page of one of one's lists. */
  async list(
    list: MeetingListName,
    search: MeetingSearch & { readonly limit?: number } = {},
    cursor?: string,
  ): Promise<Page<ListedMeeting>> {
    const entries = Object.entries({ list, ...search, cursor }).filter(([, value]) => value !== undefined);
    const query = new URLSearchParams(entries.map(([name, value]) => [name, String(value)]));
    return (await this.#http.call("GET", `${MEETINGS}?${query.toString()}`)) as Page<ListedMeeting>;
  }

  /**
   * Makes a meeting: for now, or with a schedule. What is left out of the settings is as the organisation has it.
   *
   * @param requestKey Names the request: sent again with it, within a day, it gives the same meeting.
   */
  async create(
    input: {
      title: string;
      description?: string;
      settings?: Partial<MeetingSettings>;
      schedule?: ScheduleChange;
    },
    requestKey?: string,
  ): Promise<Meeting> {
    return (await this.#http.callVersioned<Meeting>("POST", MEETINGS, snakeCased(input), idempotently(requestKey))).value;
  }

  /** Changes a meeting; what is left out stays as it is, null takes away. `version` as it was read. */
  async change(id: string, change: MeetingChange, version?: string | null): Promise<Versioned<Meeting>> {
    return this.#http.callVersioned("PATCH", meetingPath(id), snakeCased(change), ifMatch(version));
  }

  /** It does not take place: its room closes, and nobody can join. */
  async cancel(id: string, version?: string | null): Promise<Versioned<Meeting>> {
    return this.#http.callVersioned("POST", `${meetingPath(id)}/cancel`, undefined, ifMatch(version));
  }

  /** Ends the present session for all. */
  async end(id: string): Promise<Meeting> {
    return (await this.#http.call("POST", `${meetingPath(id)}/end`)) as Meeting;
  }

  /**
   * Gives it to somebody with an account who is invited or was in one of its last two sessions. Who hosted it is a co-host then.
   *
   * @param name How they are called, where that is not known.
   */
  async transfer(id: string, userId: string, name?: string): Promise<Meeting> {
    return (await this.#http.call("POST", `${meetingPath(id)}/transfer`, snakeCased({ userId, name }))) as Meeting;
  }

  /** Who may not come back. A page may have fewer than fit, even none. For those who run the meeting. */
  async bans(id: string, cursor?: string, limit = 20): Promise<Page<Ban>> {
    return (await this.#http.call("GET", `${meetingPath(id)}/bans${queryOf({ limit: `${limit}`, cursor })}`)) as Page<Ban>;
  }

  /** They may come back, also to the live room. */
  async liftBan(id: string, identity: string): Promise<void> {
    await this.#http.call("DELETE", `${meetingPath(id)}/bans/${encodeURIComponent(identity)}`);
  }

  /**
   * With what is kept of it; not while somebody is in it (`conflict`).
   *
   * @param recordings What becomes of its recordings. Without a word on them, a meeting that has some stays (`conflict`).
   */
  async delete(id: string, version?: string | null, recordings?: "delete" | "keep"): Promise<void> {
    const query = recordings === undefined ? "" : queryOf({ recordings });
    await this.#http.callVersioned("DELETE", meetingPath(id) + query, undefined, ifMatch(version));
  }

  /** As much of a meeting as one may know, with its version for those who run it. */
  async read(id: string): Promise<Versioned<AnyMeeting>> {
    return this.#http.callVersioned("GET", meetingPath(id));
  }

  /** The times that people met, the latest first. For those who run it. */
  async sessions(id: string, cursor?: string, limit = 20): Promise<Page<MeetingSession>> {
    return (await this.#http.call("GET", `${meetingPath(id)}/sessions${queryOf({ limit: `${limit}`, cursor })}`)) as Page<MeetingSession>;
  }

  /** Who was there in a session. For those who run the meeting. */
  async attendance(id: string, session: number, cursor?: string): Promise<Page<Attendance>> {
    return (await this.#http.call("GET", `${sessionPath(id, session)}/attendance${pageQuery(cursor)}`)) as Page<Attendance>;
  }

  /** The same as a table (RFC 4180). */
  attendanceTable(id: string, session: number): Promise<Blob> {
    return this.#http.download(`${sessionPath(id, session)}/attendance.csv`);
  }

  /** What was written in a session, as far as it was for who asks. A page may have fewer lines than fit, even none. */
  async chat(id: string, session: number, cursor?: string): Promise<Page<ChatLine>> {
    return (await this.#http.call("GET", `${sessionPath(id, session)}/chat${pageQuery(cursor)}`)) as Page<ChatLine>;
  }

  /** The polls of a session, and how they came out. */
  async polls(id: string, session: number): Promise<readonly PollResult[]> {
    const { items } = (await this.#http.call("GET", `${sessionPath(id, session)}/polls`)) as { items: PollResult[] };
    return items;
  }

  /** The shared notes of a session. */
  async notes(id: string, session: number): Promise<KeptNotes> {
    return (await this.#http.call("GET", `${sessionPath(id, session)}/notes`)) as KeptNotes;
  }

  /** The same, as a text to keep. */
  notesText(id: string, session: number): Promise<Blob> {
    return this.#http.download(`${sessionPath(id, session)}/notes.txt`);
  }

  /** What new meetings are like. */
  async organisation(): Promise<Versioned<Organisation>> {
    return this.#http.callVersioned("GET", ORGANISATION);
  }

  /** For administrators. */
  async setOrganisation(wanted: OrganisationChange, version?: string | null): Promise<Versioned<Organisation>> {
    return this.#http.callVersioned("PUT", ORGANISATION, snakeCased(wanted), ifMatch(version));
  }

  /** One's personal room; null: it was not made yet. */
  async personal(): Promise<Meeting | null> {
    try {
      return (await this.#http.call("GET", PERSONAL)) as Meeting;
    } catch (thrown) {
      if (asParleyError(thrown).code === "meeting_not_found") return null;
      throw thrown;
    }
  }

  /** One's personal room, made if there is none yet. */
  async makePersonal(title?: string): Promise<Meeting> {
    return (await this.#http.call("PUT", PERSONAL, snakeCased({ title }))) as Meeting;
  }

  /** Gives one's personal room another link; the former one opens nothing any more. */
  async renewPersonal(): Promise<Meeting> {
    return (await this.#http.call("POST", `${PERSONAL}/renew`)) as Meeting;
  }
}

function sessionPath(id: string, session: number): string {
  return `${meetingPath(id)}/sessions/${session}`;
}

function pageQuery(cursor: string | undefined): string {
  return `?limit=100${cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`}`;
}
