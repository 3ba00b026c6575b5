import type { CalendarFeed } from "@parley/sdk";
import { CalendarPlus } from "lucide-react";
import { useRef, useState } from "react";
import { useLocale } from "react-aria-components";
import { Facts } from "../admin/Facts.js";
import { Failure } from "../forms/Failure.js";
import formStyles from "../forms/Form.module.css";
import { useAttempt } from "../forms/useAttempt.js";
import { useMessages } from "../messages/catalogue.js";
import { momentText } from "../overview/times.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { Card } from "../ui/Card.js";
import { CopyButton } from "../ui/CopyButton.js";
import { ConfirmDialog } from "../ui/Dialog.js";
import { Field } from "../ui/Field.js";
import { showToast } from "../ui/toasts.js";
import styles from "./CalendarCard.module.css";

const NONE: CalendarFeed = { url: null, createdAt: null, lastReadAt: null };

/** The address by which calendar programs read one's meetings: made, copied, replaced, taken away. */
export function CalendarCard({ initial }: { readonly initial: CalendarFeed }) {
  const texts = useMessages().account.calendar;
  const { locale } = useLocale();
  const { api } = useSession();
  const [feed, setFeed] = useState(initial);
  const [asked, setAsked] = useState<"another" | "remove" | null>(null);
  const { isPending, error, run } = useAttempt();
  const content = useRef<HTMLDivElement>(null);
  const close = () => {
    setAsked(null);
  };
  /** What was pressed may be gone or disabled then: whoever uses the keyboard goes on here. */
  const change = async (action: () => Promise<CalendarFeed>, done?: string) => {
    const isDone = await run(async () => {
      setFeed(await action());
    });
    content.current?.focus();
    if (isDone && done !== undefined) showToast({ tone: "info", title: done });
  };
  const make = () => api.meetings.calendar.makeFeed();
  const revoke = async () => {
    await api.meetings.calendar.revokeFeed();
    return NONE;
  };
  const { url, createdAt, lastReadAt } = feed;
  return (
    <Card title={texts.title} lead={texts.lead}>
      <Failure error={error} />
      <div ref={content} tabIndex={-1} role="group" aria-label={texts.title} className={styles.content}>
        {url === null ? (
          <div>
            <Button icon={<CalendarPlus aria-hidden />} isPending={isPending} onPress={() => void change(make)}>
              {texts.make}
            </Button>
          </div>
        ) : (
          <>
            <Field label={texts.label} hint={texts.secret} isReadOnly value={url} />
            <Facts
              of={[
                [texts.created, createdAt === null ? null : momentText(createdAt, locale)],
                [texts.read, lastReadAt === null ? texts.never : momentText(lastReadAt, locale)],
              ]}
            />
            <div className={formStyles.actions}>
              <CopyButton text={url} label={texts.copy} variant="primary" />
              <Button
                isDisabled={isPending}
                onPress={() => {
                  setAsked("another");
                }}
              >
                {texts.another}
              </Button>
              <Button
                isDisabled={isPending}
                onPress={() => {
                  setAsked("remove");
                }}
              >
                {texts.remove}
              </Button>
            </div>
          </>
        )}
      </div>
      <ConfirmDialog
        title={texts.anotherTitle}
        text={texts.anotherText}
        action={texts.another}
        isOpen={asked === "another"}
        onClose={close}
        onConfirm={() => void change(make, texts.changed)}
      />
      <ConfirmDialog
        title={texts.removeTitle}
        text={texts.removeText}
        action={texts.remove}
        isOpen={asked === "remove"}
        onClose={close}
        onConfirm={() => void change(revoke, texts.removed)}
      />
    </Card>
  );
}
