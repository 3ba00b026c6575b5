import { LoadFailure } from "../loading/LoadFailure.js";
import type { Loaded } from "../loading/useLoaded.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { OneOf } from "../ui/Choices.js";
import { Spinner } from "../ui/Spinner.js";

export type RecordingsFate = "keep" | "delete";

interface RecordingsChoiceProps {
  /** Whether there are recordings. */
  readonly found: Loaded<boolean | null>;
  readonly selected: RecordingsFate;
  readonly onSelect: (fate: RecordingsFate) => void;
}

/** What becomes of a meeting's recordings when it is deleted; nothing where it has none. */
export function RecordingsChoice({ found, selected, onSelect }: RecordingsChoiceProps) {
  const texts = useMeetingMessages().overview;
  if (found.error !== null) return <LoadFailure of={found} />;
  if (found.value === null) return <Spinner />;
  if (!found.value) return null;
  return (
    <OneOf
      label={texts.deleteRecordings}
      choices={[
        { id: "keep", label: texts.recordingsFates.keep, hint: texts.recordingsKept },
        { id: "delete", label: texts.recordingsFates.delete },
      ]}
      selected={selected}
      onSelect={(id) => {
        onSelect(id === "delete" ? "delete" : "keep");
      }}
    />
  );
}
