import { asParleyError, type AnswerGiven, type MailedInvitation, type ParleyError } from "@parley/sdk";
import { useEffect, useState } from "react";
import { useLocale } from "react-aria-components";
import { Failure } from "../forms/Failure.js";
import { AnswerButtons } from "../meetings/AnswerButtons.js";
import { ruleInWords } from "../meetings/rule-words.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { useMessages } from "../messages/catalogue.js";
import { hoursText, timesText } from "../overview/times.js";
import { useSession } from "../session/session.js";
import { LinkButton } from "../ui/LinkButton.js";
import { Notice } from "../ui/Notice.js";
import { Spinner } from "../ui/Spinner.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import styles from "./InvitationPage.module.css";
import { PageFrame } from "./PageFrame.js";
import { useMailLink } from "./useMailLink.js";

/** Where the link of an invitation's mail leads. Looking at it answers nothing: programs look at links, too. */
export function InvitationPage() {
  const messages = useMessages();
  const words = useMeetingMessages().invitation;
  const { api } = useSession();
  const link = useMailLink();
  const [invitation, setInvitation] = useState<MailedInvitation | null>(null);
  const [failure, setFailure] = useState<ParleyError | null>(null);
  const [pending, setPending] = useState<AnswerGiven | null>(null);
  const token = link.get("token") ?? "";
  usePageTitle(`${invitation?.title ?? words.title} · ${messages.product}`);

  useEffect(() => {
    let isWanted = true;
    api.meetings.invitations.readMailed(token).then(
      (read) => {
        if (isWanted) setInvitation(read);
      },
      (thrown: unknown) => {
        if (isWanted) setFailure(asParleyError(thrown));
      },
    );
    return () => {
      isWanted = false;
    };
  }, [api, token]);

  const answer = async (said: AnswerGiven) => {
    setFailure(null);
    setPending(said);
    try {
      setInvitation(await api.meetings.invitations.answerMailed(token, said));
    } catch (thrown) {
      setFailure(asParleyError(thrown));
    }
    setPending(null);
  };
  const isGone = failure !== null && (failure.code === "not_found" || failure.code === "validation_failed");

  return (
    <PageFrame>
      <section className={styles.card}>
        {isGone && <Notice tone="warning" title={words.gone.title}>{words.gone.text}</Notice>}
        {!isGone && failure !== null && <Failure error={failure} />}
        {invitation === null && failure === null && <Spinner label={messages.common.loading} />}
        {invitation !== null && !isGone && (
          <Details invitation={invitation} meant={link.get("answer")} pending={pending} onAnswer={(said) => void answer(said)} />
        )}
      </section>
    </PageFrame>
  );
}

interface DetailsProps {
  readonly invitation: MailedInvitation;
  /** The answer whose button was pressed in the mail. */
  readonly meant: string | null;
  readonly pending: AnswerGiven | null;
  readonly onAnswer: (said: AnswerGiven) => void;
}

function Details({ invitation, meant, pending, onAnswer }: DetailsProps) {
  const texts = useMeetingMessages();
  const words = texts.invitation;
  const { locale } = useLocale();
  const { schedule } = invitation;
  const repeats = schedule === null ? null : ruleInWords(texts, schedule);
  const isOn = invitation.status !== "cancelled" && invitation.joinable;
  const chosen = invitation.answer === "needs_action" || invitation.outdated ? meant : invitation.answer;
  return (
    <>
      <p className={styles.lead}>{words.from(invitation.hostName)}</p>
      <h1 className={styles.title}>{invitation.title}</h1>
      {schedule !== null && (
        <p className={styles.lead}>
          {repeats === null ? timesText(schedule, locale) : `${hoursText(schedule, locale)}, ${repeats}`}
          {` (${schedule.timeZone.replaceAll("_", " ")})`}
        </p>
      )}
      {invitation.description !== "" && <p className={styles.description}>{invitation.description}</p>}
      {!isOn && <Notice tone="warning" title={words.off} />}
      {isOn && (
        <>
          <p role="status" className={styles.lead}>
            {invitation.outdated ? words.outdated : words.said[invitation.answer]}
          </p>
          <AnswerButtons chosen={chosen} pending={pending} onAnswer={onAnswer} />
          <LinkButton to={new URL(invitation.joinUrl, location.origin).pathname}>{words.open}</LinkButton>
        </>
      )}
    </>
  );
}
