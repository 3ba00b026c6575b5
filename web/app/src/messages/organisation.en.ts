/** The texts of the organisation’s settings, in English. */
export const organisation = {
  defaults: "New meetings",
  defaultsLead: "What meetings are like unless their hosts choose otherwise. Meetings that are there stay as they are.",
  retention: "What is kept",
  retentionLead: "Afterwards it is deleted, and nobody can bring it back. A shorter time also holds for what is there now.",
  historyDays: "Days of chat, notes, attendance and polls",
  historyHint: "1 to 3650, from the end of a meeting; empty for as long as the meeting is there",
  recordingsDays: "Days of recordings",
  recordingsHint: "1 to 3650, from their beginning; empty until somebody deletes them",
  daysInvalid: "A number from 1 to 3650.",
  form: "Organisation settings",
  save: "Save",
  saved: "The settings are changed",
  conflictTitle: "Somebody else has changed these settings meanwhile",
  conflictText: "Look at them as they are now, and change them again. What you have entered here is lost then.",
  conflictAction: "Show them as they are now",
};

export type OrganisationMessages = typeof organisation;
