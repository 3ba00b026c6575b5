import { useLanguage, type Language } from "../messages/catalogue.js";
import { meetings as de } from "../messages/meetings.de.js";
import { meetings as en, type MeetingMessages } from "../messages/meetings.en.js";

const CATALOGUES: Record<Language, MeetingMessages> = { en, de };

/** The texts of planning and looking after meetings, which guests never load. */
export function useMeetingMessages(): MeetingMessages {
  return CATALOGUES[useLanguage().language];
}
