import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { LoadFailure } from "../loading/LoadFailure.js";
import type { Loaded } from "../loading/useLoaded.js";
import { Select } from "../ui/Select.js";
import { Spinner } from "../ui/Spinner.js";
import type { Heir } from "./useHeirs.js";

interface HeirChoiceProps {
  readonly found: Loaded<readonly Heir[] | null>;
  readonly selected: string | null;
  readonly onSelect: (userId: string) => void;
}

/** Who is to have a meeting. */
export function HeirChoice({ found, selected, onSelect }: HeirChoiceProps) {
  const texts = useMeetingMessages().overview.giving;
  if (found.error !== null) return <LoadFailure of={found} />;
  if (found.value === null) return <Spinner />;
  if (found.value.length === 0) return <p role="status">{texts.nobody}</p>;
  return (
    <Select
      label={texts.to}
      isLabelled
      items={found.value.map(({ userId, name }) => ({ id: userId, label: name }))}
      selected={selected}
      placeholder={texts.choose}
      onSelect={onSelect}
    />
  );
}
