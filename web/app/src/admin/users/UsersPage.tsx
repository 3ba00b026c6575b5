import type { AccountRole, AccountState, ManagedUser } from "@parley/sdk";
import { CircleDot, Clock, Search, Shield, UserPlus, UserRoundSearch, X } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { useLocale } from "react-aria-components";
import { Link } from "react-router";
import { LoadFailure } from "../../loading/LoadFailure.js";
import { useSession } from "../../session/session.js";
import { Avatar } from "../../ui/Avatar.js";
import { Button } from "../../ui/Button.js";
import { cx } from "../../ui/class-names.js";
import { Field } from "../../ui/Field.js";
import { IconButton } from "../../ui/IconButton.js";
import { Select } from "../../ui/Select.js";
import { Spinner } from "../../ui/Spinner.js";
import { useAdministrator } from "../AdminPage.js";
import { AdminSection } from "../AdminSection.js";
import { day } from "../dates.js";
import { Empty } from "../../ui/Empty.js";
import { Pill, STATE_TONES } from "../Pill.js";
import styles from "../Table.module.css";
import { useAdminMessages } from "../useAdminMessages.js";
import { useFilters } from "../../loading/useFilters.js";
import { usePages } from "../../loading/usePages.js";
import { NewUserDialog } from "./NewUserDialog.js";

const FILTERS = ["q", "role", "state", "unused"] as const;
const ROLES: readonly AccountRole[] = ["administrator", "organiser", "member"];
const STATES: readonly AccountState[] = ["active", "invited", "suspended"];
/** For how many days somebody was not here. */
const UNUSED_DAYS = ["30", "90", "365"] as const;
/** What is being typed is looked for after so long a pause, milliseconds. */
const TYPING_MS = 250;
const DAY_MS = 86_400_000;

/** Everybody who has an account. */
export function UsersPage() {
  const texts = useAdminMessages();
  const { api } = useSession();
  const { permissions } = useAdministrator();
  const { values, set, reset, areSet } = useFilters(FILTERS);
  const { q, role, state, unused } = values;
  const [isAdding, setAdding] = useState(false);
  const pages = usePages(
    useCallback(
      (cursor?: string) => {
        const filters = { ...(role !== "" && { role: role as AccountRole }), ...(state !== "" && { state: state as AccountState }) };
        const days = Number(unused);
        const usedBefore = days > 0 && { usedBefore: new Date(Date.now() - days * DAY_MS).toISOString() };
        return api.administration.listUsers({ search: q, ...filters, ...usedBefore }, cursor);
      },
      [api, q, role, state, unused],
    ),
  );
  return (
    <AdminSection
      id="users"
      action={
        permissions.includes("users:write") && (
          <Button
            variant="primary"
            icon={<UserPlus aria-hidden />}
            onPress={() => {
              setAdding(true);
            }}
          >
            {texts.users.add}
          </Button>
        )
      }
    >
      <div className={styles.filters}>
        <SearchField
          value={q}
          onChange={(value) => {
            set({ q: value });
          }}
        />
        <div className={styles.filter}>
          <Select
            label={texts.users.role}
            icon={<Shield aria-hidden />}
            items={[{ id: "any", label: texts.users.anyRole }, ...ROLES.map((id) => ({ id, label: texts.roles[id] ?? id }))]}
            selected={role === "" ? "any" : role}
            placeholder={texts.users.anyRole}
            onSelect={(id) => {
              set({ role: id === "any" ? "" : id });
            }}
          />
        </div>
        <div className={styles.filter}>
          <Select
            label={texts.users.state}
            icon={<CircleDot aria-hidden />}
            items={[{ id: "any", label: texts.users.anyState }, ...STATES.map((id) => ({ id, label: texts.states[id] }))]}
            selected={state === "" ? "any" : state}
            placeholder={texts.users.anyState}
            onSelect={(id) => {
              set({ state: id === "any" ? "" : id });
            }}
          />
        </div>
        <div className={styles.filter}>
          <Select
            label={texts.users.lastUsed}
            icon={<Clock aria-hidden />}
            items={[
              { id: "any", label: texts.users.anyLastUsed },
              ...UNUSED_DAYS.map((id) => ({ id, label: texts.users.unusedFor(Number(id)) })),
            ]}
            selected={unused === "" ? "any" : unused}
            placeholder={texts.users.anyLastUsed}
            onSelect={(id) => {
              set({ unused: id === "any" ? "" : id });
            }}
          />
        </div>
      </div>
      <LoadFailure of={pages} />
      {pages.items === null && pages.error === null && <Spinner />}
      {pages.items?.length === 0 && (
        <Empty icon={<UserRoundSearch aria-hidden />} title={texts.users.none} text={texts.users.noneText}>
          {areSet && <Button onPress={reset}>{texts.audit.reset}</Button>}
        </Empty>
      )}
      {pages.items !== null && pages.items.length > 0 && <UsersTable users={pages.items} />}
      <div className={styles.foot}>
        <p role="status">{pages.items !== null && texts.users.count(pages.items.length, pages.cursor === null)}</p>
        {pages.cursor !== null && (
          <Button isPending={pages.isLoading} onPress={pages.more}>
            {texts.more}
          </Button>
        )}
      </div>
      <NewUserDialog
        isOpen={isAdding}
        onClose={() => {
          setAdding(false);
        }}
        onCreated={pages.reload}
      />
    </AdminSection>
  );
}

