/** Meetings, as the HTTP API tells of them (`docs/http-api.md`), in the SDK's camel case. */
import type { RecordingKind, Role } from "./room-state.js";

export type MeetingStatus = "scheduled" | "live" | "ended" | "cancelled";
/** `needs_action`: none yet. */
export type InvitationAnswer = "needs_action" | AnswerGiven;
export type AnswerGiven = "accepted" | "declined" | "tentative";
export type MeetingKind = "instant" | "once" | "recurring" | "personal";

/** What anyone with the link may know. */
export interface MeetingPublic {
  readonly id: string;
  readonly title: string;
  readonly status: MeetingStatus;
  /** Whether one can come in yet: one that somebody has ended for all, or cancelled, is over. */
  readonly joinable: boolean;
  readonly guestsAllowed: boolean;
  readonly passcodeRequired: boolean;
}

/** When a meeting takes place. */
export interface Schedule {
  /** Local time without an offset. */
  readonly start: string;
  /** IANA name. */
  readonly timeZone: string;
  readonly durationMinutes: number;
  /** RRULE of RFC 5545; null: once. */
  readonly rule: string | null;
  readonly exceptions: readonly ScheduleException[];
}

/** One occurrence that differs from the others, named by its original start. */
export interface ScheduleException {
  readonly occurrence: string;
  readonly cancelled: boolean;
  readonly start: string | null;
  readonly durationMinutes: number | null;
  readonly title: string | null;
}

/** What those who are invited know. */
export interface MeetingInvitation {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly status: MeetingStatus;
  readonly joinable: boolean;
  readonly kind: MeetingKind;
  readonly hostName: string;
  readonly schedule: Schedule | null;
  readonly joinUrl: string;
  readonly role: Role;
  readonly answer: InvitationAnswer;
  /** The meeting was moved since it was answered to. */
  readonly outdated: boolean;
  /** These go before `answer`, which is to all other times. */
  readonly occurrenceAnswers: readonly OccurrenceAnswer[];
}

/** What somebody has said to one time of a series alone. */
export interface OccurrenceAnswer {
  /** Names it: its original start in local time. */
  readonly occurrence: string;
  readonly answer: InvitationAnswer;
  readonly answeredAt: string;
}

/** An invitation, as whoever has its mail sees it by the link in it. */
export interface MailedInvitation {
  readonly meetingId: string;
  readonly title: string;
  readonly description: string;
  readonly status: MeetingStatus;
  readonly joinable: boolean;
  readonly hostName: string;
  readonly schedule: Schedule | null;
  readonly joinUrl: string;
  readonly answer: InvitationAnswer;
  /** The meeting was moved since it was answered to. */
  readonly outdated: boolean;
}

/** Who may do something: everybody, those with an account, or the host and the co-hosts. */
export type Allowed = "everyone" | "accounts" | "hosts";

export interface MeetingSettings {
  /** Who waits until somebody lets them in. */
  readonly lobby: "off" | "guests" | "everyone";
  readonly passcode: string | null;
  readonly guestsAllowed: boolean;
  readonly joinBeforeHost: boolean;
  readonly locked: boolean;
  readonly share: Allowed;
  readonly chat: Allowed;
  readonly record: Allowed;
  /** Who writes in the shared notes, which everybody in the room reads. */
  readonly notes: Allowed;
  readonly muteOnEntry: boolean;
  readonly recordAutomatically: boolean;
  /** Of recordings for which nobody chooses another one. */
  readonly recordingKind: RecordingKind;
  readonly maxParticipants: number | null;
  readonly maxMinutes: number | null;
  /** How many minutes before it begins the host and the invited get a mail, the longest first. */
  readonly reminders: readonly number[];
}

/** What those who run a meeting know. */
export interface Meeting {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly status: MeetingStatus;
  readonly joinable: boolean;
  readonly kind: MeetingKind;
  readonly hostId: string;
  readonly hostName: string;
  readonly settings: MeetingSettings;
  readonly schedule: Schedule | null;
  readonly joinUrl: string;
  /** Counts the times that people meet. */
  readonly session: number;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly cancelledAt: string | null;
}

