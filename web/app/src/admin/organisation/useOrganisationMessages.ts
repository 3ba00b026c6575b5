import { useLanguage, type Language } from "../../messages/catalogue.js";
import { organisation as de } from "../../messages/organisation.de.js";
import { organisation as en, type OrganisationMessages } from "../../messages/organisation.en.js";

const CATALOGUES: Record<Language, OrganisationMessages> = { en, de };

/** The texts of the organisation's settings, which no other page loads. */
export function useOrganisationMessages(): OrganisationMessages {
  return CATALOGUES[useLanguage().language];
}
