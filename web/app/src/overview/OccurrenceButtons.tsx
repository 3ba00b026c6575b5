import type { OccurrenceChange, Schedule, SeriesOccurrence } from "@parley/sdk";
import { CalendarX, PencilLine, Undo2 } from "lucide-react";
import { useState } from "react";
import { useLocale } from "react-aria-components";
import list from "../account/List.module.css";
import type { Attempt } from "../forms/useAttempt.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { ConfirmDialog, Dialog } from "../ui/Dialog.js";
import { IconButton } from "../ui/IconButton.js";
import { OccurrenceForm } from "./OccurrenceForm.js";
import { momentText } from "./times.js";

interface OccurrenceButtonsProps {
  readonly time: SeriesOccurrence;
  readonly schedule: Schedule;
  readonly onChange: (change: OccurrenceChange) => Promise<void>;
  /** Does what needs no form; a failure is told above the list. */
  readonly run: Attempt["run"];
}

/** What those who run a series do with one of its times: change or cancel it, and bring it back. */
export function OccurrenceButtons({ time, schedule, onChange, run }: OccurrenceButtonsProps) {
  const words = useMeetingMessages().overview.occurrences;
  const { locale } = useLocale();
  const [asked, setAsked] = useState<"change" | "cancel" | null>(null);
  const when = momentText(time.start, locale);
  const ask = (what: "change" | "cancel" | null) => () => {
    setAsked(what);
  };
  const setCancelled = (cancelled: boolean) => () => void run(() => onChange({ cancelled }));
  return (
    <div className={list.buttons}>
      {time.cancelled ? (
        <IconButton label={words.restore(when)} onPress={setCancelled(false)}>
          <Undo2 aria-hidden />
        </IconButton>
      ) : (
        <>
          <IconButton label={words.change(when)} onPress={ask("change")}>
            <PencilLine aria-hidden />
          </IconButton>
          <IconButton label={words.cancel(when)} onPress={ask("cancel")}>
            <CalendarX aria-hidden />
          </IconButton>
        </>
      )}
      <Dialog title={words.changeTitle} isOpen={asked === "change"} onClose={ask(null)}>
        <OccurrenceForm time={time} schedule={schedule} onChange={onChange} onClose={ask(null)} />
      </Dialog>
      <ConfirmDialog
        title={words.cancelTitle}
        text={words.cancelText(when)}
        action={words.cancelAction}
        isOpen={asked === "cancel"}
        onClose={ask(null)}
        onConfirm={setCancelled(true)}
      />
    </div>
  );
}
