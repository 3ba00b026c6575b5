import type { ChatLine } from "@parley/sdk";
import { useCallback } from "react";
import { useLocale } from "react-aria-components";
import { MoreButton } from "../loading/MoreButton.js";
import { usePages } from "../loading/usePages.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { clockTime } from "../messages/time.js";
import { useSession } from "../session/session.js";
import { Avatar } from "../ui/Avatar.js";
import styles from "./History.module.css";
import { Kept } from "./Kept.js";

/** What was written, as far as it was for the one who looks. */
export function ChatTab({ id, session }: { readonly id: string; readonly session: number }) {
  const texts = useMeetingMessages().history;
  const { api } = useSession();
  const pages = usePages(useCallback((cursor?: string) => api.meetings.chat(id, session, cursor), [api, id, session]));
  return (
    <Kept items={pages.items} error={pages.error} reload={pages.reload} none={texts.noChat}>
      {(items) => (
        <>
          <ol className={styles.lines} aria-label={texts.tabs.chat}>
            {items.map((line) => (
              <Line key={line.id} line={line} />
            ))}
          </ol>
          <MoreButton of={pages} />
        </>
      )}
    </Kept>
  );
}

function Line({ line }: { readonly line: ChatLine }) {
  const texts = useMeetingMessages().history;
  const { locale } = useLocale();
  const to =
    line.to === null
      ? null
      : line.to === "hosts"
        ? texts.toHosts
        : line.to === "everyone"
          ? texts.toEveryone
          : texts.toOne(line.toName ?? texts.unknown);
  return (
    <li className={styles.line}>
      <Avatar name={line.author.name} identity={line.author.identity ?? line.author.name} size={32} />
      <div className={styles.words}>
        <p className={styles.about}>
          <span className={styles.name}>{line.author.name}</span>
          <time dateTime={line.at}>{clockTime(Date.parse(line.at), locale)}</time>
          {line.breakout !== null && <span>{texts.in(line.breakout.name)}</span>}
          {to !== null && <span>{to}</span>}
          {line.editedAt !== null && line.text !== null && <span>{texts.edited}</span>}
        </p>
        {line.text === null ? <p className={styles.removed}>{texts.removed}</p> : <p className={styles.text}>{line.text}</p>}
      </div>
    </li>
  );
}
