import { Activity, AtSign, CircleUserRound, Clapperboard, Languages, LogOut, ShieldUser } from "lucide-react";
import type { ReactNode } from "react";
import { Button as AriaButton } from "react-aria-components";
import { Link, useNavigate } from "react-router";
import { CATALOGUES, LANGUAGES, useLanguage, type Language } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Avatar } from "../ui/Avatar.js";
import { IconButton } from "../ui/IconButton.js";
import { Logo } from "../ui/Logo.js";
import { ChoiceSection, Menu, MenuItem } from "../ui/Menu.js";
import styles from "./PageFrame.module.css";

/** What all pages outside a meeting have around them. */
export function PageFrame({ children }: { readonly children: ReactNode }) {
  const { messages } = useLanguage();
  return (
    <>
      <a className={styles.skip} href="#content">
        {messages.common.skipToContent}
      </a>
      <header className={styles.header}>
        <Link to="/" className={styles.home} aria-label={`${messages.product}: ${messages.common.backHome}`}>
          <Logo />
        </Link>
        <div className={styles.tools}>
          <LanguageMenu />
          <AccountMenu />
        </div>
      </header>
      <main id="content" tabIndex={-1} className={styles.content}>
        {children}
      </main>
    </>
  );
}

function LanguageMenu() {
  const { messages, language, setLanguage } = useLanguage();
  return (
    <Menu
      label={messages.common.language}
      placement="bottom end"
      trigger={
        <IconButton label={messages.common.language}>
          <Languages aria-hidden />
        </IconButton>
      }
    >
      <ChoiceSection
        title={messages.common.language}
        items={LANGUAGES.map((id) => ({ id, label: CATALOGUES[id].languageName }))}
        selected={language}
        onSelect={(id) => {
          setLanguage(id as Language);
        }}
      />
    </Menu>
  );
}

function AccountMenu() {
  const { messages } = useLanguage();
  const { api, user } = useSession();
  const navigate = useNavigate();
  if (user === null) return null;
  const signOut = async () => {
    // Without a connection the page forgets the session all the same.
    await api.logout().catch(() => undefined);
    await navigate("/");
  };
  return (
    <Menu
      label={messages.account.menu(user.displayName)}
      placement="bottom end"
      trigger={
        <AriaButton aria-label={messages.account.menu(user.displayName)} className={styles.account}>
          <Avatar name={user.displayName} identity={user.id} size={34} />
        </AriaButton>
      }
    >
      <MenuItem isDisabled icon={<AtSign aria-hidden />}>
        {user.email}
      </MenuItem>
      <MenuItem icon={<CircleUserRound aria-hidden />} onAction={() => void navigate("/account")}>
        {messages.account.title}
      </MenuItem>
      <MenuItem icon={<Clapperboard aria-hidden />} onAction={() => void navigate("/recordings")}>
        {messages.common.recordings}
      </MenuItem>
      {user.administrator ? (
        <MenuItem icon={<ShieldUser aria-hidden />} onAction={() => void navigate("/admin")}>
          {messages.common.administration}
        </MenuItem>
      ) : (
        <MenuItem icon={<Activity aria-hidden />} onAction={() => void navigate("/live")}>
          {messages.live.title}
        </MenuItem>
      )}
      <MenuItem icon={<LogOut aria-hidden />} onAction={() => void signOut()}>
        {messages.account.signOut}
      </MenuItem>
    </Menu>
  );
}
