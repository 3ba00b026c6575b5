import type { RecordingListName, User } from "@parley/sdk";
import { Clapperboard } from "lucide-react";
import { useCallback } from "react";
import { useSearchParams } from "react-router";
import { SignedIn } from "../live/SignedIn.js";
import { LoadFailure } from "../loading/LoadFailure.js";
import { MoreButton } from "../loading/MoreButton.js";
import { usePages } from "../loading/usePages.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { useMessages } from "../messages/catalogue.js";
import { PageFrame } from "../pages/PageFrame.js";
import { useSession } from "../session/session.js";
import { Empty } from "../ui/Empty.js";
import { BackLink, PageHead } from "../ui/PageHead.js";
import { Spinner } from "../ui/Spinner.js";
import { TabLinks } from "../ui/TabLinks.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import { RecordingList } from "./RecordingList.js";
import styles from "./Recordings.module.css";
import { useRecordingMessages } from "./useRecordingMessages.js";

/** What was recorded: in one's own meetings, by others who share it, for administrators all of it. */
export function RecordingsPage() {
  return (
    <SignedIn>
      {(user) => (
        <PageFrame>
          <Lists user={user} />
        </PageFrame>
      )}
    </SignedIn>
  );
}

function Lists({ user }: { readonly user: User }) {
  const messages = useMessages();
  const texts = useRecordingMessages();
  usePageTitle(`${texts.title} · ${messages.product}`);
  const lists: readonly RecordingListName[] = user.permissions.includes("meetings:administer")
    ? ["mine", "shared", "all"]
    : ["mine", "shared"];
  const [parameters] = useSearchParams();
  const shown = lists.find((name) => name === parameters.get("list")) ?? "mine";
  return (
    <div className={styles.page}>
      <PageHead
        title={texts.title}
        lead={texts.lead}
        back={<BackLink to="/">{useMeetingMessages().pageTitle}</BackLink>}
      />
      <TabLinks
        label={texts.listTitle}
        items={lists.map((id) => ({
          id,
          label: texts.lists[id],
          to: id === "mine" ? "/recordings" : `/recordings?list=${id}`,
        }))}
        current={shown}
      />
      <List key={shown} name={shown} />
    </div>
  );
}

function List({ name }: { readonly name: RecordingListName }) {
  const texts = useRecordingMessages();
  const { api } = useSession();
  const pages = usePages(useCallback((cursor?: string) => api.recordings.list(name, cursor), [api, name]));
  const { items, error } = pages;
  const { title, text } = texts.empty[name];
  return (
    <>
      <LoadFailure of={pages} />
      {items === null && error === null && <Spinner />}
      {items?.length === 0 && <Empty icon={<Clapperboard aria-hidden />} title={title} text={text} />}
      {items !== null && items.length > 0 && <RecordingList items={items} label={texts.lists[name]} />}
      <MoreButton of={pages} />
    </>
  );
}
