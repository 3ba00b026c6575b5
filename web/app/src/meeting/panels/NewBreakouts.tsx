import { Clock, LayoutGrid, Shuffle } from "lucide-react";
import { useState } from "react";
import { DurationSelect } from "../../breakouts/DurationSelect.js";
import { MOST_ROOMS } from "../../breakouts/rooms.js";
import { useMessages } from "../../messages/catalogue.js";
import { Button } from "../../ui/Button.js";
import { Select } from "../../ui/Select.js";
import { useRoom } from "../meeting-room.js";
import { attempt } from "../room/attempt.js";
import { breakoutPlan, type Assignment } from "./breakout-plan.js";
import styles from "./BreakoutsPanel.module.css";

/**
 * How many rooms, who goes where, for how long.
 *
 * @param isBesidePlan Whether there are planned ones above, which come first.
 */
export function NewBreakouts({ isBesidePlan }: { readonly isBesidePlan: boolean }) {
  const messages = useMessages();
  const { breakouts: texts } = messages;
  const { room, state } = useRoom();
  const [count, setCount] = useState(2);
  const [assignment, setAssignment] = useState<Assignment>("evenly");
  const [minutes, setMinutes] = useState<number | null>(null);
  const [isPending, setPending] = useState(false);
  const open = () => {
    setPending(true);
    const rooms = breakoutPlan(state.participants, count, assignment, texts.roomName);
    void attempt(messages, () =>
      room.moderation.openBreakouts(rooms, {
        freeChoice: assignment === "choose",
        ...(minutes === null ? {} : { closeAfter: minutes * 60 }),
      }),
    ).finally(() => {
      setPending(false);
    });
  };
  return (
    <div className={styles.new}>
      {isBesidePlan ? <h3 className={styles.heading}>{texts.orOthers}</h3> : <p className={styles.lead}>{texts.lead}</p>}
      <Select
        label={texts.count}
        icon={<LayoutGrid aria-hidden />}
        items={Array.from({ length: MOST_ROOMS - 1 }, (_, index) => ({ id: String(index + 2), label: texts.rooms(index + 2) }))}
        selected={String(count)}
        placeholder={texts.count}
        onSelect={(id) => {
          setCount(Number(id));
        }}
      />
      <Select
        label={texts.assignment}
        icon={<Shuffle aria-hidden />}
        items={(["evenly", "choose", "byHand"] as const).map((id) => ({ id, label: texts[id] }))}
        selected={assignment}
        placeholder={texts.assignment}
        onSelect={(id) => {
          setAssignment(id as Assignment);
        }}
      />
      <DurationSelect minutes={minutes} icon={<Clock aria-hidden />} onSelect={setMinutes} />
      <Button variant={isBesidePlan ? "secondary" : "primary"} fullWidth isPending={isPending} onPress={open}>
        {texts.open}
      </Button>
    </div>
  );
}
