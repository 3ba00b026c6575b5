import { useSyncExternalStore } from "react";

/** Where the navigation stands beside the pages, as in `AccountPage.module.css` and `AdminFrame.module.css`. */
const wide = window.matchMedia("(width >= 860px)");

export function useIsWide(): boolean {
  return useSyncExternalStore(
    (listener) => {
      wide.addEventListener("change", listener);
      return () => {
        wide.removeEventListener("change", listener);
      };
    },
    () => wide.matches,
  );
}
