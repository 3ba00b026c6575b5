import type { User } from "@parley/sdk";
import { ChevronRight } from "lucide-react";
import { NavLink } from "react-router";
import { useMessages } from "../messages/catalogue.js";
import { Avatar } from "../ui/Avatar.js";
import { cx } from "../ui/class-names.js";
import styles from "./AccountNavigation.module.css";
import { SECTIONS, sectionPath } from "./sections.js";

interface AccountNavigationProps {
  readonly user: User;
  /** As the page itself, with what is behind each entry; else beside it. */
  readonly isPage?: boolean;
}

/** Whose account it is, and its sections. */
export function AccountNavigation({ user, isPage = false }: AccountNavigationProps) {
  const texts = useMessages().account;
  return (
    <>
      <div className={styles.who}>
        <Avatar name={user.displayName} identity={user.id} size={isPage ? 56 : 44} />
        <div className={styles.words}>
          <p className={styles.name}>{user.displayName}</p>
          <p className={styles.email}>{user.email}</p>
        </div>
      </div>
      <nav aria-label={texts.title}>
        <ul className={cx(styles.list, isPage && styles.page)}>
          {SECTIONS.map(({ id, Icon }) => (
            <li key={id}>
              <NavLink to={sectionPath(id)} className={({ isActive }) => cx(styles.link, isActive && styles.current)}>
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
    </>
  );
}
