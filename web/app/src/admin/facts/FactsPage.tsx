import { RefreshCw, ShieldCheck } from "lucide-react";
import { useCallback } from "react";
import { LoadFailure } from "../../loading/LoadFailure.js";
import { MoreButton } from "../../loading/MoreButton.js";
import { usePages } from "../../loading/usePages.js";
import { useSession } from "../../session/session.js";
import { Empty } from "../../ui/Empty.js";
import { IconButton } from "../../ui/IconButton.js";
import { Spinner } from "../../ui/Spinner.js";
import { AdminSection } from "../AdminSection.js";
import { OpeningRows } from "../OpeningRow.js";
import tableStyles from "../Table.module.css";
import { useMeetingAdminMessages } from "../useMeetingAdminMessages.js";
import { FactRow } from "./FactRow.js";

/** What rooms told of meetings and could not be taken: looked at, tried again, discarded. */
export function FactsPage() {
  const texts = useMeetingAdminMessages().facts;
  const { api } = useSession();
  const pages = usePages(useCallback((cursor?: string) => api.meetingsAdministration.setAsideFacts(cursor), [api]));
  const { items, error } = pages;
  return (
    <AdminSection
      id="facts"
      action={
        <IconButton label={texts.refresh} onPress={pages.reload}>
          <RefreshCw aria-hidden />
        </IconButton>
      }
    >
      <LoadFailure of={pages} />
      {items === null && error === null && <Spinner />}
      {items?.length === 0 && <Empty icon={<ShieldCheck aria-hidden />} title={texts.none} text={texts.noneText} />}
      {items !== null && items.length > 0 && (
        <OpeningRows label={texts.list}>
          {items.map((fact) => (
            <FactRow key={fact.id} fact={fact} onGone={pages.reload} />
          ))}
        </OpeningRows>
      )}
      <div className={tableStyles.foot}>
        <p role="status">{items !== null && items.length > 0 && texts.count(items.length, pages.cursor === null)}</p>
        <MoreButton of={pages} />
      </div>
    </AdminSection>
  );
}
