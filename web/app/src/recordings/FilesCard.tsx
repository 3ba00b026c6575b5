import type { RecordingFile } from "@parley/sdk";
import { Download, FileJson, Film, Mic, MonitorUp, Play, Video, Volume2 } from "lucide-react";
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
import { useRecordingMessages } from "./useRecordingMessages.js";

interface FilesCardProps {
  readonly id: string;
  readonly files: readonly RecordingFile[];
  readonly onPlay: (file: RecordingFile) => void;
}

/** What a recording consists of: to be looked at, or to be kept. */
export function FilesCard({ id, files, onPlay }: FilesCardProps) {
  const texts = useRecordingMessages().files;
  const { api } = useSession();
  const { error, run } = useAttempt();
  // What one node made of both kinds is one part to people.
  const stems = [...new Set(files.map(({ part }) => stemOf(part)))];
  const [film] = files.filter(({ source }) => source === "meeting");
  const whatOf = useWhatOf();
  return (
    <Card title={texts.title} lead={film === undefined ? texts.lead : texts.filmLead}>
      <Failure error={error} />
      <ul className={list.inner} aria-label={texts.list}>
        {files.map((file) => (
          <Row
            key={file.id}
            file={file}
            what={whatOf(file)}
            part={stems.length > 1 ? stems.indexOf(stemOf(file.part)) + 1 : null}
            onPlay={() => {
              onPlay(file);
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

/** What a file is called where it stands alone. */
export function useWhatOf(): (file: RecordingFile) => string {
  const texts = useRecordingMessages().files;
  return ({ name, source }) =>
    source === "manifest" || source === "meeting" ? texts.sources[source] : `${name ?? texts.unknown}, ${texts.sources[source]}`;
}

function stemOf(part: string): string {
  return part.replace(/\.composite$/, "");
}

const ICONS = { meeting: Film, microphone: Mic, camera: Video, screen: MonitorUp, screen_audio: Volume2, manifest: FileJson } as const;

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
  const isTrack = isMedia && source !== "meeting";
  return (
    <li className={list.row}>
      <IconTile>
        <Icon />
      </IconTile>
      <div className={list.what}>
        <p className={list.name}>{isTrack ? (name ?? texts.unknown) : texts.sources[source]}</p>
        <p className={list.details}>
          {isTrack && <span>{texts.sources[source]}</span>}
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
