import type { ParleyError } from "@parley/sdk";
import { useEffect, useState } from "react";
import { problemText, useMessages } from "../messages/catalogue.js";
import { Notice } from "../ui/Notice.js";
import { waitingTime } from "./waiting.js";

interface FailureProps {
  readonly error: ParleyError | null;
  /** What single codes mean here, where that is more than what they always mean. */
  readonly texts?: Readonly<Record<string, string>>;
}

/** Why something failed, above the form that it was asked for with. */
export function Failure({ error, texts }: FailureProps) {
  const messages = useMessages();
  if (error === null) return null;
  if (error.code === "rate_limited" && error.retryAfterS !== undefined) {
    return <Slowed seconds={error.retryAfterS} />;
  }
  if (error.code === "account_suspended") {
    const { title, text } = messages.account.suspended;
    return (
      <Notice tone="error" title={title}>
        {text}
      </Notice>
    );
  }
  return <Notice tone="error" title={texts?.[error.code] ?? problemText(messages, error)} />;
}

/** Counts down before the eyes; to those who listen the time is said once, and that it is over. */
function Slowed({ seconds }: { readonly seconds: number }) {
  const messages = useMessages();
  const { slowed } = messages.account;
  const left = useCountdown(seconds);
  if (left === 0) return <Notice tone="info" title={slowed.over} />;
  return (
    <Notice tone="error" title={slowed.title}>
      <span className="visually-hidden">{slowed.text(waitingTime(messages, seconds))}</span>
      <span aria-hidden>{slowed.text(waitingTime(messages, left))}</span>
    </Notice>
  );
}

/** Seconds that are left of so many since this was shown. */
function useCountdown(seconds: number): number {
  const [left, setLeft] = useState(seconds);
  useEffect(() => {
    const until = Date.now() + seconds * 1000;
    const timer = setInterval(() => {
      const next = Math.max(0, Math.ceil((until - Date.now()) / 1000));
      setLeft(next);
      if (next === 0) clearInterval(timer);
    }, 250);
    return () => {
      clearInterval(timer);
    };
  }, [seconds]);
  return left;
}
