import { useLanguage, type Language } from "../messages/catalogue.js";
import { recordings as de } from "../messages/recordings.de.js";
import { recordings as en, type RecordingMessages } from "../messages/recordings.en.js";

const CATALOGUES: Record<Language, RecordingMessages> = { en, de };

/** The texts of recordings, which guests never load. */
export function useRecordingMessages(): RecordingMessages {
  return CATALOGUES[useLanguage().language];
}
