import type { User } from "@parley/sdk";
import { ShieldX } from "lucide-react";
import { Outlet, useNavigate, useOutletContext } from "react-router";
import { SignedIn } from "../live/SignedIn.js";
import { useMessages } from "../messages/catalogue.js";
import { MessagePanel } from "../pages/MessagePanel.js";
import { PageFrame } from "../pages/PageFrame.js";
import { Button } from "../ui/Button.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import { AdminFrame } from "./AdminFrame.js";
import { sectionsOf } from "./sections.js";
import { useAdminMessages } from "./useAdminMessages.js";

/** The administrators' pages; others are told that these are not for them. */
export function AdminPage() {
  return (
    <SignedIn>
      {(user) =>
        sectionsOf(user).length === 0 ? (
          <PageFrame>
            <Forbidden />
          </PageFrame>
        ) : (
          <AdminFrame user={user}>
            <Outlet context={user} />
          </AdminFrame>
        )
      }
    </SignedIn>
  );
}

/** Who is administering. */
export function useAdministrator(): User {
  return useOutletContext<User>();
}

/** Says that somebody may not see this. */
export function Forbidden() {
  const messages = useMessages();
  const texts = useAdminMessages();
  const navigate = useNavigate();
  usePageTitle(`${texts.title} · ${messages.product}`);
  return (
    <MessagePanel icon={<ShieldX />} title={texts.forbidden.title} text={texts.forbidden.text}>
      <Button variant="primary" onPress={() => void navigate("/")}>
        {messages.common.backHome}
      </Button>
    </MessagePanel>
  );
}
