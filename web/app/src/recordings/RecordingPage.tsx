import { asParleyError, type Recording, type RecordingWithFiles, type Versioned } from "@parley/sdk";
import { PencilLine, Trash2, VideoOff } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { useLocale } from "react-aria-components";
import { Link, useNavigate, useParams } from "react-router";
import { ActionDialog } from "../admin/ActionDialog.js";
import { day } from "../admin/dates.js";
import { Facts } from "../admin/Facts.js";
import { SignedIn } from "../live/SignedIn.js";
import { LoadFailure } from "../loading/LoadFailure.js";
import { useLoaded } from "../loading/useLoaded.js";
import { useMessages } from "../messages/catalogue.js";
import { bytesText } from "../messages/numbers.js";
import { elapsed } from "../messages/time.js";
import { momentText } from "../overview/times.js";
import { MessagePanel } from "../pages/MessagePanel.js";
import { PageFrame } from "../pages/PageFrame.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { Card } from "../ui/Card.js";
import { LinkButton } from "../ui/LinkButton.js";
import { Notice } from "../ui/Notice.js";
import { BackLink, PageHead } from "../ui/PageHead.js";
import { Spinner } from "../ui/Spinner.js";
import { showToast } from "../ui/toasts.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import { namesOf } from "./chapters.js";
import { FilesCard, useWhatOf } from "./FilesCard.js";
import { GapsNotice } from "./GapsNotice.js";
import { StatePill } from "./RecordingList.js";
import styles from "./Recordings.module.css";
import { Screening } from "./Screening.js";
import { RenameDialog } from "./RenameDialog.js";
import { SharesCard } from "./SharesCard.js";
import { useRecordingMessages } from "./useRecordingMessages.js";

/** A recording: its files, with whom it is shared, and how long it is kept. */
export function RecordingPage() {
  const { recordingId = "" } = useParams();
  return (
    <SignedIn>
      {() => (
        <PageFrame>
          <One key={recordingId} id={recordingId} />
        </PageFrame>
      )}
    </SignedIn>
  );
}

const LOOK_AGAIN_MS = 5_000;

