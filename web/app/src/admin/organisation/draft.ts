import type { MeetingSettings, Organisation, OrganisationChange } from "@parley/sdk";
import { isNoneOrWithin, problemsOfSettings, type SettingsProblem } from "../../planning/draft.js";

/** What holds for everybody, as the form has it. */
export interface Draft {
  readonly settings: MeetingSettings;
  readonly historyDays: number | null;
  readonly recordingsDays: number | null;
}

/** What is wrong, by the names of the fields. */
export type Problem = SettingsProblem | "daysInvalid";

const MAX_DAYS = 3650;

export function draftOf({ defaults, historyDays, recordingsDays }: Organisation): Draft {
  return { settings: defaults, historyDays, recordingsDays };
}

/** As it is sent: passcodes are of single meetings. */
export function changeOf({ settings, historyDays, recordingsDays }: Draft): OrganisationChange {
  const defaults = Object.fromEntries(Object.entries(settings).filter(([name]) => name !== "passcode"));
  return { defaults, historyDays, recordingsDays };
}

/** What the service would refuse, as far as one can tell here. */
export function problemsOf({ settings, historyDays, recordingsDays }: Draft): Readonly<Record<string, Problem>> {
  const problems: Record<string, Problem> = { ...problemsOfSettings(settings) };
  if (!isNoneOrWithin(historyDays, 1, MAX_DAYS)) problems.history_days = "daysInvalid";
  if (!isNoneOrWithin(recordingsDays, 1, MAX_DAYS)) problems.recordings_days = "daysInvalid";
  return problems;
}

/** The service's words on fields, under the names that they have here. */
export function fieldsOf(errors: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(errors).map(([name, text]) => [name.replace(/^defaults\./, "settings."), text]));
}
