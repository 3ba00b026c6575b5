import type { Meeting } from "@parley/sdk";
import { RefreshCw } from "lucide-react";
import { useCallback, useState } from "react";
import { Failure } from "../forms/Failure.js";
import { useAttempt } from "../forms/useAttempt.js";
import { LoadFailure } from "../loading/LoadFailure.js";
import { useLoaded } from "../loading/useLoaded.js";
import { meetingPath, meetingUrl } from "../meetings/meeting-link.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { Card } from "../ui/Card.js";
import { CopyButton } from "../ui/CopyButton.js";
import { ConfirmDialog } from "../ui/Dialog.js";
import { IconButton } from "../ui/IconButton.js";
import { LinkButton } from "../ui/LinkButton.js";
import { showToast } from "../ui/toasts.js";
import styles from "./Dashboard.module.css";

/** One's own room, whose link stays the same. */
export function PersonalRoomCard() {
  const texts = useMeetingMessages().personal;
  const { api } = useSession();
  const loaded = useLoaded(useCallback(() => api.meetings.personal().then((room) => ({ room })), [api]));
  const [changed, setChanged] = useState<Meeting | null>(null);
  const { isPending, error, run } = useAttempt();
  const room = changed ?? loaded.value?.room ?? null;
  return (
    <Card title={texts.title} lead={texts.lead}>
      <LoadFailure of={loaded} />
      <Failure error={error} />
      {room !== null && <Link room={room} onRenewed={setChanged} />}
      {room === null && loaded.value !== null && (
        <Button
          isPending={isPending}
          onPress={() => void run(async () => {
              setChanged(await api.meetings.makePersonal());
            })}
        >
          {texts.make}
        </Button>
      )}
    </Card>
  );
}

function Link({ room, onRenewed }: { readonly room: Meeting; readonly onRenewed: (room: Meeting) => void }) {
  const messages = useMessages();
  const texts = useMeetingMessages();
  const { api } = useSession();
  const [isAsking, setAsking] = useState(false);
  const { isPending, error, run } = useAttempt();
  const renew = () =>
    run(async () => {
      onRenewed(await api.meetings.renewPersonal());
      showToast({ tone: "info", title: texts.personal.renewed });
    });
  return (
    <>
      <Failure error={error} />
      <p className={styles.code}>
        <span>{room.id}</span>
        <IconButton
          label={texts.personal.renew}
          isDisabled={isPending}
          onPress={() => {
            setAsking(true);
          }}
        >
          <RefreshCw aria-hidden />
        </IconButton>
      </p>
      <div className={styles.pair}>
        <CopyButton text={meetingUrl(room.id)} label={messages.common.copyLink} />
        <LinkButton to={meetingPath(room.id)} label={texts.joinOf(texts.personal.title)}>
          {texts.join}
        </LinkButton>
      </div>
      <ConfirmDialog
        title={texts.personal.renewTitle}
        text={texts.personal.renewText}
        action={texts.personal.renew}
        isOpen={isAsking}
        onClose={() => {
          setAsking(false);
        }}
        onConfirm={() => void renew()}
      />
    </>
  );
}
