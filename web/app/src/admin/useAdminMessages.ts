import { useLanguage, type Language } from "../messages/catalogue.js";
import { admin as de } from "../messages/admin.de.js";
import { admin as en, type AdminMessages } from "../messages/admin.en.js";

const CATALOGUES: Record<Language, AdminMessages> = { en, de };

/** The texts of the administrators' pages, which nobody else loads. */
export function useAdminMessages(): AdminMessages {
  return CATALOGUES[useLanguage().language];
}