/** A meeting in a list. */
export interface ListedMeeting {
  readonly id: string;
  readonly title: string;
  readonly status: MeetingStatus;
  readonly joinable: boolean;
  readonly kind: MeetingKind;
  readonly hostId: string;
  readonly hostName: string;
  readonly guestsAllowed: boolean;
  readonly joinUrl: string;
  readonly schedule: Schedule | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly role: Role;
  /** Of whose list it is; null where they are not invited. */
  readonly answer: InvitationAnswer | null;
  /** In what is to come: the time that is meant. */
  readonly occurrence: Occurrence | null;
  /** In what is past: which of the times that people met, and when whose list it is came in. */
  readonly session: number | null;
  readonly since: string | null;
}

/** One time that a meeting takes place. */
export interface Occurrence {
  /** Names it: its original start in local time. */
  readonly occurrence: string;
  readonly start: string;
  readonly end: string;
  readonly title: string | null;
}

/** One time of a series, as a list of them has it. */
export interface SeriesOccurrence extends Occurrence {
  /** It differs from the others. */
  readonly changed: boolean;
  readonly cancelled: boolean;
}

/** What is different about one time of a series; null: as all others have it. */
export interface OccurrenceChange {
  /** Local time without an offset. */
  readonly start?: string | null;
  readonly durationMinutes?: number | null;
  readonly title?: string | null;
  readonly cancelled?: boolean;
}

/** The address that calendar programs subscribe to: a secret. All null: there is none. */
export interface CalendarFeed {
  readonly url: string | null;
  readonly createdAt: string | null;
  /** True to the hour; null: no program has read it yet. */
  readonly lastReadAt: string | null;
}

/** In which language and time zone one is written to; null: it is not known. */
export interface MailPreferences {
  readonly locale: "en" | "de" | null;
  /** IANA name. */
  readonly timeZone: string | null;
}

/** One of one's own meetings that is at the same time as what one plans. */
export interface Conflict {
  readonly meetingId: string;
  readonly title: string;
  readonly hostName: string;
  readonly role: Role;
  /** Of the meeting. */
  readonly occurrence: Occurrence;
  /** Of what is planned. */
  readonly planned: Occurrence;
}

/** The first of them, in the order of what is planned; `more`: there are others. */
export interface Conflicts {
  readonly items: readonly Conflict[];
  readonly more: boolean;
}

/**
 * What one hosts or is invited to, the newest first; what is to come, in the order of time, a series once for each time that it takes
 * place; what one took part in, the latest first.
 */
export type MeetingListName = "hosted" | "invited" | "upcoming" | "past";

/** What a list is narrowed to. Pages may have fewer items then than fit, even none, and others follow. */
export interface MeetingSearch {
  readonly kind?: MeetingKind;
  readonly status?: MeetingStatus;
  /** Part of the title. */
  readonly title?: string;
  /** RFC 3339: by the times that the list is in the order of. */
  readonly since?: string;
  readonly until?: string;
}

/** As much of a meeting as one may know. */
export type AnyMeeting = Meeting | MeetingInvitation | MeetingPublic;

/** A new schedule names its start, time zone and duration; in a change, what is left out stays as it is. */
export type ScheduleChange = Partial<Schedule>;

/** A change of a meeting: what is left out stays as it is, null takes away. */
export interface MeetingChange {
  readonly title?: string;
  readonly description?: string | null;
  readonly settings?: Partial<MeetingSettings>;
  readonly schedule?: ScheduleChange | null;
}

/** A time that people met. */
export interface MeetingSession {
  readonly number: number;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** Who ended it for all; null: it ended by itself, or has not ended. */
  readonly endedBy: string | null;
}

/** Somebody who is invited. */
export interface Invitee {
  /** Names the invitation. */
  readonly key: string;
  readonly address: string | null;
  readonly userId: string | null;
  readonly name: string | null;
  readonly role: Role;
  readonly answer: InvitationAnswer;
  readonly invitedAt: string;
  readonly answeredAt: string | null;
}

/** By an address, an account's id, or both. */
export interface NewInvitee {
  readonly address?: string;
  readonly userId?: string;
  readonly name?: string;
  readonly role?: "cohost" | "participant";
}

