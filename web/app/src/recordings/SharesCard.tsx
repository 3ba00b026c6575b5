import type { RecordingShare } from "@parley/sdk";
import { UserRoundX } from "lucide-react";
import { useCallback, useState } from "react";
import { useLocale } from "react-aria-components";
import list from "../account/List.module.css";
import { day } from "../admin/dates.js";
import { Failure } from "../forms/Failure.js";
import { useAttempt } from "../forms/useAttempt.js";
import { LoadFailure } from "../loading/LoadFailure.js";
import { useLoaded } from "../loading/useLoaded.js";
import { AddressesField } from "../planning/AddressesField.js";
import { useSession } from "../session/session.js";
import { Avatar } from "../ui/Avatar.js";
import { Button } from "../ui/Button.js";
import { Card } from "../ui/Card.js";
import { IconButton } from "../ui/IconButton.js";
import { showToast } from "../ui/toasts.js";
import styles from "./Recordings.module.css";
import { useRecordingMessages } from "./useRecordingMessages.js";

/** With whom a recording is shared; more of them, or fewer. */
export function SharesCard({ id }: { readonly id: string }) {
  const texts = useRecordingMessages().share;
  const { api } = useSession();
  const loaded = useLoaded(useCallback(() => api.recordings.shares(id), [api, id]));
  const { error, isPending, run } = useAttempt();
  const [addresses, setAddresses] = useState<readonly string[]>([]);
  const shares = loaded.value;
  const share = () =>
    run(async () => {
      const left = [...addresses];
      try {
        for (const address of addresses) {
          await api.recordings.share(id, { address });
          left.shift();
        }
        showToast({ tone: "info", title: texts.done(addresses.length) });
      } finally {
        setAddresses(left);
        loaded.reload();
      }
    });
  const takeBack = (known: RecordingShare) =>
    run(async () => {
      await api.recordings.unshare(id, known.key);
      loaded.reload();
      showToast({ tone: "info", title: texts.takenBack(nameOf(known)) });
    });
  return (
    <Card title={texts.title} lead={texts.lead}>
      <LoadFailure of={loaded} />
      <Failure error={error} texts={{ conflict: texts.tooMany }} />
      {shares?.length === 0 && <p className={list.note}>{texts.none}</p>}
      {shares !== null && shares.length > 0 && (
        <ul className={list.inner} aria-label={texts.list}>
          {shares.map((known) => (
            <Row key={known.key} share={known} onTakeBack={() => void takeBack(known)} />
          ))}
        </ul>
      )}
      <div className={styles.sharing}>
        <AddressesField value={addresses} onChange={setAddresses} words={{ list: texts.adding, remove: texts.drop }} />
        {addresses.length > 0 && (
          <Button variant="primary" isPending={isPending} onPress={() => void share()}>
            {texts.action}
          </Button>
        )}
      </div>
    </Card>
  );
}

function Row({ share, onTakeBack }: { readonly share: RecordingShare; readonly onTakeBack: () => void }) {
  const texts = useRecordingMessages().share;
  const { locale } = useLocale();
  const name = nameOf(share);
  return (
    <li className={list.row}>
      <Avatar name={name} identity={share.key} size={36} />
      <div className={list.what}>
        <p className={list.name}>{name}</p>
        <p className={list.details}>
          {share.address !== null && share.address !== name && <span>{share.address}</span>}
          <span>{texts.since(day(share.sharedAt, locale))}</span>
        </p>
      </div>
      <IconButton label={texts.takeBack(name)} onPress={onTakeBack}>
        <UserRoundX aria-hidden />
      </IconButton>
    </li>
  );
}

function nameOf({ name, address, userId }: RecordingShare): string {
  return name ?? address ?? userId ?? "?";
}
