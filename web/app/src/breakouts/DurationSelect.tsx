import type { ReactNode } from "react";
import { useMessages } from "../messages/catalogue.js";
import { Select } from "../ui/Select.js";

const MINUTES = [5, 10, 15, 20, 30, 45, 60, 90];
const NO_LIMIT = "none";

interface DurationSelectProps {
  /** Null: until the rooms are closed. Another length than those that are offered is offered, too. */
  readonly minutes: number | null;
  readonly icon?: ReactNode;
  readonly isLabelled?: boolean;
  readonly onSelect: (minutes: number | null) => void;
}

/** For how long breakout rooms are open. */
export function DurationSelect({ minutes, icon, isLabelled = false, onSelect }: DurationSelectProps) {
  const { breakouts: texts } = useMessages();
  const offered = minutes === null || MINUTES.includes(minutes) ? MINUTES : [...MINUTES, minutes];
  return (
    <Select
      label={texts.duration}
      isLabelled={isLabelled}
      icon={icon}
      items={[
        { id: NO_LIMIT, label: texts.noLimit },
        ...offered.map((number) => ({ id: String(number), label: texts.minutes(number) })),
      ]}
      selected={minutes === null ? NO_LIMIT : String(minutes)}
      placeholder={texts.duration}
      onSelect={(id) => {
        onSelect(id === NO_LIMIT ? null : Number(id));
      }}
    />
  );
}
