import type { ManagedUser } from "@parley/sdk";
import { Laptop, Smartphone, Tablet, Terminal } from "lucide-react";
import { useCallback, useState } from "react";
import { useLocale } from "react-aria-components";
import { Card } from "../../ui/Card.js";
import { deviceForm, deviceName } from "../../account/devices.js";
import styles from "../../account/List.module.css";
import { LoadFailure } from "../../loading/LoadFailure.js";
import { useLoaded } from "../../loading/useLoaded.js";
import { useMessages } from "../../messages/catalogue.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { Spinner } from "../../ui/Spinner.js";
import { showToast } from "../../ui/toasts.js";
import { ActionDialog } from "../ActionDialog.js";
import { moment } from "../dates.js";
import { IconTile } from "../../ui/IconTile.js";
import { useAdminMessages } from "../useAdminMessages.js";

const ICONS = { computer: Laptop, phone: Smartphone, tablet: Tablet, program: Terminal };

interface SessionsCardProps {
  readonly user: ManagedUser;
  readonly mayEnd: boolean;
}

/** Where somebody is signed in, and the end of that. */
export function SessionsCard({ user, mayEnd }: SessionsCardProps) {
  const messages = useMessages();
  const own = messages.account.sessions;
  const texts = useAdminMessages().user;
  const { api } = useSession();
  const { locale } = useLocale();
  const sessions = useLoaded(useCallback(() => api.administration.listSessionsOfUser(user.id), [api, user.id]));
  const [isAsking, setAsking] = useState(false);
  const items = sessions.value;
  return (
    <Card
      title={texts.sessions}
      lead={items?.length === 0 ? texts.noSessions : texts.sessionsLead}
      action={
        mayEnd &&
        items !== null &&
        items.length > 0 && (
          <Button
            onPress={() => {
              setAsking(true);
            }}
          >
            {texts.endSessions}
          </Button>
        )
      }
    >
      <LoadFailure of={sessions} />
      {items === null && sessions.error === null && <Spinner />}
      {items !== null && items.length > 0 && (
        <ul className={styles.list} aria-label={texts.sessions}>
          {items.map((session) => {
            const Icon = ICONS[deviceForm(session.device)];
            return (
              <li key={session.id} className={styles.row}>
                <IconTile>
                  <Icon />
                </IconTile>
                <div className={styles.what}>
                  <p className={styles.name}>
                    {deviceName(messages, session.device)}
                    {session.current && <span className={styles.here}>{texts.thisSession}</span>}
                  </p>
                  <p className={styles.details}>
                    <span>{own.used(moment(session.usedAt, locale))}</span>
                    <span>{own.since(moment(session.createdAt, locale))}</span>
                    {session.network !== null && <span>{own.network(session.network)}</span>}
                  </p>
                </div>
              </li>
            );
          })}
        </ul>
      )}
      <ActionDialog
        title={texts.endSessionsTitle(user.displayName)}
        effects={texts.endSessionsEffects}
        action={texts.endSessionsAction}
        texts={{ permission_denied: texts.rank }}
        isOpen={isAsking}
        onClose={() => {
          setAsking(false);
        }}
        onConfirm={async () => {
          await api.administration.endSessionsOfUser(user.id);
          sessions.reload();
          showToast({ tone: "info", title: texts.sessionsEnded(user.displayName) });
        }}
      />
    </Card>
  );
}
