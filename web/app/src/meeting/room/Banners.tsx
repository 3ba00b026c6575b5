import { CloudOff, Mic, MonitorUp, Volume2, WifiOff } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useMessages } from "../../messages/catalogue.js";
import { Button } from "../../ui/Button.js";
import { useRoom } from "../meeting-room.js";
import { isOn } from "../participant-tracks.js";
import { attempt } from "./attempt.js";
import { Banner } from "./Banner.js";
import styles from "./Banners.module.css";
import { BreakoutBanner } from "./BreakoutBanner.js";
import { EndBanner } from "./EndBanner.js";

/** An interruption is told when it has lasted so long: most are over before, milliseconds. */
const PATIENCE_MS = 1_500;

/** What stands in the way of the meeting, or must not be forgotten. */
export function Banners({ onBreakouts }: { readonly onBreakouts: () => void }) {
  const messages = useMessages();
  const { room, state } = useRoom();
  const isOffline = !useOnline();
  const isReconnecting = state.status === "reconnecting";
  const isInterrupted = useLasting(state.media === "interrupted" && !isReconnecting);
  return (
    <div className={styles.banners}>
      <div role="status" className={styles.group}>
        {isReconnecting && (
          <Banner tone="warning" icon={<WifiOff aria-hidden />}>
            {isOffline
              ? messages.notices.offline
              : state.media === "connected"
                ? messages.notices.serverGone
                : messages.notices.reconnecting}
          </Banner>
        )}
        {isInterrupted && (
          <Banner tone="warning" icon={<CloudOff aria-hidden />}>
            {messages.notices.mediaInterrupted}
          </Banner>
        )}
        <EndBanner />
        <BreakoutBanner onChoose={onBreakouts} />
        {state.unmuteRequest !== null && (
          <Banner
            icon={<Mic aria-hidden />}
            action={
              <>
                <Button variant="primary" onPress={() => void attempt(messages, () => room.answerUnmuteRequest(true))}>
                  {messages.hosting.unmute_action}
                </Button>
                <Button variant="quiet" onPress={() => void room.answerUnmuteRequest(false)}>
                  {messages.hosting.decline}
                </Button>
              </>
            }
          >
            {messages.hosting.unmuteRequest(state.unmuteRequest.by)}
          </Banner>
        )}
        {state.audioBlocked && (
          <Banner
            icon={<Volume2 aria-hidden />}
            action={
              <Button variant="primary" onPress={() => void room.startAudio()}>
                {messages.notices.hear}
              </Button>
            }
          >
            {messages.notices.audioBlocked}
          </Banner>
        )}
        {isOn(state.self, "screen") && (
          <Banner
            icon={<MonitorUp aria-hidden />}
            action={
              <Button onPress={() => void attempt(messages, () => room.setScreenShare(false))}>
                {messages.meeting.stopSharing}
              </Button>
            }
          >
            {messages.meeting.youShare}
          </Banner>
        )}
      </div>
    </div>
  );
}

function useOnline(): boolean {
  return useSyncExternalStore(
    (listener) => {
      window.addEventListener("online", listener);
      window.addEventListener("offline", listener);
      return () => {
        window.removeEventListener("online", listener);
        window.removeEventListener("offline", listener);
      };
    },
    () => navigator.onLine,
  );
}

/** True once a condition has been true for a while. */
function useLasting(condition: boolean): boolean {
  const [hasLasted, setLasted] = useState(false);
  useEffect(() => {
    if (!condition) return undefined;
    const timer = setTimeout(() => {
      setLasted(true);
    }, PATIENCE_MS);
    return () => {
      clearTimeout(timer);
      setLasted(false);
    };
  }, [condition]);
  return condition && hasLasted;
}
