import { ProgressBar } from "react-aria-components";
import { useMessages } from "../messages/catalogue.js";
import styles from "./Spinner.module.css";

/** Something is on its way, in the middle of the free space. */
export function Spinner({ label }: { readonly label?: string }) {
  const messages = useMessages();
  return (
    <div className={styles.area}>
      <ProgressBar aria-label={label ?? messages.common.loading} isIndeterminate className={styles.ring} />
      {label !== undefined && <p className={styles.label}>{label}</p>}
    </div>
  );
}
