import type { MeetingSettings } from "@parley/sdk";
import { NumberField } from "../forms/NumberField.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { Field } from "../ui/Field.js";
import { Select } from "../ui/Select.js";
import { Switch } from "../ui/Switch.js";
import styles from "./Planning.module.css";

interface SettingsFieldsProps {
  readonly value: MeetingSettings;
  /** Of one meeting; the organisation's defaults have none. */
  readonly hasPasscode?: boolean;
  readonly errors: Readonly<Record<string, string | undefined>>;
  readonly onChange: (settings: MeetingSettings) => void;
}

const SWITCHES = ["guestsAllowed", "joinBeforeHost", "locked", "muteOnEntry", "recordAutomatically"] as const;
const ALLOWED = ["share", "chat", "notes", "record"] as const;

/** What a meeting is like. */
export function SettingsFields({ value, hasPasscode = false, errors, onChange }: SettingsFieldsProps) {
  const texts = useMeetingMessages().settings;
  const set = (change: Partial<MeetingSettings>) => {
    onChange({ ...value, ...change });
  };
  const choices = (labels: Readonly<Record<string, string>>) => Object.entries(labels).map(([id, label]) => ({ id, label }));
  return (
    <>
      <div className={styles.pairs}>
        <Select
          label={texts.lobby}
          isLabelled
          items={choices(texts.lobbies)}
          selected={value.lobby}
          placeholder={texts.lobby}
          onSelect={(lobby) => {
            set({ lobby: lobby as MeetingSettings["lobby"] });
          }}
        />
        {hasPasscode && (
          <Field
            label={texts.passcode}
            hint={texts.passcodeHint}
            autoComplete="off"
            maxLength={32}
            value={value.passcode ?? ""}
            error={errors["settings.passcode"]}
            onChange={(passcode) => {
              set({ passcode: passcode === "" ? null : passcode });
            }}
          />
        )}
        {ALLOWED.map((name) => (
          <Select
            key={name}
            label={texts[name]}
            isLabelled
            items={choices(texts.allowed)}
            selected={value[name]}
            placeholder={texts[name]}
            onSelect={(who) => {
              set({ [name]: who });
            }}
          />
        ))}
        <Select
          label={texts.recordingKind}
          isLabelled
          items={choices(texts.recordingKinds)}
          selected={value.recordingKind}
          placeholder={texts.recordingKind}
          onSelect={(recordingKind) => {
            set({ recordingKind: recordingKind as MeetingSettings["recordingKind"] });
          }}
        />
        <NumberField
          label={texts.maxParticipants}
          hint={texts.maxParticipantsHint}
          value={value.maxParticipants}
          error={errors["settings.max_participants"]}
          onChange={(maxParticipants) => {
            set({ maxParticipants });
          }}
        />
        <NumberField
          label={texts.maxMinutes}
          hint={texts.maxMinutesHint}
          value={value.maxMinutes}
          error={errors["settings.max_minutes"]}
          onChange={(maxMinutes) => {
            set({ maxMinutes });
          }}
        />
      </div>
      <div>
        {SWITCHES.map((name) => (
          <Switch
            key={name}
            isSelected={value[name]}
            onChange={(isOn) => {
              set({ [name]: isOn });
            }}
          >
            {texts[name]}
          </Switch>
        ))}
      </div>
    </>
  );
}
