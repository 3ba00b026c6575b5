import type { ChatMessage } from "@parley/sdk";
import { MessagesSquare } from "lucide-react";
import { useLayoutEffect, useRef } from "react";
import { useLanguage, useMessages } from "../../messages/catalogue.js";
import { clockTime } from "../../messages/time.js";
import { cx } from "../../ui/class-names.js";
import { useRoom } from "../meeting-room.js";
import { partsOf } from "./chat-text.js";
import styles from "./ChatPanel.module.css";
import { Composer } from "./Composer.js";
import { SidePanel } from "./SidePanel.js";

/** Messages of one person that follow each other so closely stand under one name, milliseconds. */
const TOGETHER_MS = 120_000;
/** So near the end one is reading the newest, and new ones are scrolled to. */
const NEAR_END = 80;

export function ChatPanel({ onClose }: { readonly onClose: () => void }) {
  const { chat: texts } = useMessages();
  const { state } = useRoom();
  const { chat } = state;
  const scroller = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const lastIsOwn = chat.at(-1)?.isOwn === true;

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element !== null && (isAtEnd.current || lastIsOwn)) element.scrollTop = element.scrollHeight;
  }, [chat.length, lastIsOwn]);

  return (
    <SidePanel title={texts.title} onClose={onClose}>
      <div
        ref={scroller}
        className={styles.scroller}
        // A scrolling area must be reachable with the keyboard.
        tabIndex={0}
        role="log"
        aria-label={texts.title}
        onScroll={({ currentTarget: element }) => {
          isAtEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END;
        }}
      >
        {chat.length === 0 && (
          <div className={styles.empty}>
            <MessagesSquare aria-hidden />
            <p className={styles.emptyTitle}>{texts.empty}</p>
            <p>{texts.emptyText}</p>
          </div>
        )}
        <ol className={styles.list}>
          {chat.map((message, index) => (
            <Message key={message.id} message={message} isContinued={continues(chat[index - 1], message)} />
          ))}
        </ol>
      </div>
      <Composer />
    </SidePanel>
  );
}

function continues(before: ChatMessage | undefined, message: ChatMessage): boolean {
  return before?.participantId === message.participantId && message.at - before.at < TOGETHER_MS;
}

function Message({ message, isContinued }: { readonly message: ChatMessage; readonly isContinued: boolean }) {
  const { messages, language } = useLanguage();
  return (
    <li className={cx(styles.message, message.isOwn && styles.own, isContinued && styles.continued)}>
      {!isContinued && (
        <p className={styles.head}>
          <span className={styles.author}>{message.isOwn ? messages.common.you : message.name}</span>
          <time dateTime={new Date(message.at).toISOString()}>{clockTime(message.at, language)}</time>
        </p>
      )}
      <p className={styles.text}>
        {partsOf(message.text).map((part, index) =>
          part.kind === "link" ? (
            <a key={index} href={part.text} target="_blank" rel="noopener noreferrer nofollow">
              {part.text}
            </a>
          ) : (
            <span key={index}>{part.text}</span>
          ),
        )}
      </p>
    </li>
  );
}
