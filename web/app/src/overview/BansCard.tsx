import type { Ban, Meeting } from "@parley/sdk";
import { UserCheck } from "lucide-react";
import { useCallback } from "react";
import list from "../account/List.module.css";
import { Failure } from "../forms/Failure.js";
import { useAttempt } from "../forms/useAttempt.js";
import { LoadFailure } from "../loading/LoadFailure.js";
import { MoreButton } from "../loading/MoreButton.js";
import { usePages } from "../loading/usePages.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { useSession } from "../session/session.js";
import { Avatar } from "../ui/Avatar.js";
import { Button } from "../ui/Button.js";
import { Card } from "../ui/Card.js";
import { showToast } from "../ui/toasts.js";

/** Who may not come back, if somebody may not. */
export function BansCard({ meeting }: { readonly meeting: Meeting }) {
  const texts = useMeetingMessages().overview.bans;
  const { api } = useSession();
  const pages = usePages(useCallback((cursor?: string) => api.meetings.bans(meeting.id, cursor), [api, meeting.id]));
  const { error, isPending, run } = useAttempt();
  const banned = pages.items ?? [];
  if (pages.error === null && pages.cursor === null && banned.length === 0) return null;
  const lift = ({ identity, name }: Ban) =>
    void run(async () => {
      await api.meetings.liftBan(meeting.id, identity);
      showToast({ tone: "info", title: texts.lifted(name) });
      pages.reload();
    });
  return (
    <Card title={texts.title} lead={texts.lead}>
      <LoadFailure of={pages} />
      <Failure error={error} />
      {banned.length > 0 && (
        <ul className={list.inner} aria-label={texts.title}>
          {banned.map((each) => (
            <li key={each.identity} className={list.row}>
              <Avatar name={each.name} identity={each.identity} size={36} />
              <div className={list.what}>
                <p className={list.name}>{each.name}</p>
                {each.guest && <p className={list.details}>{texts.guest}</p>}
              </div>
              <Button
                icon={<UserCheck aria-hidden />}
                aria-label={texts.liftOf(each.name)}
                isDisabled={isPending}
                onPress={() => {
                  lift(each);
                }}
              >
                {texts.lift}
              </Button>
            </li>
          ))}
        </ul>
      )}
      <MoreButton of={pages} />
    </Card>
  );
}
