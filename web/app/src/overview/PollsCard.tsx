import type { Meeting, PollText, PreparedPoll } from "@parley/sdk";
import { ArrowDown, ArrowUp, EllipsisVertical, Pencil, Plus, Trash2 } from "lucide-react";
import { useCallback, useState } from "react";
import { useLocale } from "react-aria-components";
import { Link } from "react-router";
import list from "../account/List.module.css";
import { Failure } from "../forms/Failure.js";
import { useAttempt } from "../forms/useAttempt.js";
import { LoadFailure } from "../loading/LoadFailure.js";
import { useLoaded } from "../loading/useLoaded.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { RequestKeys } from "../planning/request-keys.js";
import { PollForm } from "../polls/PollForm.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { Card } from "../ui/Card.js";
import { Dialog } from "../ui/Dialog.js";
import { IconButton } from "../ui/IconButton.js";
import { Menu, MenuItem } from "../ui/Menu.js";
import { showToast } from "../ui/toasts.js";
import { momentText } from "./times.js";

const MOST = 50;

/** What is asked in the meeting with one click: prepared here, and how it came out. */
export function PollsCard({ meeting }: { readonly meeting: Meeting }) {
  const texts = useMeetingMessages().overview.polls;
  const { api } = useSession();
  const { prepared } = api.meetings;
  const loaded = useLoaded(useCallback(() => prepared.polls(meeting.id), [prepared, meeting.id]));
  const { error, run } = useAttempt();
  const [edited, setEdited] = useState<PreparedPoll | "new" | null>(null);
  const polls = loaded.value ?? [];
  const move = (place: number, by: 1 | -1) =>
    void run(async () => {
      const ids = polls.map(({ id }) => id);
      const [moved = ""] = ids.splice(place, 1);
      ids.splice(place + by, 0, moved);
      loaded.set(await prepared.orderPolls(meeting.id, ids));
    });
  const remove = ({ id }: PreparedPoll) =>
    void run(async () => {
      await prepared.deletePoll(meeting.id, id);
      showToast({ tone: "info", title: texts.deleted });
      loaded.reload();
    });
  return (
    <Card
      title={texts.title}
      lead={texts.lead}
      action={
        meeting.joinable &&
        loaded.value !== null &&
        polls.length < MOST && (
          <Button
            icon={<Plus aria-hidden />}
            onPress={() => {
              setEdited("new");
            }}
          >
            {texts.add}
          </Button>
        )
      }
    >
      <LoadFailure of={loaded} />
      <Failure error={error} />
      {polls.length > 0 && (
        <ul className={list.inner} aria-label={texts.list}>
          {polls.map((poll, place) => (
            <Row
              key={poll.id}
              meeting={meeting}
              poll={poll}
              onChange={() => {
                setEdited(poll);
              }}
              onMoveUp={place === 0 ? undefined : () => { move(place, -1); }}
              onMoveDown={place === polls.length - 1 ? undefined : () => { move(place, 1); }}
              onDelete={() => {
                remove(poll);
              }}
            />
          ))}
        </ul>
      )}
      <Dialog
        title={edited === "new" ? texts.addTitle : texts.changeTitle}
        isOpen={edited !== null}
        onClose={() => {
          setEdited(null);
        }}
      >
        <Editor
          meeting={meeting}
          before={edited === "new" || edited === null ? undefined : edited}
          onClose={(isSaved) => {
            setEdited(null);
            if (isSaved) loaded.reload();
          }}
        />
      </Dialog>
    </Card>
  );
}

interface EditorProps {
  readonly meeting: Meeting;
  readonly before: PreparedPoll | undefined;
  readonly onClose: (isSaved: boolean) => void;
}

function Editor({ meeting, before, onClose }: EditorProps) {
  const texts = useMeetingMessages().overview.polls;
  const { api } = useSession();
  const { prepared } = api.meetings;
  const { error, isPending, run } = useAttempt();
  const [keys] = useState(() => new RequestKeys());
  const save = (poll: PollText) =>
    run(async () => {
      if (before === undefined) await prepared.addPoll(meeting.id, poll, keys.of(poll));
      else await prepared.changePoll(meeting.id, before, poll);
      onClose(true);
    });
  return (
    <>
      <Failure error={error} texts={{ precondition_failed: texts.changedMeanwhile }} />
      <PollForm
        before={before}
        action={texts.save}
        isPending={isPending}
        onSubmit={(poll) => void save(poll)}
        onCancel={() => {
          onClose(false);
        }}
      />
    </>
  );
}

interface RowProps {
  readonly meeting: Meeting;
  readonly poll: PreparedPoll;
  readonly onChange: () => void;
  readonly onMoveUp: (() => void) | undefined;
  readonly onMoveDown: (() => void) | undefined;
  readonly onDelete: () => void;
}

function Row({ meeting, poll, onChange, onMoveUp, onMoveDown, onDelete }: RowProps) {
  const texts = useMeetingMessages().overview.polls;
  const { locale } = useLocale();
  const { question, options, multiple, lastUse } = poll;
  return (
    <li className={list.row}>
      <div className={list.what}>
        <p className={list.name}>{question}</p>
        <p className={list.details}>
          <span>{options.join(" · ")}</span>
          {multiple && <span>{texts.multiple}</span>}
          {lastUse !== null && (
            <Link to={`/meetings/${meeting.id}/sessions/${lastUse.session}/polls`}>
              {texts.asked(momentText(lastUse.askedAt, locale))}
            </Link>
          )}
        </p>
      </div>
      <Menu
        label={texts.options(question)}
        placement="bottom end"
        trigger={
          <IconButton label={texts.options(question)}>
            <EllipsisVertical aria-hidden />
          </IconButton>
        }
      >
        {meeting.joinable && (
          <MenuItem icon={<Pencil aria-hidden />} onAction={onChange}>
            {texts.change}
          </MenuItem>
        )}
        {meeting.joinable && onMoveUp && (
          <MenuItem icon={<ArrowUp aria-hidden />} onAction={onMoveUp}>
            {texts.moveUp}
          </MenuItem>
        )}
        {meeting.joinable && onMoveDown && (
          <MenuItem icon={<ArrowDown aria-hidden />} onAction={onMoveDown}>
            {texts.moveDown}
          </MenuItem>
        )}
        <MenuItem icon={<Trash2 aria-hidden />} isDangerous onAction={onDelete}>
          {texts.delete}
        </MenuItem>
      </Menu>
    </li>
  );
}
