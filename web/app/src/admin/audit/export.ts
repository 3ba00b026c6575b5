import type { AuditEntry } from "@parley/sdk";

const COLUMNS = ["at", "event", "outcome", "user_id", "actor_id", "address", "user_agent", "session_id", "request_id", "details", "id"];

/** Entries as the HTTP API writes them. */
export function entriesAsJson(entries: readonly AuditEntry[]): string {
  return `${JSON.stringify(entries.map(written), null, 2)}\n`;
}

/** Entries as a table (RFC 4180), the details as JSON. */
export function entriesAsCsv(entries: readonly AuditEntry[]): string {
  const rows = entries.map((entry) => {
    const values = written(entry);
    return COLUMNS.map((column) => cell(column === "details" ? JSON.stringify(values[column]) : values[column]));
  });
  return [COLUMNS, ...rows].map((row) => `${row.join(",")}\r\n`).join("");
}

function written(entry: AuditEntry): Record<string, unknown> {
  const values = Object.entries(entry).map(([name, value]: [string, unknown]) => [snake(name), value]);
  const details = Object.entries(entry.details).map(([name, value]) => [snake(name), value]);
  return { ...(Object.fromEntries(values) as object), details: Object.fromEntries(details) as unknown };
}

/** A name as the HTTP API writes it. */
export function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Strangers choose what is in a header field: a spreadsheet is not to take it for a formula. */
function cell(value: unknown): string {
  const text = typeof value === "string" ? value : "";
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
