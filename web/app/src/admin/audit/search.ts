import type { AuditSearch } from "@parley/sdk";
import type { FilterName } from "./AuditFilters.js";

/** What to ask for; days are the viewer's, the last one included. What is no day does not narrow anything. */
export function searchOf(values: Readonly<Record<FilterName, string>>): AuditSearch {
  const { user, part, event, outcome } = values;
  const since = beginOf(values.since, 0);
  const until = beginOf(values.until, 1);
  return {
    ...(user !== "" && (part === "by" ? { actorId: user } : { userId: user })),
    ...(event !== "" && { event }),
    ...((outcome === "done" || outcome === "refused") && { outcome }),
    ...(since !== null && { since }),
    ...(until !== null && { until }),
  };
}

function beginOf(day: string, daysLater: number): string | null {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day);
  if (parts === null) return null;
  const moment = new Date(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]) + daysLater);
  return Number.isNaN(moment.getTime()) ? null : moment.toISOString();
}
