import type { MeetingListName, User } from "@parley/sdk";
import { CalendarPlus, Clapperboard, Video } from "lucide-react";
import { useCallback, useState } from "react";
import { useSearchParams } from "react-router";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { useMessages } from "../messages/catalogue.js";
import { JoinByCode } from "../pages/JoinByCode.js";
import { PageFrame } from "../pages/PageFrame.js";
import { Button } from "../ui/Button.js";
import { Card } from "../ui/Card.js";
import { LinkButton } from "../ui/LinkButton.js";
import { PageHead } from "../ui/PageHead.js";
import { TabLinks } from "../ui/TabLinks.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import styles from "./Dashboard.module.css";
import { PastList, PlainList, UpcomingList } from "./Lists.js";
import { LiveNow } from "./LiveNow.js";
import { NewMeetingDialog } from "./NewMeetingDialog.js";
import { PersonalRoomCard } from "./PersonalRoomCard.js";

const LISTS = ["upcoming", "past", "hosted", "invited"] as const satisfies readonly MeetingListName[];

/** One's meetings: what is on, what is to come, what was; and the ways into another one. */
export function DashboardPage({ user }: { readonly user: User }) {
  const messages = useMessages();
  const texts = useMeetingMessages();
  usePageTitle(`${texts.pageTitle} · ${messages.product}`);
  const mayCreate = user.permissions.includes("meetings:create");
  const [parameters] = useSearchParams();
  const shown = LISTS.find((name) => name === parameters.get("list")) ?? "upcoming";
  // A new number makes the list load anew.
  const [edition, setEdition] = useState(0);
  const handleCreated = useCallback(() => {
    setEdition((before) => before + 1);
  }, []);
  return (
    <PageFrame>
      <PageHead
        title={texts.greeting(user.displayName)}
        action={mayCreate && <Making user={user} onCreated={handleCreated} />}
      />
      <div className={styles.columns}>
        <div className={styles.main}>
          <LiveNow />
          <section className={styles.main} aria-labelledby="meetings-title">
            <h2 id="meetings-title" className="visually-hidden">
              {texts.listTitle}
            </h2>
            <TabLinks
              label={texts.listTitle}
              items={LISTS.map((id) => ({ id, label: texts.lists[id], to: id === "upcoming" ? "/" : `/?list=${id}` }))}
              current={shown}
            />
            {shown === "upcoming" && <UpcomingList key={edition} />}
            {shown === "past" && <PastList />}
            {(shown === "hosted" || shown === "invited") && <PlainList key={`${shown} ${edition}`} name={shown} />}
          </section>
        </div>
        <div className={styles.side}>
          <Card title={messages.joinByCode.title} lead={messages.joinByCode.lead}>
            <JoinByCode />
          </Card>
          {mayCreate && <PersonalRoomCard />}
          <Card title={texts.recordings.title} lead={texts.recordings.lead}>
            <LinkButton to="/recordings" icon={<Clapperboard aria-hidden />} fullWidth>
              {texts.recordings.open}
            </LinkButton>
          </Card>
        </div>
      </div>
    </PageFrame>
  );
}

function Making({ user, onCreated }: { readonly user: User; readonly onCreated: () => void }) {
  const texts = useMeetingMessages();
  const [isOpen, setOpen] = useState(false);
  return (
    <div className={styles.making}>
      <LinkButton to="/meetings/new" icon={<CalendarPlus aria-hidden />}>
        {texts.schedule}
      </LinkButton>
      <Button
        variant="primary"
        icon={<Video aria-hidden />}
        onPress={() => {
          setOpen(true);
        }}
      >
        {texts.new.title}
      </Button>
      <NewMeetingDialog
        user={user}
        isOpen={isOpen}
        onClose={() => {
          setOpen(false);
        }}
        onCreated={onCreated}
      />
    </div>
  );
}
