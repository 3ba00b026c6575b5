import { useCallback } from "react";
import { LoadFailure } from "../../loading/LoadFailure.js";
import { useLoaded } from "../../loading/useLoaded.js";
import { useSession } from "../../session/session.js";
import { Spinner } from "../../ui/Spinner.js";
import { AdminSection } from "../AdminSection.js";
import { OrganisationForm } from "./OrganisationForm.js";

/** What new meetings are like, and how long is kept what they leave behind. */
export function OrganisationPage() {
  const { api } = useSession();
  const loaded = useLoaded(useCallback(() => api.meetings.organisation(), [api]));
  const { value: current, reload, set } = loaded;
  return (
    <AdminSection id="organisation">
      <LoadFailure of={loaded} />
      {current === null && loaded.error === null && <Spinner />}
      {current !== null && (
        <OrganisationForm
          // Another version begins anew.
          key={current.version}
          current={current}
          onChanged={set}
          onReload={reload}
        />
      )}
    </AdminSection>
  );
}
