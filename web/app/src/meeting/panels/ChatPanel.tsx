import type { ChatMessage } from "@parley/sdk";
import { EllipsisVertical, MessagesSquare, Pencil, Trash2 } from "lucide-react";
import { useLayoutEffect, useRef, useState } from "react";
import { useLocale } from "react-aria-components";
import { useMessages } from "../../messages/catalogue.js";
import type { Messages } from "../../messages/en.js";
import { clockTime } from "../../messages/time.js";
import { cx } from "../../ui/class-names.js";
import { IconButton } from "../../ui/IconButton.js";
import { Menu, MenuItem } from "../../ui/Menu.js";
import { useRoom } from "../meeting-room.js";
import { attempt } from "../room/attempt.js";
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
  const [editing, setEditing] = useState<ChatMessage | null>(null);
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
            <Message
              key={message.id}
              message={message}
              isContinued={continues(chat[index - 1], message)}
              onEdit={setEditing}
            />
          ))}
        </ol>
      </div>
      <Composer
        editing={editing}
        onEdited={() => {
          setEditing(null);
        }}
      />
    </SidePanel>
  );
}

function continues(before: ChatMessage | undefined, message: ChatMessage): boolean {
  return (
    before?.participantId === message.participantId &&
    before.to === message.to &&
    before.breakout === message.breakout &&
    message.at - before.at < TOGETHER_MS
  );
}

interface MessageProps {
  readonly message: ChatMessage;
  readonly isContinued: boolean;
  readonly onEdit: (message: ChatMessage) => void;
}

function Message({ message, isContinued, onEdit }: MessageProps) {
  const messages = useMessages();
  const { locale } = useLocale();
  const { chat: texts } = messages;
  const { state } = useRoom();
  const marks = [
    message.to === null ? null : addressee(message, messages),
    // Of the room one is in oneself it need not be said.
    state.self?.breakout === null && message.breakout !== null ? messages.breakouts.in(message.breakout) : null,
  ].filter((mark) => mark !== null);
  return (
    <li className={cx(styles.message, message.isOwn && styles.own, isContinued && styles.continued)}>
      {!isContinued && (
        <p className={styles.head}>
          <span className={styles.author}>{message.isOwn ? messages.common.you : message.name}</span>
          {marks.length > 0 && <span className={styles.private}>{marks.join(" · ")}</span>}
          <time dateTime={new Date(message.at).toISOString()}>{clockTime(message.at, locale)}</time>
        </p>
      )}
      <div className={styles.line}>
        <Options message={message} onEdit={onEdit} />
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
        {message.editedAt !== null && <span className={styles.edited}> ({texts.edited})</span>}
        </p>
      </div>
    </li>
  );
}

function addressee(message: ChatMessage, { chat, breakouts }: Messages): string {
  if (message.to === "hosts") return chat.toHosts;
  return message.to === "everyone" ? breakouts.toAll : chat.toOne(message.toName ?? "");
}

/** What can be done with a message: by its author, and to remove it by those who run the meeting. */
function Options({ message, onEdit }: Pick<MessageProps, "message" | "onEdit">) {
  const messages = useMessages();
  const { chat: texts } = messages;
  const { room, state } = useRoom();
  if (!message.isOwn && state.self?.permissions.moderate !== true) return null;
  return (
    <Menu
      label={texts.options}
      placement="bottom end"
      trigger={
        <IconButton label={texts.options} className={styles.options}>
          <EllipsisVertical aria-hidden />
        </IconButton>
      }
    >
      {message.isOwn && (
        <MenuItem
          icon={<Pencil aria-hidden />}
          onAction={() => {
            onEdit(message);
          }}
        >
          {texts.edit}
        </MenuItem>
      )}
      <MenuItem
        isDangerous
        icon={<Trash2 aria-hidden />}
        onAction={() => void attempt(messages, () => room.removeChat(message.id))}
      >
        {texts.remove}
      </MenuItem>
    </Menu>
  );
}
