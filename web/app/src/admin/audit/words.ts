import type { AuditEntry } from "@parley/sdk";
import type { AdminMessages } from "../../messages/admin.en.js";
import { OPERATOR, type Names } from "./names.js";

/** What to call an account, or who did something. */
export function nameIn(texts: AdminMessages, names: Names, id: string | null): string {
  if (id === null) return texts.audit.nobody;
  if (id === OPERATOR) return texts.audit.operator;
  const name = names.get(id);
  return name === null ? texts.audit.deleted(id) : (name ?? id);
}

/** An event in a sentence; one that this release does not know, by its name. */
export function sentenceOf(texts: AdminMessages, names: Names, entry: AuditEntry): string {
  const text = texts.events[entry.event];
  if (text === undefined) return entry.event;
  const sentence = text.sentence({
    actor: nameIn(texts, names, entry.actorId),
    user: nameIn(texts, names, entry.userId),
    details: entry.details,
  });
  // A name is written as its owner writes it.
  const begin = [entry.userId, entry.actorId].map((id) => names.get(id ?? "")).find((name) => name && sentence.startsWith(name));
  return begin ? sentence : sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
