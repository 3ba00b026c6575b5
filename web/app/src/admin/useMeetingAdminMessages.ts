import { useLanguage, type Language } from "../messages/catalogue.js";
import { meetingAdmin as de } from "../messages/meeting-admin.de.js";
import { meetingAdmin as en, type MeetingAdminMessages } from "../messages/meeting-admin.en.js";

const CATALOGUES: Record<Language, MeetingAdminMessages> = { en, de };

/** The texts of what administrators see of the meeting service. */
export function useMeetingAdminMessages(): MeetingAdminMessages {
  return CATALOGUES[useLanguage().language];
}