function SearchField({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }) {
  const texts = useAdminMessages().users;
  const [typed, setTyped] = useState(value);
  const [known, setKnown] = useState(value);
  if (known !== value) {
    // Changed from elsewhere: by the way back, or by removing all filters.
    setKnown(value);
    if (typed.trim() !== value) setTyped(value);
  }
  useEffect(() => {
    if (typed.trim() === value) return undefined;
    const timer = setTimeout(() => {
      onChange(typed.trim());
    }, TYPING_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [typed, value, onChange]);
  return (
    <div className={styles.search}>
      <Field
        aria-label={texts.search}
        placeholder={texts.search}
        type="search"
        maxLength={254}
        autoComplete="off"
        value={typed}
        onChange={setTyped}
        leading={<Search aria-hidden />}
        trailing={
          typed !== "" && (
            <IconButton
              label={texts.clearSearch}
              onPress={() => {
                setTyped("");
                onChange("");
              }}
            >
              <X aria-hidden />
            </IconButton>
          )
        }
      />
    </div>
  );
}

function UsersTable({ users }: { readonly users: readonly ManagedUser[] }) {
  const texts = useAdminMessages();
  return (
    <table role="table" className={styles.table}>
      <caption className="visually-hidden">{texts.users.table}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {[texts.users.person, texts.users.role, texts.users.state].map((heading) => (
            <th key={heading} role="columnheader" scope="col">
              {heading}
            </th>
          ))}
          {[texts.users.lastUsed, texts.users.created].map((heading) => (
            <th key={heading} role="columnheader" scope="col" className={styles.wideOnly}>
              {heading}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {users.map((user) => (
          <Row key={user.id} user={user} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ user }: { readonly user: ManagedUser }) {
  const texts = useAdminMessages();
  const own = useAdministrator();
  const { locale } = useLocale();
  return (
    <tr role="row" className={styles.row}>
      <th role="rowheader" scope="row">
        <div className={styles.person}>
          <Avatar name={user.displayName} identity={user.id} size={40} />
          <div className={styles.words}>
            <Link to={`/admin/users/${user.id}`} className={styles.name}>
              {user.displayName}
            </Link>
            {user.id === own.id && <span className={styles.quiet}> · {texts.users.you}</span>}
            <span className={styles.address}>{user.email}</span>
          </div>
        </div>
      </th>
      <td role="cell">{texts.roles[user.role] ?? user.role}</td>
      <td role="cell">
        <Pill tone={STATE_TONES[user.state]}>{texts.states[user.state]}</Pill>
      </td>
      <td role="cell" className={cx(styles.quiet, styles.wideOnly)}>
        {user.lastUsedAt === null ? texts.users.neverUsed : day(user.lastUsedAt, locale)}
      </td>
      <td role="cell" className={cx(styles.quiet, styles.wideOnly)}>
        {day(user.createdAt, locale)}
      </td>
    </tr>
  );
}
