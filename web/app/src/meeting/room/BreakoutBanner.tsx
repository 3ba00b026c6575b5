import { DoorOpen } from "lucide-react";
import { useMessages } from "../../messages/catalogue.js";
import { elapsed } from "../../messages/time.js";
import { Button } from "../../ui/Button.js";
import { useRoom } from "../meeting-room.js";
import { enterable } from "../panels/breakout-plan.js";
import { attempt } from "./attempt.js";
import { Banner } from "./Banner.js";
import { useNow } from "./useNow.js";

/** Which breakout room one is in and how long yet; or that there is one to go to. */
export function BreakoutBanner({ onChoose }: { readonly onChoose: () => void }) {
  const messages = useMessages();
  const { breakouts: texts } = messages;
  const { room, state } = useRoom();
  const { self, breakouts } = state;
  const now = useNow(breakouts?.endsAt != null);
  if (self === null || breakouts === null) return null;
  const enter = (id: string | null) => {
    void attempt(messages, () => room.enterBreakout(id));
  };
  const left = breakouts.endsAt === null ? null : elapsed(breakouts.endsAt - now);
  const here = breakouts.rooms.find(({ id }) => id === self.breakout);
  if (here !== undefined) {
    return (
      <Banner
        icon={<DoorOpen aria-hidden />}
        action={
          <Button
            aria-label={texts.back}
            onPress={() => {
              enter(null);
            }}
          >
            {texts.goBack}
          </Button>
        }
      >
        {left === null ? texts.youAreIn(here.name) : texts.youAreInUntil(here.name, left)}
      </Banner>
    );
  }
  if (self.permissions.moderate) return null;
  const [only, ...more] = breakouts.rooms.filter(({ id }) => enterable(self, breakouts).has(id));
  if (only === undefined) return null;
  const choose = () => {
    if (more.length > 0) onChoose();
    else enter(only.id);
  };
  return (
    <Banner
      icon={<DoorOpen aria-hidden />}
      action={
        <Button variant="primary" onPress={choose}>
          {more.length > 0 ? texts.chooseRoom : texts.join(only.name)}
        </Button>
      }
    >
      {texts.areOpen}
    </Banner>
  );
}
