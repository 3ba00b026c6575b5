import type { EventText } from "./admin.en.js";
import type { MeetingAdminMessages } from "./meeting-admin.en.js";

const meeting = ({ meetingId }: Readonly<Record<string, string>>) => `Besprechung ${meetingId ?? "?"}`;
const recording = ({ recordingId }: Readonly<Record<string, string>>) => `Aufzeichnung ${recordingId ?? "?"}`;
const webhook = (what: string): EventText["sentence"] => ({ actor }) => `${actor} hat einen Webhook ${what}`;

/** The texts of what administrators see of the meeting service, in German. */
export const meetingAdmin: MeetingAdminMessages = {
  usage: {
    span: "Zeitraum",
    spans: { "30": "Die letzten 30 Tage", "90": "Die letzten 90 Tage", "365": "Die letzten 12 Monate" },
    utc: "Die Tage sind die von UTC. Eine Besprechung zählt, sobald sie vorbei ist, am Tag ihres Beginns; ihre Minuten an den Tagen, an denen sie stattfand.",
    totals: "In dieser Zeit insgesamt",
    meetings: "Besprechungen",
    participants: "Teilnehmer",
    minutes: "Minuten",
    minutesOf: "Minuten aller Teilnehmer",
    peak: "Meiste Leute zugleich",
    peakPeople: "Leute",
    peakMeetings: "Besprechungen",
    peaks: "Zugleich",
    held: "Gehaltene Besprechungen",
    export: "Herunterladen",
    exportLabel: "Nutzung herunterladen",
    byDay: "Nach Tagen, als CSV",
    byMonth: "Nach Monaten, als CSV",
    byHost: (month) => `Nach Hosts im ${month}, als CSV`,
    hosts: "Wer wie viel veranstaltet hat",
    hostsLead: "Besprechungen, die vorbei sind, die mit den meisten Minuten zuerst.",
    month: "Monat",
    host: "Host",
    none: "In diesem Monat hat niemand etwas veranstaltet.",
    time: "Tag",
  },
  facts: {
    list: "Zurückgelegte Meldungen",
    none: "Nichts ist zurückgelegt",
    noneText: "Was Räume über Besprechungen melden, konnte alles übernommen werden.",
    count: (count, isAll) => (isAll ? (count === 1 ? "1 Meldung" : `${count} Meldungen`) : `Die neuesten ${count} Meldungen`),
    refresh: "Neu laden",
    unreadable: "Etwas, das nicht zu lesen ist",
    fields: { meeting: "Raum", version: "Version", reason: "Warum nicht", tries: "Erneut versucht", at: "Zurückgelegt" },
    times: (count) => (count === 0 ? "nie" : count === 1 ? "einmal" : `${count} Mal`),
    fact: "Die Meldung, ohne was Leute geschrieben haben",
    tooLong: "Sie ist zu lang, um ganz aufbewahrt zu werden, und lässt sich nicht erneut versuchen.",
    retry: "Erneut versuchen",
    taken: "Die Meldung ist jetzt übernommen",
    notTaken: "Sie konnte nicht übernommen werden",
    discard: "Verwerfen",
    discardTitle: "Diese Meldung verwerfen?",
    discardEffects: ["Was sie meldet, fehlt weiter in der Aufzeichnung der Besprechung.", "Niemand kann sie zurückholen."],
    discarded: "Die Meldung ist verworfen",
  },
  logs: { label: "Protokolle", accounts: "Konten", meetings: "Besprechungen" },
  events: {
    audit_read: { name: "Prüfprotokoll gelesen", sentence: ({ actor }) => `${actor} hat das Prüfprotokoll der Besprechungen gelesen` },
    ban_lifted: { name: "Sperre aufgehoben", sentence: ({ actor, details }) => `${actor} hat eine Sperre aufgehoben: ${meeting(details)}` },
    fact_discarded: { name: "Meldung verworfen", sentence: ({ actor }) => `${actor} hat eine zurückgelegte Meldung verworfen` },
    fact_retried: { name: "Meldung erneut versucht", sentence: ({ actor }) => `${actor} hat eine zurückgelegte Meldung erneut versucht` },
    host_transferred: {
      name: "Host gewechselt",
      sentence: ({ actor, user, details }) => `${actor} hat ${meeting(details)} übergeben an ${user}`,
    },
    meeting_cancelled: { name: "Besprechung abgesagt", sentence: ({ actor, details }) => `${actor} hat ${meeting(details)} abgesagt` },
    meeting_deleted: { name: "Besprechung gelöscht", sentence: ({ actor, details }) => `${actor} hat ${meeting(details)} gelöscht` },
    meeting_ended: { name: "Besprechung beendet", sentence: ({ actor, details }) => `${actor} hat ${meeting(details)} für alle beendet` },
    organisation_changed: {
      name: "Organisation geändert",
      sentence: ({ actor }) => `${actor} hat die Einstellungen der Organisation geändert`,
    },
    participant_banned: {
      name: "Teilnehmer ausgesperrt",
      sentence: ({ actor, details }) => `${actor} hat jemanden für immer entfernt: ${meeting(details)}`,
    },
    participant_removed: {
      name: "Teilnehmer entfernt",
      sentence: ({ actor, details }) => `${actor} hat jemanden entfernt: ${meeting(details)}`,
    },
    broadcast_started: {
      name: "Live-Übertragung begonnen",
      sentence: ({ actor, details }) => `${actor} hat eine Live-Übertragung begonnen: ${meeting(details)}`,
    },
    broadcast_stopped: {
      name: "Live-Übertragung beendet",
      sentence: ({ actor, details }) => `${actor} hat eine Live-Übertragung beendet: ${meeting(details)}`,
    },
    ingress_started: {
      name: "Stream hereingeholt",
      sentence: ({ actor, details }) => `${actor} hat einen Stream hereingeholt: ${meeting(details)}`,
    },
    ingress_stopped: {
      name: "Stream herausgenommen",
      sentence: ({ actor, details }) => `${actor} hat einen Stream herausgenommen: ${meeting(details)}`,
    },
    recording_deleted: { name: "Aufzeichnung gelöscht", sentence: ({ actor, details }) => `${actor} hat ${recording(details)} gelöscht` },
    recording_downloaded: {
      name: "Aufzeichnung heruntergeladen",
      sentence: ({ actor, details }) => `${actor} hat eine Datei bekommen: ${recording(details)}`,
    },
    recording_expired: {
      name: "Zeit der Aufzeichnung um",
      sentence: ({ details }) => `${recording(details)} wurde gelöscht: ihre Zeit war um`,
    },
    recording_renamed: { name: "Aufzeichnung umbenannt", sentence: ({ actor, details }) => `${actor} hat ${recording(details)} umbenannt` },
    recording_shared: { name: "Aufzeichnung geteilt", sentence: ({ actor, details }) => `${actor} hat ${recording(details)} geteilt` },
    recording_started: {
      name: "Aufzeichnung begonnen",
      sentence: ({ actor, details }) => `${actor} hat eine Aufzeichnung begonnen: ${meeting(details)}`,
    },
    recording_stopped: {
      name: "Aufzeichnung beendet",
      sentence: ({ actor, details }) => `${actor} hat eine Aufzeichnung beendet: ${meeting(details)}`,
    },
    recording_unshared: {
      name: "Aufzeichnung nicht mehr geteilt",
      sentence: ({ actor, details }) => `${actor} teilt nicht mehr mit jemandem: ${recording(details)}`,
    },
    role_changed: {
      name: "Rolle in einer Besprechung geändert",
      sentence: ({ actor, details }) => `${actor} hat jemandem eine andere Rolle gegeben: ${meeting(details)}`,
    },
    stream_key_made: {
      name: "Stream-Schlüssel angelegt",
      sentence: ({ actor, details }) => `${actor} hat einen Stream-Schlüssel angelegt: ${meeting(details)}`,
    },
    stream_key_revoked: {
      name: "Stream-Schlüssel widerrufen",
      sentence: ({ actor, details }) => `${actor} hat einen Stream-Schlüssel widerrufen: ${meeting(details)}`,
    },
    usage_exported: { name: "Nutzung heruntergeladen", sentence: ({ actor }) => `${actor} hat die Nutzung der Plattform heruntergeladen` },
    webhook_changed: { name: "Webhook geändert", sentence: webhook("geändert") },
    webhook_deleted: { name: "Webhook gelöscht", sentence: webhook("gelöscht") },
    webhook_made: { name: "Webhook angelegt", sentence: webhook("angelegt") },
    webhook_redelivered: { name: "Webhook erneut beliefert", sentence: webhook("erneut beliefert") },
    webhook_secret_rotated: { name: "Geheimnis eines Webhooks gewechselt", sentence: ({ actor }) => `${actor} hat das Geheimnis eines Webhooks gewechselt` },
    webhook_tested: { name: "Webhook geprüft", sentence: webhook("geprüft") },
  },
};
