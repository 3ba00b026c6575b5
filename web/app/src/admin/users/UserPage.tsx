import { asParleyError, type ManagedUser } from "@parley/sdk";
import { UserRoundX } from "lucide-react";
import { useCallback, useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { Card } from "../../ui/Card.js";
import { LoadFailure } from "../../loading/LoadFailure.js";
import { useLoaded } from "../../loading/useLoaded.js";
import { useMessages } from "../../messages/catalogue.js";
import { useSession } from "../../session/session.js";
import { Avatar } from "../../ui/Avatar.js";
import { Button } from "../../ui/Button.js";
import { Notice } from "../../ui/Notice.js";
import { Spinner } from "../../ui/Spinner.js";
import { showToast } from "../../ui/toasts.js";
import { usePageTitle } from "../../ui/usePageTitle.js";
import { ActionDialog } from "../ActionDialog.js";
import { useAdministrator } from "../AdminPage.js";
import { BackLink } from "../../ui/PageHead.js";
import { Empty } from "../../ui/Empty.js";
import { Pill, STATE_TONES } from "../Pill.js";
import { useAdminMessages } from "../useAdminMessages.js";
import { AccessCard } from "./AccessCard.js";
import { FactorsCard } from "./FactorsCard.js";
import { FactsCard } from "./FactsCard.js";
import { NameAndRoleCard } from "./NameAndRoleCard.js";
import { SessionsCard } from "./SessionsCard.js";
import styles from "./UserPage.module.css";

/** One user: what is known of them, and what an administrator may do about it. */
export function UserPage() {
  const { id = "" } = useParams();
  return <OneUser key={id} id={id} />;
}

function OneUser({ id }: { readonly id: string }) {
  const messages = useMessages();
  const texts = useAdminMessages();
  const { api } = useSession();
  const loaded = useLoaded(useCallback(() => api.administration.getUser(id), [api, id]));
  const { value: user, set } = loaded;
  usePageTitle(`${user?.displayName ?? texts.sections.users.title} · ${texts.title} · ${messages.product}`);
  return (
    <>
      <BackLink to="/admin/users">{texts.user.back}</BackLink>
      {loaded.error !== null && isMissing(loaded.error) ? (
        <Empty icon={<UserRoundX aria-hidden />} title={texts.user.missingTitle} text={texts.user.missingText}>
          <Link to={`/admin/audit?user=${encodeURIComponent(id)}`}>{texts.user.logAbout}</Link>
        </Empty>
      ) : (
        <LoadFailure of={loaded} />
      )}
      {user === null && loaded.error === null && <Spinner />}
      {user !== null && <Cards user={user} onChanged={set} />}
    </>
  );
}

function isMissing(error: unknown): boolean {
  return asParleyError(error).status === 404;
}

interface CardsProps {
  readonly user: ManagedUser;
  readonly onChanged: (user: ManagedUser) => void;
}

function Cards({ user, onChanged }: CardsProps) {
  const texts = useAdminMessages();
  const own = useAdministrator();
  const navigate = useNavigate();
  const isOwn = user.id === own.id;
  const mayChange = own.permissions.includes("users:write");
  // Sessions end with some changes: the list is then fetched again.
  const [edition, setEdition] = useState(0);
  return (
    <>
      <header className={styles.who}>
        <Avatar name={user.displayName} identity={user.id} size={56} />
        <div className={styles.words}>
          <h1 className={styles.name}>{user.displayName}</h1>
          <p className={styles.email}>{user.email}</p>
        </div>
        <p className={styles.pills}>
          <Pill tone="plain">{texts.roles[user.role] ?? user.role}</Pill>
          <Pill tone={STATE_TONES[user.state]}>{texts.states[user.state]}</Pill>
        </p>
      </header>
      {isOwn && (
        <Notice
          tone="info"
          title={texts.user.own}
          action={<Button onPress={() => void navigate("/account")}>{texts.user.ownAction}</Button>}
        >
          {texts.user.ownText}
        </Notice>
      )}
      <FactsCard user={user} />
      {mayChange && <NameAndRoleCard user={user} isOwn={isOwn} onChanged={onChanged} />}
      {mayChange && !isOwn && (
        <AccessCard
          user={user}
          onChanged={(next) => {
            onChanged(next);
            setEdition((before) => before + 1);
          }}
        />
      )}
      {mayChange && !isOwn && user.factors.length > 0 && (
        <FactorsCard
          user={user}
          onChanged={(next) => {
            onChanged(next);
            setEdition((before) => before + 1);
          }}
        />
      )}
      <SessionsCard key={edition} user={user} mayEnd={mayChange && !isOwn} />
      {mayChange && !isOwn && <DeletionCard user={user} />}
    </>
  );
}

function DeletionCard({ user }: { readonly user: ManagedUser }) {
  const texts = useAdminMessages().user;
  const { api } = useSession();
  const navigate = useNavigate();
  const [isAsking, setAsking] = useState(false);
  return (
    <Card
      title={texts.delete}
      lead={texts.deleteLead}
      isDangerous
      action={
        <Button
          onPress={() => {
            setAsking(true);
          }}
        >
          {texts.deleteOpen}
        </Button>
      }
    >
      <ActionDialog
        title={texts.deleteTitle(user.displayName)}
        effects={texts.deleteEffects}
        action={texts.deleteAction}
        texts={{ last_administrator: texts.last, conflict: texts.bySetting, permission_denied: texts.rank }}
        isOpen={isAsking}
        onClose={() => {
          setAsking(false);
        }}
        onConfirm={async () => {
          await api.administration.deleteUser(user.id);
          showToast({ tone: "info", title: texts.deleted(user.displayName) });
          await navigate("/admin/users", { replace: true });
        }}
      />
    </Card>
  );
}
