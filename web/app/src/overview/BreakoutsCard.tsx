import type { BreakoutPlan, Meeting } from "@parley/sdk";
import { Pencil, Plus, Trash2 } from "lucide-react";
import { useCallback, useState } from "react";
import list from "../account/List.module.css";
import { personName } from "../breakouts/plan-words.js";
import { Failure } from "../forms/Failure.js";
import { useAttempt } from "../forms/useAttempt.js";
import { LoadFailure } from "../loading/LoadFailure.js";
import { useLoaded } from "../loading/useLoaded.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { Card } from "../ui/Card.js";
import { Dialog } from "../ui/Dialog.js";
import { IconButton } from "../ui/IconButton.js";
import { showToast } from "../ui/toasts.js";
import { BreakoutPlanForm } from "./BreakoutPlanForm.js";
import styles from "./Overview.module.css";

/** The breakout rooms that are opened in the meeting with one click, and who goes where. */
export function BreakoutsCard({ meeting }: { readonly meeting: Meeting }) {
  const texts = useMeetingMessages().overview.breakouts;
  const { api } = useSession();
  const { prepared } = api.meetings;
  const loaded = useLoaded(useCallback(async () => ({ plan: await prepared.breakouts(meeting.id) }), [prepared, meeting.id]));
  const { error, run } = useAttempt();
  const [isEdited, setEdited] = useState(false);
  const plan = loaded.value?.plan ?? null;
  const drop = () =>
    void run(async () => {
      await prepared.dropBreakouts(meeting.id);
      showToast({ tone: "info", title: texts.dropped });
      loaded.reload();
    });
  const edit = () => {
    setEdited(true);
  };
  return (
    <Card
      title={texts.title}
      lead={texts.lead}
      action={
        plan === null ? (
          meeting.joinable &&
          loaded.value !== null && (
            <Button icon={<Plus aria-hidden />} onPress={edit}>
              {texts.plan}
            </Button>
          )
        ) : (
          <div className={styles.actions}>
            {meeting.joinable && (
              <Button icon={<Pencil aria-hidden />} aria-label={texts.changeTitle} onPress={edit}>
                {texts.change}
              </Button>
            )}
            <IconButton label={texts.drop} onPress={drop}>
              <Trash2 aria-hidden />
            </IconButton>
          </div>
        )
      }
    >
      <LoadFailure of={loaded} />
      <Failure error={error} />
      {plan !== null && <Plan plan={plan} />}
      <Dialog
        title={plan === null ? texts.plan : texts.changeTitle}
        isOpen={isEdited}
        onClose={() => {
          setEdited(false);
        }}
      >
        <BreakoutPlanForm
          meeting={meeting}
          before={plan}
          onClose={(isSaved) => {
            setEdited(false);
            if (isSaved) loaded.reload();
          }}
        />
      </Dialog>
    </Card>
  );
}

function Plan({ plan: { rooms, others, minutes } }: { readonly plan: BreakoutPlan }) {
  const texts = useMeetingMessages().overview.breakouts;
  const { breakouts } = useMessages();
  return (
    <>
      <ul className={list.inner} aria-label={texts.list}>
        {rooms.map(({ name, people }) => (
          <li key={name} className={list.row}>
            <div className={list.what}>
              <p className={list.name}>{name}</p>
              <p className={list.details}>{people.length === 0 ? texts.nobody : people.map(personName).join(", ")}</p>
            </div>
          </li>
        ))}
      </ul>
      <p className={list.note}>
        {`${breakouts.others}: ${breakouts.othersChoices[others]}`} · {minutes === null ? breakouts.noLimit : breakouts.minutes(minutes)}
      </p>
    </>
  );
}
