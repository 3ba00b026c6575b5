import type { ParleyError } from "@parley/sdk";
import type { ReactNode } from "react";
import { LoadFailure } from "../loading/LoadFailure.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { Spinner } from "../ui/Spinner.js";
import styles from "./History.module.css";

interface KeptProps<Item> {
  readonly items: readonly Item[] | null;
  readonly error: ParleyError | null;
  readonly reload: () => void;
  /** What to say where there is nothing. */
  readonly none: string;
  readonly children: (items: readonly Item[]) => ReactNode;
}

/** What is kept of one kind, or why there is nothing to see of it. */
export function Kept<Item>({ items, error, reload, none, children }: KeptProps<Item>) {
  const texts = useMeetingMessages().history;
  if (error?.code === "not_found") return <p className={styles.note}>{texts.gone}</p>;
  if (error?.code === "permission_denied") return <p className={styles.note}>{texts.notYours}</p>;
  return (
    <>
      <LoadFailure of={{ error, reload }} />
      {items === null && error === null && <Spinner />}
      {items?.length === 0 && <p className={styles.note}>{none}</p>}
      {items !== null && items.length > 0 && children(items)}
    </>
  );
}
