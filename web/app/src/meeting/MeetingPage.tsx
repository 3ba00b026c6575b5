import { Room, type AnyMeeting, type ParleyApi, type ParleyError, type User } from "@parley/sdk";
import { startTransition, useEffect, useState } from "react";
import { useLocation, useParams } from "react-router";
import { useMessages } from "../messages/catalogue.js";
import { rememberSecret, secretIn, secretOf } from "../meetings/meeting-secret.js";
import { EnrolFirst } from "../session/EnrolFirst.js";
import { useSession } from "../session/session.js";
import { Spinner } from "../ui/Spinner.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import { PageFrame } from "../pages/PageFrame.js";
import { EndedPage } from "./EndedPage.js";
import { Gate } from "./Gate.js";
import { LobbyPage } from "./LobbyPage.js";
import { useRoomState } from "./meeting-room.js";
import { Prejoin, type JoinRequest } from "./prejoin/Prejoin.js";
import { RoomPage } from "./room/RoomPage.js";
import { useMeeting } from "./useMeeting.js";

declare global {
  interface Window {
    /** The room that the page shows, for tests and for looking inside. */
    __parleyRoom?: Room;
  }
}

/** Codes that say that the meeting is not what it was. */
const STALE: ReadonlySet<string> = new Set(["meeting_ended", "meeting_cancelled", "meeting_not_found", "guests_not_allowed"]);

/** A meeting's link: the device check, the room, and what comes after. */
export function MeetingPage() {
  const { meetingId = "" } = useParams();
  const messages = useMessages();
  const { api, user, status } = useSession();
  const { meeting, error, reload } = useMeeting(meetingId);
  const secret = useSecret(meetingId);
  usePageTitle(meeting === null ? messages.product : messages.meeting.pageTitle(meeting.title));

  if (user?.secondFactorRequired === true) return <EnrolFirst />;
  if (status === "unknown" || (meeting === null && error === null)) {
    return (
      <PageFrame>
        <Spinner />
      </PageFrame>
    );
  }
  const isForMembers = meeting !== null && "guestsAllowed" in meeting && !meeting.guestsAllowed;
  const isShut = meeting === null || !meeting.joinable || (isForMembers && user === null);
  if (isShut) return <Gate meetingId={meetingId} meeting={meeting} error={error} onRetry={reload} />;
  return <Stay key={meeting.id} api={api} user={user} meeting={meeting} secret={secret} onStale={reload} />;
}

/** The secret in the link; or the one that was in it before, of a link that has lost it on the way through signing in. */
function useSecret(meetingId: string): string | null {
  const { hash } = useLocation();
  const given = secretIn(hash);
  useEffect(() => {
    if (given !== null) rememberSecret(meetingId, given);
  }, [meetingId, given]);
  return given ?? secretOf(meetingId);
}

interface StayProps {
  readonly api: ParleyApi;
  readonly user: User | null;
  readonly meeting: AnyMeeting;
  readonly secret: string | null;
  /** What is known of the meeting is not so any more. */
  readonly onStale: () => void;
}

/** From the device check through the room to its end, and round again. */
function Stay({ api, user, meeting, secret, onStale }: StayProps) {
  const [room, setRoom] = useState<Room | null>(null);
  const [isInside, setInside] = useState(false);
  const [refusal, setRefusal] = useState<ParleyError | null>(null);

  useEffect(
    () => () => {
      // Going to another page is leaving, also while one joins.
      if (room !== null && room.state.status !== "closed") void room.leave();
    },
    [room],
  );

  const join = async ({ displayName, passcode, microphone, camera, devices }: JoinRequest) => {
    setRefusal(null);
    const given = { ...(displayName === null ? {} : { displayName }), ...(passcode === null ? {} : { passcode }) };
    const next = new Room({ api, meetingId: meeting.id, secret, ...given });
    window.__parleyRoom = next;
    setRoom(next);
    try {
      // Before connecting, these only say which devices are wished for.
      for (const { kind, id } of devices) if (id !== "") await next.switchDevice(kind, id);
      await next.connect({ microphone, camera });
      // The room's page is big: what arrives meanwhile must not wait for it.
      startTransition(() => {
        setInside(true);
      });
    } catch (thrown) {
      const error = thrown as ParleyError;
      if (STALE.has(error.code)) onStale();
      else setRefusal(error);
    }
  };

  if (room === null || !isInside) return <Prejoin user={user} meeting={meeting} secret={secret} refusal={refusal} onJoin={join} />;
  return (
    <Inside
      room={room}
      meeting={meeting}
      onRejoin={() => {
        setInside(false);
        onStale();
      }}
    />
  );
}

interface InsideProps {
  readonly room: Room;
  readonly meeting: AnyMeeting;
  readonly onRejoin: () => void;
}

function Inside({ room, meeting, onRejoin }: InsideProps) {
  const state = useRoomState(room);
  if (state.status === "closed") return <EndedPage reason={state.closeReason} onRejoin={onRejoin} />;
  if (state.status === "waiting") return <LobbyPage room={room} message={state.lobbyMessage} title={meeting.title} />;
  return <RoomPage room={room} state={state} title={meeting.title} meetingId={meeting.id} />;
}
