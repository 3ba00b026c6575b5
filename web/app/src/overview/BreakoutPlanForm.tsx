import type { BreakoutOthers, BreakoutPlan, Invitee, Meeting } from "@parley/sdk";
import { Plus, Shuffle, X } from "lucide-react";
import { useCallback, useId, useState } from "react";
import { Form } from "react-aria-components";
import { DurationSelect } from "../breakouts/DurationSelect.js";
import { OTHERS, personName } from "../breakouts/plan-words.js";
import { MOST_ROOMS } from "../breakouts/rooms.js";
import { Failure } from "../forms/Failure.js";
import { useAttempt } from "../forms/useAttempt.js";
import { LoadFailure } from "../loading/LoadFailure.js";
import { useLoaded } from "../loading/useLoaded.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { Field } from "../ui/Field.js";
import { IconButton } from "../ui/IconButton.js";
import { Select } from "../ui/Select.js";
import styles from "./BreakoutPlanForm.module.css";
import { assignedEvenly, draftOf, planOf, withoutRoom, type PlanDraft } from "./breakout-draft.js";

const NONE = "none";

interface BreakoutPlanFormProps {
  readonly meeting: Meeting;
  /** Null: none are planned yet. */
  readonly before: BreakoutPlan | null;
  readonly onClose: (isSaved: boolean) => void;
}

/** The rooms, who of the invited goes where, what the others do, and for how long. */
export function BreakoutPlanForm({ meeting, before, onClose }: BreakoutPlanFormProps) {
  const messages = useMessages();
  const { breakouts } = messages;
  const texts = useMeetingMessages().overview.breakouts;
  const { api } = useSession();
  const invited = useLoaded(useCallback(() => api.meetings.invitations.list(meeting.id), [api, meeting.id]));
  const [draft, setDraft] = useState<PlanDraft>(() => draftOf(before, breakouts.roomName));
  const { error, isPending, run } = useAttempt();
  const names = draft.rooms.map(({ name }) => name.trim());
  const isReady = names.every((name) => name !== "") && new Set(names).size === names.length;
  const invitees = invited.value ?? [];
  const save = () =>
    void run(async () => {
      await api.meetings.prepared.planBreakouts(meeting.id, planOf(draft, invitees), before);
      onClose(true);
    });
  return (
    <Form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) save();
      }}
    >
      <Failure error={error} texts={{ precondition_failed: texts.changedMeanwhile }} />
      {draft.rooms.map((room, place) => (
        <div key={room.id} className={styles.room}>
          <Field
            label={texts.room(place + 1)}
            value={room.name}
            maxLength={80}
            autoFocus={place === 0}
            onChange={(name) => {
              setDraft({ ...draft, rooms: draft.rooms.with(place, { ...room, name }) });
            }}
          />
          {draft.rooms.length > 1 && (
            <IconButton
              label={texts.removeRoom(room.name)}
              onPress={() => {
                setDraft(withoutRoom(draft, room.id));
              }}
            >
              <X aria-hidden />
            </IconButton>
          )}
        </div>
      ))}
      {draft.rooms.length < MOST_ROOMS && (
        <Button
          variant="quiet"
          icon={<Plus aria-hidden />}
          onPress={() => {
            const id = Math.max(...draft.rooms.map((room) => room.id)) + 1;
            setDraft({ ...draft, rooms: [...draft.rooms, { id, name: breakouts.roomName(draft.rooms.length + 1) }] });
          }}
        >
          {texts.addRoom}
        </Button>
      )}
      <LoadFailure of={invited} />
      {invitees.length > 0 && <Assigning draft={draft} invitees={invitees} onChange={setDraft} />}
      <Select
        label={breakouts.others}
        isLabelled
        items={OTHERS.map((id) => ({ id, label: breakouts.othersChoices[id] }))}
        selected={draft.others}
        placeholder={breakouts.others}
        onSelect={(id) => {
          setDraft({ ...draft, others: id as BreakoutOthers });
        }}
      />
      <DurationSelect
        minutes={draft.minutes}
        isLabelled
        onSelect={(minutes) => {
          setDraft({ ...draft, minutes });
        }}
      />
      <div className={styles.actions}>
        <Button
          variant="quiet"
          onPress={() => {
            onClose(false);
          }}
        >
          {messages.common.cancel}
        </Button>
        <Button variant="primary" type="submit" isDisabled={!isReady || invited.value === null} isPending={isPending}>
          {texts.save}
        </Button>
      </div>
    </Form>
  );
}

interface AssigningProps {
  readonly draft: PlanDraft;
  readonly invitees: readonly Invitee[];
  readonly onChange: (draft: PlanDraft) => void;
}

/** Who of the invited goes where. */
function Assigning({ draft, invitees, onChange }: AssigningProps) {
  const id = useId();
  const texts = useMeetingMessages().overview.breakouts;
  return (
    <div role="group" aria-labelledby={id} className={styles.assigning}>
      <p id={id} className={styles.legend}>
        {texts.assign}
      </p>
      <p className={styles.note}>{texts.assignNote}</p>
      <Button
        icon={<Shuffle aria-hidden />}
        onPress={() => {
          onChange(assignedEvenly(draft, invitees));
        }}
      >
        {texts.assignEvenly}
      </Button>
      {invitees.map((invitee) => (
        <Select
          key={invitee.key}
          label={personName(invitee)}
          isLabelled
          items={[
            { id: NONE, label: texts.unassigned },
            ...draft.rooms.map((room) => ({ id: String(room.id), label: room.name })),
          ]}
          selected={String(draft.places[invitee.key] ?? NONE)}
          placeholder={texts.unassigned}
          onSelect={(room) => {
            onChange({ ...draft, places: { ...draft.places, [invitee.key]: room === NONE ? null : Number(room) } });
          }}
        />
      ))}
    </div>
  );
}