function One({ id }: { readonly id: string }) {
  const messages = useMessages();
  const texts = useRecordingMessages();
  const { api } = useSession();
  const loaded = useLoaded(useCallback(() => api.recordings.read(id), [api, id]));
  const { value: current, reload } = loaded;
  const recording = current?.value ?? null;
  usePageTitle(`${recording?.title ?? texts.title} · ${messages.product}`);
  useEffect(() => {
    if (recording === null || (recording.state !== "recording" && recording.state !== "processing")) return undefined;
    const timer = setTimeout(reload, LOOK_AGAIN_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [recording, reload]);
  if (loaded.error !== null && asParleyError(loaded.error).code === "not_found") {
    return (
      <MessagePanel icon={<VideoOff />} title={texts.missingTitle} text={texts.missingText}>
        <LinkButton to="/recordings" variant="primary">
          {texts.toList}
        </LinkButton>
      </MessagePanel>
    );
  }
  return (
    <div className={styles.page}>
      {recording === null && loaded.error === null && <Spinner />}
      {current !== null && <Head current={current} onChanged={reload} />}
      <LoadFailure of={loaded} />
      {recording !== null && (
        <div className={styles.columns}>
          <Body recording={recording} />
          <div className={styles.main}>
            <About recording={recording} />
            {recording.access === "manage" && <SharesCard id={id} />}
          </div>
        </div>
      )}
    </div>
  );
}

function Body({ recording }: { readonly recording: RecordingWithFiles }) {
  const texts = useRecordingMessages();
  const whatOf = useWhatOf();
  const { id, state, files, poster } = recording;
  const [playedId, setPlayedId] = useState<string | null>(null);
  const top = useRef<HTMLDivElement>(null);
  const played = files.find((file) => file.id === playedId) ?? null;
  const film = files.find(({ source }) => source === "meeting") ?? null;
  const shown = played ?? film;
  return (
    <div className={styles.main} ref={top}>
      {state === "recording" && <Notice tone="info" title={texts.underWay} />}
      {state === "processing" && <Notice tone="info" title={texts.onItsWay} />}
      {state === "lost" && <Notice tone="warning" title={texts.lost} />}
      <GapsNotice recording={recording} />
      {shown !== null && (
        <Screening
          key={shown.id}
          recordingId={id}
          file={shown}
          what={whatOf(shown)}
          poster={shown.id === film?.id ? poster : null}
          isBegun={played !== null}
          onBegin={() => {
            setPlayedId(shown.id);
          }}
          onClose={
            shown.id === film?.id
              ? null
              : () => {
                  setPlayedId(null);
                }
          }
        />
      )}
      {files.length > 0 && (
        <FilesCard
          id={id}
          files={files}
          onPlay={(file) => {
            setPlayedId(file.id);
            top.current?.scrollIntoView({ block: "start", behavior: "smooth" });
          }}
        />
      )}
    </div>
  );
}

function About({ recording }: { readonly recording: RecordingWithFiles }) {
  const texts = useRecordingMessages();
  const { locale } = useLocale();
  const { kind, startedAt, durationMs, bytes, expiresAt, stoppedBecause, access, meetingId } = recording;
  const people = namesOf(recording.participants);
  return (
    <Card title={texts.facts}>
      <Facts
        of={[
          [texts.when, momentText(startedAt, locale)],
          [texts.people, people.length === 0 ? null : people.join(", ")],
          [texts.kind, texts.kinds[kind]],
          [texts.length, durationMs === null ? null : elapsed(durationMs)],
          [texts.size, bytes === null ? null : bytesText(bytes, locale)],
          [texts.ended, stoppedBecause === null ? null : texts.reasons[stoppedBecause]],
          [texts.kept, expiresAt === null ? texts.keptForGood : day(expiresAt, locale)],
          [texts.meeting, access === "manage" ? <Link to={`/meetings/${meetingId}`}>{texts.toMeeting}</Link> : null],
        ]}
      />
    </Card>
  );
}

interface HeadProps {
  readonly current: Versioned<Recording>;
  readonly onChanged: () => void;
}

function Head({ current, onChanged }: HeadProps) {
  const texts = useRecordingMessages();
  const { value: recording } = current;
  return (
    <PageHead
      title={recording.title}
      lead={<StatePill state={recording.state} />}
      back={<BackLink to="/recordings">{texts.title}</BackLink>}
      action={recording.access === "manage" && <Changing current={current} onChanged={onChanged} />}
    />
  );
}

function Changing({ current, onChanged }: HeadProps) {
  const { id, title } = current.value;
  const texts = useRecordingMessages();
  const { api } = useSession();
  const navigate = useNavigate();
  const [open, setOpen] = useState<"rename" | "delete" | null>(null);
  const close = () => {
    setOpen(null);
  };
  const { delete: words } = texts;
  return (
    <div className={styles.actions}>
      <Button
        icon={<PencilLine aria-hidden />}
        onPress={() => {
          setOpen("rename");
        }}
      >
        {texts.rename.action}
      </Button>
      <Button
        icon={<Trash2 aria-hidden />}
        onPress={() => {
          setOpen("delete");
        }}
      >
        {words.action}
      </Button>
      <RenameDialog
        id={id}
        title={title}
        version={current.version}
        isOpen={open === "rename"}
        onClose={close}
        onRenamed={onChanged}
      />
      <ActionDialog
        title={words.title}
        effects={words.effects}
        action={words.action}
        texts={{ conflict: words.underWay, permission_denied: words.notYours }}
        isOpen={open === "delete"}
        onClose={close}
        onConfirm={async () => {
          await api.recordings.delete(id);
          showToast({ tone: "info", title: words.done });
          await navigate("/recordings", { replace: true });
        }}
      />
    </div>
  );
}
