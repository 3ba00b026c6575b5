import type { RecordingLayout } from "@parley/sdk";
import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { useMessages } from "../../messages/catalogue.js";
import { Button } from "../../ui/Button.js";
import { OneOf } from "../../ui/Choices.js";
import { Field } from "../../ui/Field.js";
import { IconButton } from "../../ui/IconButton.js";
import { Notice } from "../../ui/Notice.js";
import { Switch } from "../../ui/Switch.js";
import { useRoom } from "../meeting-room.js";
import { attempt } from "../room/attempt.js";
import { addressOf, errorsOf, type TargetDraft } from "./broadcast-targets.js";
import styles from "./BroadcastDialog.module.css";

const LAYOUTS = ["speaker", "grid"] as const satisfies readonly RecordingLayout[];
/** As many as the gateways take (`contracts/broadcast_commands.py`). */
const MOST_TARGETS = 5;

export function BroadcastForm({ onClose }: { readonly onClose: () => void }) {
  const messages = useMessages();
  const { broadcast: texts } = messages;
  const { room } = useRoom();
  const [layout, setLayout] = useState<RecordingLayout>("speaker");
  const [hasPage, setPage] = useState(true);
  const [targets, setTargets] = useState<readonly TargetDraft[]>([]);
  const [isChecked, setChecked] = useState(false);
  const [isBeginning, setBeginning] = useState(false);
  const isNowhere = !hasPage && targets.length === 0;
  const isWrong = isNowhere || targets.some((each) => Object.values(errorsOf(each)).includes(true));
  const begin = async () => {
    setChecked(true);
    if (isWrong) return;
    setBeginning(true);
    await attempt(messages, () => room.startBroadcast({ layout, hls: hasPage, targets: targets.map((each) => ({ url: addressOf(each) })) }));
    setBeginning(false);
  };
  const change = (key: number, changed: Partial<TargetDraft>) => {
    setTargets(targets.map((each) => (each.key === key ? { ...each, ...changed } : each)));
  };
  return (
    <form
      className={styles.parts}
      onSubmit={(event) => {
        event.preventDefault();
        void begin();
      }}
    >
      <OneOf
        label={texts.layout}
        choices={LAYOUTS.map((id) => ({ id, ...messages.recording.layouts[id] }))}
        selected={layout}
        onSelect={(id) => {
          setLayout(id as RecordingLayout);
        }}
      />
      <div>
        <Switch isSelected={hasPage} onChange={setPage}>
          {texts.watchPage}
        </Switch>
        <p className={styles.hint}>{texts.watchHint}</p>
      </div>
      <div className={styles.targets} role="group" aria-label={texts.targets}>
        <p className={styles.label}>{texts.targets}</p>
        <p className={styles.hint}>{texts.targetsHint}</p>
        {targets.map((each, index) => (
          <TargetFields
            key={each.key}
            target={each}
            place={index + 1}
            isChecked={isChecked}
            onChange={(changed) => {
              change(each.key, changed);
            }}
            onRemove={() => {
              setTargets(targets.filter(({ key }) => key !== each.key));
            }}
          />
        ))}
        {targets.length < MOST_TARGETS && (
          <Button
            icon={<Plus aria-hidden />}
            onPress={() => {
              setTargets([...targets, { key: (targets.at(-1)?.key ?? 0) + 1, server: "", streamKey: "" }]);
              setChecked(false);
            }}
          >
            {texts.addTarget}
          </Button>
        )}
      </div>
      {isChecked && isNowhere && <Notice tone="error" title={texts.nowhere} />}
      <p className={styles.hint}>{texts.told}</p>
      <div className={styles.actions}>
        <Button onPress={onClose}>{messages.common.cancel}</Button>
        <Button variant="primary" type="submit" isPending={isBeginning}>
          {texts.begin}
        </Button>
      </div>
    </form>
  );
}

interface TargetFieldsProps {
  readonly target: TargetDraft;
  readonly place: number;
  readonly isChecked: boolean;
  readonly onChange: (changed: Partial<TargetDraft>) => void;
  readonly onRemove: () => void;
}

function TargetFields({ target, place, isChecked, onChange, onRemove }: TargetFieldsProps) {
  const { broadcast: texts } = useMessages();
  const errors = errorsOf(target);
  return (
    <div className={styles.target} role="group" aria-label={texts.target(place)}>
      <Field
        label={texts.server}
        placeholder="rtmp://a.rtmp.youtube.com/live2"
        type="url"
        autoComplete="off"
        value={target.server}
        onChange={(server) => {
          onChange({ server });
        }}
        error={isChecked && errors.server ? texts.badServer : undefined}
      />
      <Field
        label={texts.key}
        hint={texts.keyHint}
        type="password"
        autoComplete="off"
        value={target.streamKey}
        onChange={(streamKey) => {
          onChange({ streamKey });
        }}
        error={isChecked && errors.streamKey ? texts.keyMissing : undefined}
      />
      <IconButton label={texts.removeTarget(place)} onPress={onRemove}>
        <Trash2 aria-hidden />
      </IconButton>
    </div>
  );
}
