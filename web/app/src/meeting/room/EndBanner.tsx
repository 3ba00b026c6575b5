import { Hourglass } from "lucide-react";
import { useMessages } from "../../messages/catalogue.js";
import { elapsed } from "../../messages/time.js";
import { useRoom } from "../meeting-room.js";
import { Banner } from "./Banner.js";
import { useNow } from "./useNow.js";

/** The end is told so long before, milliseconds. */
const TOLD_BEFORE_MS = 5 * 60_000;

/** How long the meeting takes yet, when its longest time is nearly over. */
export function EndBanner() {
  const messages = useMessages();
  const { endsAt } = useRoom().state;
  const now = useNow(endsAt !== null);
  if (endsAt === null || endsAt - now > TOLD_BEFORE_MS) return null;
  return (
    <Banner tone="warning" icon={<Hourglass aria-hidden />}>
      {messages.notices.endsIn(elapsed(Math.max(0, endsAt - now)))}
    </Banner>
  );
}
