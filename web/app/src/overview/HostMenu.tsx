import type { Meeting, User } from "@parley/sdk";
import { CalendarX, EllipsisVertical, PencilLine, SquareX, Trash2 } from "lucide-react";
import { useState } from "react";
import { useNavigate } from "react-router";
import { ActionDialog } from "../admin/ActionDialog.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { useSession } from "../session/session.js";
import { IconButton } from "../ui/IconButton.js";
import { LinkButton } from "../ui/LinkButton.js";
import { Menu, MenuItem } from "../ui/Menu.js";
import { showToast } from "../ui/toasts.js";
import { RecordingsChoice, type RecordingsFate } from "./RecordingsChoice.js";
import { useHasRecordings } from "./useHasRecordings.js";

interface HostMenuProps {
  readonly meeting: Meeting;
  readonly user: User;
  readonly version: string | null | undefined;
  readonly onChanged: () => void;
}

type Action = "end" | "cancel" | "delete";

/** What those who run a meeting may do with all of it. */
export function HostMenu({ meeting, user, version, onChanged }: HostMenuProps) {
  const texts = useMeetingMessages().overview;
  const { api } = useSession();
  const navigate = useNavigate();
  const [asked, setAsked] = useState<Action | null>(null);
  const [fate, setFate] = useState<RecordingsFate>("keep");
  const { id, status, kind } = meeting;
  const recordings = useHasRecordings(id, asked === "delete");
  const isOwner = meeting.hostId === user.id || user.permissions.includes("meetings:administer");
  const endsForGood = kind === "once" || kind === "instant";
  const effects: Record<Action, readonly string[]> = {
    end: [...texts.endEffects, ...(endsForGood ? [texts.endForGood] : [])],
    cancel: texts.cancelEffects,
    delete: texts.deleteEffects,
  };
  const titles: Record<Action, string> = { end: texts.endTitle, cancel: texts.cancelTitle, delete: texts.deleteTitle };
  const act = async (action: Action) => {
    if (action === "end") await api.meetings.end(id);
    if (action === "cancel") await api.meetings.cancel(id, version);
    if (action === "delete") await api.meetings.delete(id, version, fate);
    showToast({ tone: "info", title: { end: texts.ended, cancel: texts.cancelled, delete: texts.deleted }[action] });
    if (action === "delete") await navigate("/", { replace: true });
    else onChanged();
  };
  const ask = (action: Action) => () => {
    setAsked(action);
  };
  const action = asked ?? "cancel";
  return (
    <>
      {status !== "cancelled" && (
        <LinkButton to={`/meetings/${id}/edit`} icon={<PencilLine aria-hidden />}>
          {texts.edit}
        </LinkButton>
      )}
      {(isOwner || status === "live") && (
        <Menu
          label={texts.more}
          placement="bottom end"
          trigger={
            <IconButton label={texts.more}>
              <EllipsisVertical aria-hidden />
            </IconButton>
          }
        >
          {status === "live" && (
            <MenuItem icon={<SquareX aria-hidden />} onAction={ask("end")}>
              {texts.end}
            </MenuItem>
          )}
          {isOwner && status !== "cancelled" && (
            <MenuItem icon={<CalendarX aria-hidden />} onAction={ask("cancel")}>
              {texts.cancel}
            </MenuItem>
          )}
          {isOwner && (
            <MenuItem icon={<Trash2 aria-hidden />} isDangerous onAction={ask("delete")}>
              {texts.delete}
            </MenuItem>
          )}
        </Menu>
      )}
      <ActionDialog
        title={titles[action]}
        effects={effects[action]}
        action={texts[action]}
        texts={{ conflict: texts.deleteLive, precondition_failed: texts.changedMeanwhile }}
        isDisabled={action === "delete" && recordings.value === null}
        isOpen={asked !== null}
        onClose={() => {
          setAsked(null);
        }}
        onConfirm={() => act(action)}
      >
        {action === "delete" && <RecordingsChoice found={recordings} selected={fate} onSelect={setFate} />}
      </ActionDialog>
    </>
  );
}
