import { Link } from "react-router";
import { cx } from "./class-names.js";
import styles from "./TabLinks.module.css";

interface TabLinksProps {
  /** What they lead through. */
  readonly label: string;
  readonly items: readonly { readonly id: string; readonly label: string; readonly to: string }[];
  readonly current: string;
}

/** Places of which one is shown below. They are links: each has its address. */
export function TabLinks({ label, items, current }: TabLinksProps) {
  return (
    <nav aria-label={label} className={styles.frame}>
      <ul className={styles.list}>
        {items.map((item) => (
          <li key={item.id}>
            <Link
              to={item.to}
              replace
              preventScrollReset
              aria-current={item.id === current ? "page" : undefined}
              className={cx(styles.link, item.id === current && styles.current)}
            >
              {item.label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
