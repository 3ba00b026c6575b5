import { useEffect, useState } from "react";
import { useSearchParams } from "react-router";
import { EndedPage } from "../meeting/EndedPage.js";
import { useRoomState, type MeetingRoom } from "../meeting/meeting-room.js";
import { RoomPage } from "../meeting/room/RoomPage.js";
import { PreviewRoom } from "./preview-room.js";

/**
 * The meeting page with a made-up room, for looking at it without a platform; only in development. The query says what is in it:
 * `n` people, who of them share a screen (`screen`), `chat`, `state`, `host`, `muted`.
 */
export function PreviewPage() {
  const [query] = useSearchParams();
  const [room] = useState(() => new PreviewRoom(query));
  useEffect(() => room.start(), [room]);
  return <Previewed room={room} />;
}

function Previewed({ room }: { readonly room: MeetingRoom }) {
  const state = useRoomState(room);
  if (state.status === "closed") return <EndedPage reason={state.closeReason} onRejoin={() => undefined} />;
  return <RoomPage room={room} state={state} title="Product weekly" meetingId="abc-defg-hjk" />;
}
