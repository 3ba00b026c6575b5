import type { User } from "@parley/sdk";
import {
  Activity,
  Bot,
  Building2,
  ChartLine,
  ScrollText,
  TriangleAlert,
  UsersRound,
  Webhook,
  type LucideIcon,
} from "lucide-react";

export type SectionId =
  | "users"
  | "live"
  | "usage"
  | "service-accounts"
  | "webhooks"
  | "organisation"
  | "facts"
  | "audit";

interface Section {
  readonly id: SectionId;
  readonly Icon: LucideIcon;
  readonly path: string;
  /** What one must be allowed to see it. */
  readonly permission: string;
}

/** What administrators have pages for, in the order of the navigation. */
const SECTIONS: readonly Section[] = [
  { id: "users", Icon: UsersRound, path: "/admin/users", permission: "users:read" },
  { id: "live", Icon: Activity, path: "/live", permission: "meetings:administer" },
  { id: "usage", Icon: ChartLine, path: "/admin/usage", permission: "meetings:administer" },
  { id: "service-accounts", Icon: Bot, path: "/admin/service-accounts", permission: "service_accounts:read" },
  { id: "webhooks", Icon: Webhook, path: "/admin/webhooks", permission: "webhooks:read" },
  { id: "organisation", Icon: Building2, path: "/admin/organisation", permission: "meetings:administer" },
  { id: "facts", Icon: TriangleAlert, path: "/admin/facts", permission: "meetings:administer" },
  { id: "audit", Icon: ScrollText, path: "/admin/audit", permission: "audit:read" },
];

/** Those that somebody may see. */
export function sectionsOf(user: User): readonly Section[] {
  return SECTIONS.filter(({ permission }) => user.permissions.includes(permission));
}
