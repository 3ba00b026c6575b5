import type { OrganisationMessages } from "./organisation.en.js";

/** Die Texte der Einstellungen der Organisation, auf Deutsch. */
export const organisation: OrganisationMessages = {
  defaults: "Neue Besprechungen",
  defaultsLead: "Wie Besprechungen sind, wenn ihre Hosts nichts anderes wählen. Bestehende Besprechungen bleiben, wie sie sind.",
  retention: "Was aufbewahrt wird",
  retentionLead: "Danach wird es gelöscht, und niemand kann es zurückholen. Eine kürzere Zeit gilt auch für das, was schon da ist.",
  historyDays: "Tage für Chat, Notizen, Anwesenheit und Umfragen",
  historyHint: "1 bis 3650, ab dem Ende einer Besprechung; leer, solange es die Besprechung gibt",
  recordingsDays: "Tage für Aufzeichnungen",
  recordingsHint: "1 bis 3650, ab ihrem Beginn; leer, bis jemand sie löscht",
  daysInvalid: "Eine Zahl von 1 bis 3650.",
  form: "Einstellungen der Organisation",
  save: "Speichern",
  saved: "Die Einstellungen sind geändert",
  conflictTitle: "Jemand anderes hat diese Einstellungen inzwischen geändert",
  conflictText: "Sieh sie dir an, wie sie jetzt sind, und ändere sie noch einmal. Was du hier eingegeben hast, geht dabei verloren.",
  conflictAction: "Zeigen, wie sie jetzt sind",
};
