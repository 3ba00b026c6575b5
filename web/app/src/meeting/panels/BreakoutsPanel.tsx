import type { BreakoutsState, ParticipantState } from "@parley/sdk";
import { ArrowRightLeft, Hand, House, Megaphone } from "lucide-react";
import { useState } from "react";
import { Form } from "react-aria-components";
import { LoadFailure } from "../../loading/LoadFailure.js";
import { useMessages } from "../../messages/catalogue.js";
import { elapsed } from "../../messages/time.js";
import { Avatar } from "../../ui/Avatar.js";
import { Button } from "../../ui/Button.js";
import { Field } from "../../ui/Field.js";
import { IconButton } from "../../ui/IconButton.js";
import { Menu, MenuItem } from "../../ui/Menu.js";
import { useRoom } from "../meeting-room.js";
import { attempt } from "../room/attempt.js";
import { useNow } from "../room/useNow.js";
import { enterable } from "./breakout-plan.js";
import styles from "./BreakoutsPanel.module.css";
import { NewBreakouts } from "./NewBreakouts.js";
import { PlannedBreakouts } from "./PlannedBreakouts.js";
import { SidePanel } from "./SidePanel.js";
import { useBreakoutPlan } from "./usePrepared.js";

/** Before the end, so that nobody is cut off in the middle of a sentence, seconds. */
const LAST_CALL_S = 60;

/** The breakout rooms: to open them, to see who is where, to go there, to bring everybody back. */
export function BreakoutsPanel({ onClose }: { readonly onClose: () => void }) {
  const { breakouts: texts } = useMessages();
  const { state } = useRoom();
  const mayRun = state.self?.permissions.moderate === true;
  const planned = useBreakoutPlan(mayRun);
  return (
    <SidePanel title={texts.title} onClose={onClose}>
      {state.breakouts !== null ? (
        <>
          <OpenRooms breakouts={state.breakouts} mayRun={mayRun} />
          {mayRun && <Running />}
        </>
      ) : mayRun ? (
        <div className={styles.choices}>
          <LoadFailure of={planned} />
          {planned.value !== null && <PlannedBreakouts key={planned.value.version} plan={planned.value} />}
          <NewBreakouts isBesidePlan={planned.value !== null} />
        </div>
      ) : (
        <p className={styles.none}>{texts.none}</p>
      )}
    </SidePanel>
  );
}

function OpenRooms({ breakouts, mayRun }: { readonly breakouts: BreakoutsState; readonly mayRun: boolean }) {
  const { breakouts: texts } = useMessages();
  const { state } = useRoom();
  const now = useNow(breakouts.endsAt !== null);
  const mayEnter = state.self === null ? new Set<string>() : enterable(state.self, breakouts);
  return (
    <div className={styles.scroller}>
      {breakouts.endsAt !== null && (
        <p className={styles.left} role="timer">
          {texts.left(elapsed(breakouts.endsAt - now))}
        </p>
      )}
      {breakouts.rooms.map(({ id, name }) => (
        <BreakoutRoom key={id} id={id} name={name} mayEnter={mayEnter.has(id)} mayRun={mayRun} />
      ))}
      <BreakoutRoom id={null} name={texts.main} mayEnter={state.self?.breakout !== null} mayRun={mayRun} />
    </div>
  );
}

interface BreakoutRoomProps {
  readonly id: string | null;
  readonly name: string;
  readonly mayEnter: boolean;
  readonly mayRun: boolean;
}

function BreakoutRoom({ id, name, mayEnter, mayRun }: BreakoutRoomProps) {
  const messages = useMessages();
  const { breakouts: texts } = messages;
  const { room, state } = useRoom();
  const people = state.participants.filter(({ breakout }) => breakout === id);
  return (
    <section className={styles.room} aria-label={name}>
      <div className={styles.head}>
        <h3 className={styles.name}>
          {name} <span className={styles.count}>{people.length}</span>
        </h3>
        {state.self?.breakout === id && <span className={styles.here}>{texts.here}</span>}
        {mayEnter && (
          <Button
            aria-label={id === null ? texts.back : texts.join(name)}
            onPress={() => void attempt(messages, () => room.enterBreakout(id))}
          >
            {id === null ? texts.goBack : texts.go}
          </Button>
        )}
      </div>
      <ul>
        {people.map((person) => (
          <Person key={person.id} person={person} mayMove={mayRun} />
        ))}
      </ul>
    </section>
  );
}

function Person({ person, mayMove }: { readonly person: ParticipantState; readonly mayMove: boolean }) {
  const messages = useMessages();
  const { breakouts: texts, tile } = messages;
  const { room, state } = useRoom();
  const { moderation } = room;
  const rooms = [{ id: null, name: texts.main }, ...(state.breakouts?.rooms ?? [])];
  return (
    <li className={styles.person}>
      <Avatar name={person.name} identity={person.identity} size={28} />
      <span className={styles.who}>{person.isSelf ? tile.you(person.name) : person.name}</span>
      {person.handRaised !== null && <Hand role="img" aria-label={tile.handRaised} className={styles.hand} />}
      {mayMove && (
        <Menu
          label={texts.move(person.name)}
          placement="bottom end"
          trigger={
            <IconButton label={texts.move(person.name)}>
              <ArrowRightLeft aria-hidden />
            </IconButton>
          }
        >
          {rooms
            .filter(({ id }) => id !== person.breakout)
            .map(({ id, name }) => (
              <MenuItem
                key={id ?? "main"}
                icon={id === null ? <House aria-hidden /> : <ArrowRightLeft aria-hidden />}
                onAction={() => void attempt(messages, () => moderation.moveToBreakout([person.id], id))}
              >
                {name}
              </MenuItem>
            ))}
        </Menu>
      )}
    </li>
  );
}

/** What is said to all rooms, and their end. */
function Running() {
  const messages = useMessages();
  const { breakouts: texts } = messages;
  const { room } = useRoom();
  const [text, setText] = useState("");
  const say = () => {
    void attempt(messages, async () => {
      await room.sendChat(text.trim(), "everyone");
      setText("");
    });
  };
  return (
    <div className={styles.running}>
      <Form
        className={styles.say}
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== "") say();
        }}
      >
        <Field label={texts.sayToAll} value={text} onChange={setText} maxLength={500} />
        <IconButton type="submit" label={texts.say} isDisabled={text.trim() === ""} className={styles.send}>
          <Megaphone aria-hidden />
        </IconButton>
      </Form>
      <div className={styles.actions}>
        <Button onPress={() => void attempt(messages, () => room.moderation.changeBreakouts({ closeAfter: LAST_CALL_S }))}>
          {texts.closeSoon}
        </Button>
        <Button variant="danger" onPress={() => void attempt(messages, () => room.moderation.closeBreakouts())}>
          {texts.closeNow}
        </Button>
      </div>
    </div>
  );
}
