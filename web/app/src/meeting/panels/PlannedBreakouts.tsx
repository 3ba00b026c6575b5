import type { BreakoutOthers, BreakoutPlan } from "@parley/sdk";
import { Shuffle } from "lucide-react";
import { useId, useState } from "react";
import { OTHERS, personName } from "../../breakouts/plan-words.js";
import { useMessages } from "../../messages/catalogue.js";
import { Button } from "../../ui/Button.js";
import { Select } from "../../ui/Select.js";
import { useRoom } from "../meeting-room.js";
import { attempt } from "../room/attempt.js";
import { plannedBreakouts } from "./breakout-plan.js";
import styles from "./BreakoutsPanel.module.css";

/** The rooms that were planned before the meeting, opened with one click. */
export function PlannedBreakouts({ plan }: { readonly plan: BreakoutPlan }) {
  const messages = useMessages();
  const { breakouts: texts } = messages;
  const { room, state } = useRoom();
  const id = useId();
  const [others, setOthers] = useState<BreakoutOthers>(plan.others);
  const [isPending, setPending] = useState(false);
  const open = () => {
    setPending(true);
    void attempt(messages, () =>
      room.moderation.openBreakouts(plannedBreakouts(plan, state.participants, others), {
        freeChoice: others === "choose",
        ...(plan.minutes === null ? {} : { closeAfter: plan.minutes * 60 }),
      }),
    ).finally(() => {
      setPending(false);
    });
  };
  return (
    <section className={styles.new} aria-labelledby={id}>
      <h3 id={id} className={styles.heading}>
        {plan.minutes === null ? texts.planned : texts.plannedFor(texts.minutes(plan.minutes))}
      </h3>
      <ul className={styles.planned}>
        {plan.rooms.map(({ name, people }) => (
          <li key={name}>
            <p className={styles.name}>
              {name} {people.length > 0 && <span className={styles.count}>{people.length}</span>}
            </p>
            {people.length > 0 && <p className={styles.lead}>{people.map(personName).join(", ")}</p>}
          </li>
        ))}
      </ul>
      <Select
        label={texts.others}
        isLabelled
        icon={<Shuffle aria-hidden />}
        items={OTHERS.map((choice) => ({ id: choice, label: texts.othersChoices[choice] }))}
        selected={others}
        placeholder={texts.others}
        onSelect={(choice) => {
          setOthers(choice as BreakoutOthers);
        }}
      />
      <Button variant="primary" fullWidth isPending={isPending} onPress={open}>
        {texts.openPlanned}
      </Button>
    </section>
  );
}