export type OrganisationDefaults = Partial<Omit<MeetingSettings, "passcode">>;

/** What holds for everybody. */
export interface Organisation {
  /** Of new meetings. */
  readonly defaults: MeetingSettings;
  /** How many days what sessions leave behind is kept; null: as long as the meeting is there. */
  readonly historyDays: number | null;
  /** How many days recordings are kept from their beginning; null: until somebody deletes them. */
  readonly recordingsDays: number | null;
  /** Whether the installation sends mail, and so reminders. */
  readonly sendsMail: boolean;
}

/** What is left out is as the platform has it. */
export interface OrganisationChange {
  readonly defaults: OrganisationDefaults;
  readonly historyDays?: number | null;
  readonly recordingsDays?: number | null;
}

/** Somebody who was in a session. */
export interface Attendance {
  readonly identity: string;
  readonly name: string | null;
  readonly guest: boolean;
  /** `stream`: an encoder; `viewer`: a player. */
  readonly kind: "person" | "stream" | "viewer";
  readonly role: Role | null;
  readonly joinedAt: string | null;
  /** Null: still there. */
  readonly leftAt: string | null;
  /** For how long; on two devices at once counts once. */
  readonly seconds: number;
  readonly hands: number;
  readonly reactions: number;
}

/** Somebody who may not come back. */
export interface Ban {
  readonly identity: string;
  readonly name: string;
  readonly guest: boolean;
}

/** A chat message that was kept. */
export interface ChatLine {
  readonly id: string;
  readonly at: string;
  readonly author: { readonly identity: string | null; readonly name: string };
  /** Null: it was removed. */
  readonly text: string | null;
  /** Null for all in the room where it was written, `everyone` for all rooms, `hosts`, or somebody's identity. */
  readonly to: string | null;
  readonly toName: string | null;
  /** Where it was written; null: in the main room. */
  readonly breakout: { readonly id: string; readonly name: string } | null;
  readonly editedAt: string | null;
}

/** The shared notes of a session; `keptAt` null: there are none. */
export interface KeptNotes {
  readonly text: string;
  readonly keptAt: string | null;
  /** The longest text that was kept before, where less than half as much is left; for those who run the meeting, null for all others. */
  readonly before: { readonly text: string; readonly at: string } | null;
}

/** How a poll came out. Who voted what is kept nowhere. */
export interface PollResult {
  readonly id: string;
  readonly question: string;
  readonly options: readonly { readonly text: string; readonly votes: number }[];
  readonly multiple: boolean;
  readonly voters: number;
  readonly closedAt: string | null;
  /** The meeting's prepared poll that it was; null: none. */
  readonly preparedId: string | null;
}

/** What is asked in a poll. */
export interface PollText {
  readonly question: string;
  readonly options: readonly string[];
  /** Whether one vote may have several options. */
  readonly multiple: boolean;
}

/** A poll that was prepared before a meeting, and when it was last asked there. */
export interface PreparedPoll extends PollText {
  readonly id: string;
  readonly version: number;
  readonly lastUse: { readonly session: number; readonly pollId: string; readonly askedAt: string } | null;
}

/** What becomes of those who are assigned to no room: spread over the rooms, free to choose one, or left in the main room. */
export type BreakoutOthers = "evenly" | "choose" | "stay";

/** Breakout rooms to be planned. */
export interface NewBreakoutPlan {
  /** `invitees`: the keys of their invitations. */
  readonly rooms: readonly { readonly name: string; readonly invitees: readonly string[] }[];
  readonly others: BreakoutOthers;
  /** How long the rooms are open; null: until they are closed. */
  readonly minutes: number | null;
}

/** Somebody in a plan. `userId` null: no account of theirs is known. */
export type PlannedPerson = Pick<Invitee, "key" | "name" | "address" | "userId">;

/** Breakout rooms as they were planned. */
export interface BreakoutPlan extends Omit<NewBreakoutPlan, "rooms"> {
  readonly rooms: readonly { readonly name: string; readonly people: readonly PlannedPerson[] }[];
  readonly version: number;
}
