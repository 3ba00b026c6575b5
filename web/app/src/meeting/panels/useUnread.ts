import type { ChatMessage } from "@parley/sdk";
import { useState } from "react";

/** How many messages of others have come since the chat was last open. Messages can go, too: removed, or with a room. */
export function useUnread(chat: readonly ChatMessage[], isOpen: boolean): number {
  const latest = chat.at(-1)?.at ?? 0;
  // What was said before one came in is not new either.
  const [seen, setSeen] = useState(latest);
  if (isOpen && seen < latest) setSeen(latest);
  return isOpen ? 0 : chat.filter((message) => message.at > seen && !message.isOwn).length;
}
