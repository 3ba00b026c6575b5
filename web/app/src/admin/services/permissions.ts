import type { User } from "@parley/sdk";

/** What somebody may let a program do: what they may themselves, but for what belongs to a person's account. */
export function grantableBy(user: User): readonly string[] {
  return user.permissions.filter((permission) => !permission.startsWith("account:"));
}
