import type { ChatMessage } from "@parley/sdk";
import { useState } from "react";

/** How many messages of others have come since the chat was last open. */
export function useUnread(chat: readonly ChatMessage[], isOpen: boolean): number {
  // What was said before one came in is not new either.
  const [seen, setSeen] = useState(chat.length);
  if (isOpen && seen !== chat.length) setSeen(chat.length);
  return isOpen ? 0 : chat.slice(seen).filter((message) => !message.isOwn).length;
}
