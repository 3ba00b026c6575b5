import { CircleCheck, Compass, Hourglass, MonitorX, Radio, Volume2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useParams } from "react-router";
import { useMessages } from "../messages/catalogue.js";
import { MessagePanel } from "../pages/MessagePanel.js";
import { NotFoundPage } from "../pages/NotFoundPage.js";
import { PageFrame } from "../pages/PageFrame.js";
import { Button } from "../ui/Button.js";
import { CopyButton } from "../ui/CopyButton.js";
import { Spinner } from "../ui/Spinner.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import { LivePlayer, type Phase } from "./live-player.js";
import { isWatchKey, playlistUrl, watchUrl } from "./watch-link.js";
import styles from "./WatchPage.module.css";

/** How far behind one may be before a button offers to catch up, in seconds. */
const FAR_BEHIND_S = 20;
const ICONS = { waiting: <Hourglass />, ended: <CircleCheck />, gone: <Compass />, unplayable: <MonitorX /> };

/** A meeting that is streamed live, for whoever has the link. Nothing of the meeting is shown but its picture and sound. */
export function WatchPage() {
  const { watchKey = "" } = useParams();
  return isWatchKey(watchKey) ? <Watched key={watchKey} watchKey={watchKey} /> : <NotFoundPage />;
}

function Watched({ watchKey }: { readonly watchKey: string }) {
  const { watch: texts } = useMessages();
  usePageTitle(texts.title);
  const video = useRef<HTMLVideoElement>(null);
  const player = useRef<LivePlayer>(null);
  const [phase, setPhase] = useState<Phase>("loading");
  const [isMuted, setMuted] = useState(false);
  useEffect(() => {
    if (video.current === null) return undefined;
    const made = new LivePlayer({ video: video.current, url: playlistUrl(watchKey), onPhase: setPhase });
    player.current = made;
    made.start();
    return () => {
      made.destroy();
    };
  }, [watchKey]);
  const isLive = phase === "live";
  return (
    <PageFrame>
      {phase === "loading" && (
        <div className={styles.loading}>
          <Spinner />
          <p role="status">{texts.loading}</p>
        </div>
      )}
      {phase !== "loading" && phase !== "live" && (
        <div role="status" className={styles.state}>
          <MessagePanel icon={ICONS[phase]} title={texts[phase].title} text={texts[phase].text} />
        </div>
      )}
      <section aria-label={texts.player} className={styles.stage} inert={!isLive}>
        <h1 className="visually-hidden">{texts.title}</h1>
        {/* What is said is not written down: there are no captions to give. */}
        <video
          ref={video}
          className={styles.video}
          controls
          playsInline
          aria-label={texts.player}
          onVolumeChange={(event) => {
            setMuted(event.currentTarget.muted);
          }}
        />
        <div className={styles.bar}>
          <p className={styles.badge} role="status" aria-label={texts.isLive}>
            <Radio aria-hidden />
            {texts.live}
          </p>
          {isLive && <Behind player={player} />}
          <span className={styles.space} />
          {isMuted && (
            <Button
              variant="primary"
              icon={<Volume2 aria-hidden />}
              onPress={() => {
                if (video.current !== null) video.current.muted = false;
              }}
            >
              {texts.unmute}
            </Button>
          )}
          <CopyButton text={watchUrl(watchKey)} label={texts.share} />
        </div>
      </section>
    </PageFrame>
  );
}

/** How far behind what happens the picture is, and a way back for whoever has paused. */
function Behind({ player }: { readonly player: React.RefObject<LivePlayer | null> }) {
  const { watch: texts } = useMessages();
  const [seconds, setSeconds] = useState<number | null>(null);
  useEffect(() => {
    const timer = setInterval(() => {
      const latency = player.current?.latency ?? null;
      setSeconds(latency === null ? null : Math.round(latency));
    }, 1000);
    return () => {
      clearInterval(timer);
    };
  }, [player]);
  if (seconds === null) return null;
  return (
    <>
      <p className={styles.behind}>{texts.behind(seconds)}</p>
      {seconds >= FAR_BEHIND_S && (
        <Button
          onPress={() => {
            player.current?.jump();
          }}
        >
          {texts.jump}
        </Button>
      )}
    </>
  );
}
