import type { RecordingFile } from "@parley/sdk";
import { Download, FileJson, Mic, MonitorUp, Play, Video, Volume2 } from "lucide-react";
import { useState } from "react";
import { useLocale } from "react-aria-components";
import list from "../account/List.module.css";
import { Failure } from "../forms/Failure.js";
import { useAttempt } from "../forms/useAttempt.js";
import { bytesText } from "../messages/numbers.js";
import { elapsed } from "../messages/time.js";
import { useSession } from "../session/session.js";
import { Card } from "../ui/Card.js";
import { IconButton } from "../ui/IconButton.js";
import { IconTile } from "../ui/IconTile.js";
import { saveFrom } from "../ui/save-file.js";
import { Player } from "./Player.js";
import { useRecordingMessages } from "./useRecordingMessages.js";

interface FilesCardProps {
  readonly id: string;
  readonly files: readonly RecordingFile[];
}

/** What a recording consists of: to be looked at here, or to be kept. */
export function FilesCard({ id, files }: FilesCardProps) {
  const texts = useRecordingMessages().files;
  const { api } = useSession();
  const { error, run } = useAttempt();
  const [played, setPlayed] = useState<RecordingFile | null>(null);
  const parts = [...new Set(files.map(({ part }) => part))];
  const whatOf = ({ name, source }: RecordingFile) =>
    source === "manifest" ? texts.sources.manifest : `${name ?? texts.unknown}, ${texts.sources[source]}`;
  return (
    <Card title={texts.title} lead={texts.lead}>
      <Failure error={error} />
      {played !== null && (
        <Player
          key={played.id}
          recordingId={id}
          file={played}
          what={whatOf(played)}
          onClose={() => {
            setPlayed(null);
          }}
        />
      )}
      <ul className={list.inner} aria-label={texts.list}>
        {files.map((file) => (
          <Row
            key={file.id}
            file={file}
            what={whatOf(file)}
            part={parts.length > 1 ? parts.indexOf(file.part) + 1 : null}
            onPlay={() => {
              setPlayed(file);
            }}
            onDownload={() =>
              void run(async () => {
                saveFrom((await api.recordings.address(id, file.id)).url);
              })
            }
          />
        ))}
      </ul>
    </Card>
  );
}

const ICONS = { microphone: Mic, camera: Video, screen: MonitorUp, screen_audio: Volume2, manifest: FileJson } as const;

interface RowProps {
  readonly file: RecordingFile;
  readonly what: string;
  /** Which of several; null: there is one alone. */
  readonly part: number | null;
  readonly onPlay: () => void;
  readonly onDownload: () => void;
}

function Row({ file, what, part, onPlay, onDownload }: RowProps) {
  const texts = useRecordingMessages().files;
  const { locale } = useLocale();
  const { name, source, codec, startMs, durationMs, bytes } = file;
  const Icon = ICONS[source];
  const isMedia = source !== "manifest";
  return (
    <li className={list.row}>
      <IconTile>
        <Icon />
      </IconTile>
      <div className={list.what}>
        <p className={list.name}>{isMedia ? (name ?? texts.unknown) : texts.sources.manifest}</p>
        <p className={list.details}>
          {isMedia && <span>{texts.sources[source]}</span>}
          {part !== null && <span>{texts.part(part)}</span>}
          {startMs !== null && startMs >= 1000 && <span>{texts.from(elapsed(startMs))}</span>}
          {durationMs !== null && <span>{elapsed(durationMs)}</span>}
          <span>{bytesText(bytes, locale)}</span>
          {codec !== null && <span>{codec}</span>}
        </p>
      </div>
      <div className={list.buttons}>
        {isMedia && (
          <IconButton label={texts.play(what)} onPress={onPlay}>
            <Play aria-hidden />
          </IconButton>
        )}
        <IconButton label={texts.download(what)} onPress={onDownload}>
          <Download aria-hidden />
        </IconButton>
      </div>
    </li>
  );
}
