import type { Meeting, User } from "@parley/sdk";
import { CalendarX, EllipsisVertical, PencilLine, SquareX, Trash2, UserRoundPen } from "lucide-react";
import { useState } from "react";
import { useNavigate } from "react-router";
import { ActionDialog } from "../admin/ActionDialog.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { useSession } from "../session/session.js";
import { IconButton } from "../ui/IconButton.js";
import { LinkButton } from "../ui/LinkButton.js";
import { Menu, MenuItem } from "../ui/Menu.js";
import { showToast } from "../ui/toasts.js";
import { HeirChoice } from "./HeirChoice.js";
import { RecordingsChoice, type RecordingsFate } from "./RecordingsChoice.js";
import { useHasRecordings } from "./useHasRecordings.js";
import { useHeirs } from "./useHeirs.js";

interface HostMenuProps {
  readonly meeting: Meeting;
  readonly user: User;
  readonly version: string | null | undefined;
  readonly onChanged: () => void;
}

type Action = "end" | "give" | "cancel" | "delete";

/** What those who run a meeting may do with all of it. */
export function HostMenu({ meeting, user, version, onChanged }: HostMenuProps) {
  const texts = useMeetingMessages().overview;
  const { api } = useSession();
  const navigate = useNavigate();
  const [asked, setAsked] = useState<Action | null>(null);
  const [fate, setFate] = useState<RecordingsFate>("keep");
  const { id, status, kind } = meeting;
  const [heir, setHeir] = useState<string | null>(null);
  const recordings = useHasRecordings(id, asked === "delete");
  const heirs = useHeirs(meeting, asked === "give");
  const chosen = heirs.value?.find(({ userId }) => userId === heir);
  const isOwner = meeting.hostId === user.id || user.permissions.includes("meetings:administer");
  const endsForGood = kind === "once" || kind === "instant";
  const effects: Record<Action, readonly string[]> = {
    end: [...texts.endEffects, ...(endsForGood ? [texts.endForGood] : [])],
    give: meeting.hostId === user.id ? texts.giving.effects : texts.giving.effectsForOthers(meeting.hostName),
    cancel: texts.cancelEffects,
    delete: texts.deleteEffects,
  };
  const titles: Record<Action, string> = {
    end: texts.endTitle,
    give: texts.giving.title,
    cancel: texts.cancelTitle,
    delete: texts.deleteTitle,
  };
  const done: Record<Action, string> = {
    end: texts.ended,
    give: texts.giving.done(chosen?.name ?? ""),
    cancel: texts.cancelled,
    delete: texts.deleted,
  };
  const act = async (action: Action) => {
    if (action === "end") await api.meetings.end(id);
    if (action === "give" && chosen) await api.meetings.transfer(id, chosen.userId, chosen.name);
    if (action === "cancel") await api.meetings.cancel(id, version);
    if (action === "delete") await api.meetings.delete(id, version, fate);
    showToast({ tone: "info", title: done[action] });
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
          {isOwner && meeting.joinable && kind !== "personal" && (
            <MenuItem icon={<UserRoundPen aria-hidden />} onAction={ask("give")}>
              {texts.giving.give}
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
        action={action === "give" ? texts.giving.action : texts[action]}
        texts={{ conflict: texts.deleteLive, precondition_failed: texts.changedMeanwhile }}
        isDisabled={(action === "delete" && recordings.value === null) || (action === "give" && !chosen)}
        isOpen={asked !== null}
        onClose={() => {
          setAsked(null);
        }}
        onConfirm={() => act(action)}
      >
        {action === "give" && <HeirChoice found={heirs} selected={heir} onSelect={setHeir} />}
        {action === "delete" && <RecordingsChoice found={recordings} selected={fate} onSelect={setFate} />}
      </ActionDialog>
    </>
  );
}
