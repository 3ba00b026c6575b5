import type { User } from "@parley/sdk";
import { ChevronRight } from "lucide-react";
import { NavLink } from "react-router";
import styles from "../account/AccountNavigation.module.css";
import { cx } from "../ui/class-names.js";
import { sectionsOf } from "./sections.js";
import { useAdminMessages } from "./useAdminMessages.js";

interface AdminNavigationProps {
  readonly user: User;
  /** As the page itself, with what is behind each entry; else beside it. */
  readonly isPage?: boolean;
}

/** What an administrator may see. */
export function AdminNavigation({ user, isPage = false }: AdminNavigationProps) {
  const texts = useAdminMessages();
  return (
    <nav aria-label={texts.title}>
      <ul className={cx(styles.list, isPage && styles.page)}>
        {sectionsOf(user).map(({ id, Icon, path }) => (
          <li key={id}>
            <NavLink to={path} className={({ isActive }) => cx(styles.link, isActive && styles.current)}>
              <Icon aria-hidden />
              <span className={styles.label}>
                {texts.sections[id].title}
                {isPage && <span className={styles.lead}>{texts.sections[id].lead}</span>}
              </span>
              {isPage && <ChevronRight aria-hidden className={styles.onward} />}
            </NavLink>
          </li>
        ))}
      </ul>
    </nav>
  );
}
