import { CalendarDays, KeyRound, MonitorSmartphone, ShieldCheck, UserRound, type LucideIcon } from "lucide-react";

export type SectionId = "profile" | "security" | "sessions" | "connections" | "calendar";

/** The pages of one's own account, in the order of the navigation. */
export const SECTIONS: readonly { readonly id: SectionId; readonly Icon: LucideIcon }[] = [
  { id: "profile", Icon: UserRound },
  { id: "security", Icon: ShieldCheck },
  { id: "sessions", Icon: MonitorSmartphone },
  { id: "connections", Icon: KeyRound },
  { id: "calendar", Icon: CalendarDays },
];

export function sectionPath(id: SectionId): string {
  return `/account/${id}`;
}
