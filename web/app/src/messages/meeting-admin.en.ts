import type { EventText } from "./admin.en.js";

const meeting = ({ meetingId }: Readonly<Record<string, string>>) => `meeting ${meetingId ?? "?"}`;
const recording = ({ recordingId }: Readonly<Record<string, string>>) => `recording ${recordingId ?? "?"}`;
const webhook = (verb: string): EventText["sentence"] => ({ actor }) => `${actor} ${verb} a webhook`;

/** The texts of what administrators see of the meeting service, in English. */
export const meetingAdmin = {
  usage: {
    span: "Time",
    spans: { "30": "The last 30 days", "90": "The last 90 days", "365": "The last 12 months" },
    utc: "Days are those of UTC. A meeting counts once it has ended, on the day it began; its minutes on the days it took place on.",
    totals: "In all this time",
    meetings: "Meetings",
    participants: "Participants",
    minutes: "Minutes",
    minutesOf: "Minutes of all participants",
    peak: "Most people at once",
    peakPeople: "People",
    peakMeetings: "Meetings",
    peaks: "At once",
    held: "Meetings held",
    export: "Download",
    exportLabel: "Download usage",
    byDay: "By day, as CSV",
    byMonth: "By month, as CSV",
    byHost: (month: string) => `By host in ${month}, as CSV`,
    hosts: "Who hosted how much",
    hostsLead: "Meetings that have ended, those with most minutes first.",
    month: "Month",
    host: "Host",
    none: "Nobody has hosted anything in this month.",
    time: "Day",
  },
  facts: {
    list: "Facts that were set aside",
    none: "Nothing is set aside",
    noneText: "What rooms tell of meetings could all be taken.",
    count: (count: number, isAll: boolean) => (isAll ? (count === 1 ? "1 fact" : `${count} facts`) : `The latest ${count} facts`),
    refresh: "Look again",
    unreadable: "Something that cannot be read",
    fields: { meeting: "Room", version: "Version", reason: "Why not", tries: "Tried again", at: "Set aside" },
    times: (count: number) => (count === 0 ? "never" : count === 1 ? "once" : `${count} times`),
    fact: "The fact, without what people wrote",
    tooLong: "It is too long to be kept whole, and cannot be tried again.",
    retry: "Try again",
    taken: "The fact is taken now",
    notTaken: "It could not be taken",
    discard: "Discard",
    discardTitle: "Discard this fact?",
    discardEffects: ["What it tells stays missing in the meeting’s record.", "Nobody can bring it back."],
    discarded: "The fact is discarded",
  },
  logs: { label: "Logs", accounts: "Accounts", meetings: "Meetings" },
  events: {
    audit_read: { name: "Audit log read", sentence: ({ actor }) => `${actor} read the audit log of meetings` },
    ban_lifted: { name: "Ban lifted", sentence: ({ actor, details }) => `${actor} lifted a ban in ${meeting(details)}` },
    fact_discarded: { name: "Fact discarded", sentence: ({ actor }) => `${actor} discarded a fact that was set aside` },
    fact_retried: { name: "Fact tried again", sentence: ({ actor }) => `${actor} tried again to take a fact that was set aside` },
    host_transferred: {
      name: "Host changed",
      sentence: ({ actor, user, details }) => `${actor} gave ${meeting(details)} to ${user}`,
    },
    meeting_cancelled: { name: "Meeting cancelled", sentence: ({ actor, details }) => `${actor} cancelled ${meeting(details)}` },
    meeting_deleted: { name: "Meeting deleted", sentence: ({ actor, details }) => `${actor} deleted ${meeting(details)}` },
    meeting_ended: { name: "Meeting ended", sentence: ({ actor, details }) => `${actor} ended ${meeting(details)} for everyone` },
    organisation_changed: { name: "Organisation changed", sentence: ({ actor }) => `${actor} changed the organisation’s settings` },
    participant_banned: {
      name: "Participant banned",
      sentence: ({ actor, details }) => `${actor} took somebody out of ${meeting(details)} for good`,
    },
    participant_removed: {
      name: "Participant removed",
      sentence: ({ actor, details }) => `${actor} took somebody out of ${meeting(details)}`,
    },
    broadcast_started: { name: "Live stream started", sentence: ({ actor, details }) => `${actor} had ${meeting(details)} streamed live` },
    broadcast_stopped: {
      name: "Live stream stopped",
      sentence: ({ actor, details }) => `${actor} stopped the live stream of ${meeting(details)}`,
    },
    ingress_started: {
      name: "Stream brought in",
      sentence: ({ actor, details }) => `${actor} brought a stream into ${meeting(details)}`,
    },
    ingress_stopped: {
      name: "Stream taken out",
      sentence: ({ actor, details }) => `${actor} took a stream out of ${meeting(details)}`,
    },
    recording_deleted: { name: "Recording deleted", sentence: ({ actor, details }) => `${actor} deleted ${recording(details)}` },
    recording_downloaded: {
      name: "Recording downloaded",
      sentence: ({ actor, details }) => `${actor} was given a file of ${recording(details)}`,
    },
    recording_expired: {
      name: "Recording’s time over",
      sentence: ({ details }) => `${recording(details)} was deleted: its time was over`,
    },
    recording_renamed: { name: "Recording renamed", sentence: ({ actor, details }) => `${actor} renamed ${recording(details)}` },
    recording_shared: { name: "Recording shared", sentence: ({ actor, details }) => `${actor} shared ${recording(details)}` },
    recording_started: { name: "Recording started", sentence: ({ actor, details }) => `${actor} had ${meeting(details)} recorded` },
    recording_stopped: {
      name: "Recording stopped",
      sentence: ({ actor, details }) => `${actor} stopped the recording of ${meeting(details)}`,
    },
    recording_unshared: {
      name: "Recording no longer shared",
      sentence: ({ actor, details }) => `${actor} took somebody’s share of ${recording(details)} back`,
    },
    role_changed: {
      name: "Role in a meeting changed",
      sentence: ({ actor, details }) => `${actor} changed somebody’s role in ${meeting(details)}`,
    },
    stream_key_made: { name: "Stream key made", sentence: ({ actor, details }) => `${actor} made a stream key for ${meeting(details)}` },
    stream_key_revoked: {
      name: "Stream key revoked",
      sentence: ({ actor, details }) => `${actor} revoked a stream key of ${meeting(details)}`,
    },
    usage_exported: { name: "Usage downloaded", sentence: ({ actor }) => `${actor} downloaded the platform’s usage` },
    webhook_changed: { name: "Webhook changed", sentence: webhook("changed") },
    webhook_deleted: { name: "Webhook deleted", sentence: webhook("deleted") },
    webhook_made: { name: "Webhook made", sentence: webhook("made") },
    webhook_redelivered: { name: "Delivered again to a webhook", sentence: webhook("delivered again to") },
    webhook_secret_rotated: { name: "Webhook’s secret changed", sentence: webhook("changed the secret of") },
    webhook_tested: { name: "Webhook tested", sentence: webhook("tested") },
  } as Record<string, EventText>,
};

export type MeetingAdminMessages = typeof meetingAdmin;
