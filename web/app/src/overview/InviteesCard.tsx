import type { Invitee, Meeting } from "@parley/sdk";
import { EllipsisVertical, MailPlus, ShieldCheck, ShieldMinus, UserRoundX } from "lucide-react";
import { useCallback, useState } from "react";
import list from "../account/List.module.css";
import { Pill } from "../admin/Pill.js";
import { Failure } from "../forms/Failure.js";
import { useAttempt } from "../forms/useAttempt.js";
import { LoadFailure } from "../loading/LoadFailure.js";
import { useLoaded } from "../loading/useLoaded.js";
import { ANSWER_TONES } from "../meetings/answers.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { AddressesField } from "../planning/AddressesField.js";
import { useSession } from "../session/session.js";
import { Avatar } from "../ui/Avatar.js";
import { Button } from "../ui/Button.js";
import { Card } from "../ui/Card.js";
import { IconButton } from "../ui/IconButton.js";
import { Menu, MenuItem } from "../ui/Menu.js";
import { showToast } from "../ui/toasts.js";
import styles from "./Overview.module.css";

/** Who is invited, and what they have answered. */
export function InviteesCard({ meeting }: { readonly meeting: Meeting }) {
  const messages = useMeetingMessages();
  const texts = messages.overview.invitees;
  const { api } = useSession();
  const loaded = useLoaded(useCallback(() => api.meetings.invitations.list(meeting.id), [api, meeting.id]));
  const { error, isPending, run } = useAttempt();
  const [addresses, setAddresses] = useState<readonly string[]>([]);
  const invitees = loaded.value;
  const invite = () =>
    run(async () => {
      const left = [...addresses];
      try {
        for (const address of addresses) {
          await api.meetings.invitations.invite(meeting.id, { address });
          left.shift();
        }
        showToast({ tone: "info", title: texts.invited(addresses.length) });
      } finally {
        setAddresses(left);
        loaded.reload();
      }
    });
  const change = (action: () => Promise<unknown>) => () =>
    void run(async () => {
      await action();
      loaded.reload();
    });
  const accepted = invitees?.filter(({ answer }) => answer === "accepted").length ?? 0;
  return (
    <Card
      title={texts.title}
      lead={invitees !== null && invitees.length > 0 ? texts.counts(accepted, invitees.length) : texts.lead}
    >
      <LoadFailure of={loaded} />
      <Failure error={error} />
      {invitees?.length === 0 && <p className={list.note}>{texts.none}</p>}
      {invitees !== null && invitees.length > 0 && (
        <ul className={list.inner} aria-label={texts.list}>
          {invitees.map((invitee) => (
            <Row
              key={invitee.key}
              invitee={invitee}
              onRole={(role) => {
                change(() => api.meetings.invitations.invite(meeting.id, { ...whoOf(invitee), role }))();
              }}
              onSendAgain={
                meeting.joinable
                  ? () =>
                      void run(async () => {
                        await api.meetings.invitations.sendAgain(meeting.id, invitee.key);
                        showToast({ tone: "info", title: texts.sentAgain(nameOf(invitee)) });
                      })
                  : undefined
              }
              onTakeBack={change(async () => {
                await api.meetings.invitations.takeBack(meeting.id, invitee.key);
                showToast({ tone: "info", title: texts.takenBack(nameOf(invitee)) });
              })}
            />
          ))}
        </ul>
      )}
      {meeting.joinable && (
        <div className={styles.inviting}>
          <AddressesField value={addresses} onChange={setAddresses} />
          {addresses.length > 0 && (
            <Button variant="primary" isPending={isPending} onPress={() => void invite()}>
              {texts.invite}
            </Button>
          )}
        </div>
      )}
    </Card>
  );
}

interface RowProps {
  readonly invitee: Invitee;
  readonly onRole: (role: "cohost" | "participant") => void;
  /** Left out where nobody can come any more. */
  readonly onSendAgain?: (() => void) | undefined;
  readonly onTakeBack: () => void;
}

function Row({ invitee, onRole, onSendAgain, onTakeBack }: RowProps) {
  const messages = useMeetingMessages();
  const texts = messages.overview.invitees;
  const name = nameOf(invitee);
  const isCohost = invitee.role === "cohost";
  return (
    <li className={list.row}>
      <Avatar name={name} identity={invitee.key} size={36} />
      <div className={list.what}>
        <p className={list.name}>{name}</p>
        <p className={list.details}>
          <Pill tone={ANSWER_TONES[invitee.answer]}>{messages.answers[invitee.answer]}</Pill>
          {isCohost && <span>{texts.cohost}</span>}
          {invitee.name !== null && invitee.address !== null && <span>{invitee.address}</span>}
        </p>
      </div>
      <Menu
        label={texts.options(name)}
        placement="bottom end"
        trigger={
          <IconButton label={texts.options(name)}>
            <EllipsisVertical aria-hidden />
          </IconButton>
        }
      >
        <MenuItem
          icon={isCohost ? <ShieldMinus aria-hidden /> : <ShieldCheck aria-hidden />}
          onAction={() => {
            onRole(isCohost ? "participant" : "cohost");
          }}
        >
          {isCohost ? texts.endCohost : texts.makeCohost}
        </MenuItem>
        {onSendAgain && (
          <MenuItem icon={<MailPlus aria-hidden />} onAction={onSendAgain}>
            {texts.sendAgain}
          </MenuItem>
        )}
        <MenuItem icon={<UserRoundX aria-hidden />} isDangerous onAction={onTakeBack}>
          {texts.takeBack}
        </MenuItem>
      </Menu>
    </li>
  );
}

function nameOf({ name, address, userId }: Invitee): string {
  return name ?? address ?? userId ?? "?";
}

function whoOf({ address, userId }: Invitee) {
  return { ...(address !== null && { address }), ...(userId !== null && { userId }) };
}
