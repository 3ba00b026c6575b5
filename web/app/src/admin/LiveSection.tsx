import type { User } from "@parley/sdk";
import type { ReactNode } from "react";
import { AdminFrame } from "./AdminFrame.js";
import { ToIndex } from "./AdminSection.js";

/** The live meetings as one of the administrators' pages. */
export function LiveSection({ user, children }: { readonly user: User; readonly children: ReactNode }) {
  return (
    <AdminFrame user={user}>
      <div>
        <ToIndex />
        {children}
      </div>
    </AdminFrame>
  );
}
