import type { ReactNode } from "react";
import { useMessages } from "../messages/catalogue.js";
import { BackLink, PageHead } from "../ui/PageHead.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import { Forbidden, useAdministrator } from "./AdminPage.js";
import { sectionsOf, type SectionId } from "./sections.js";
import { useAdminMessages } from "./useAdminMessages.js";

interface AdminSectionProps {
  readonly id: SectionId;
  /** Beside the heading. */
  readonly action?: ReactNode;
  readonly children: ReactNode;
}

/** The list that an entry of the navigation leads to, for those who may see it. */
export function AdminSection({ id, action, children }: AdminSectionProps) {
  const messages = useMessages();
  const texts = useAdminMessages();
  const user = useAdministrator();
  const { title, lead } = texts.sections[id];
  usePageTitle(`${title} · ${texts.title} · ${messages.product}`);
  if (!sectionsOf(user).some((section) => section.id === id)) return <Forbidden />;
  return (
    <>
      <PageHead title={title} lead={lead} back={<ToIndex />} action={action} />
      {children}
    </>
  );
}

/** The way to the list of administrators' pages, where it is not beside the page. */
export function ToIndex() {
  const texts = useAdminMessages();
  return (
    <BackLink to="/admin" isOnPhonesOnly>
      {texts.title}
    </BackLink>
  );
}
