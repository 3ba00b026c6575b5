import { UserRound, X } from "lucide-react";
import { useEffect, useState } from "react";
import { Button as AriaButton, ComboBox, Input, Label, ListBox, ListBoxItem, Popover, Text } from "react-aria-components";
import { useMessages } from "../../messages/catalogue.js";
import { useSession } from "../../session/session.js";
import fieldStyles from "../../ui/Field.module.css";
import menuStyles from "../../ui/Menu.module.css";
import { useAdminMessages } from "../useAdminMessages.js";
import styles from "./PersonFilter.module.css";

interface Candidate {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

interface PersonFilterProps {
  /** What the chosen one is called; empty: nobody is chosen. */
  readonly name: string;
  readonly onSelect: (id: string) => void;
}

const TYPING_MS = 250;
const CANDIDATES = 8;

/** Chooses somebody by name, address or id. */
export function PersonFilter({ name, onSelect }: PersonFilterProps) {
  const texts = useAdminMessages().audit;
  const { loading } = useMessages().common;
  const [typed, setTyped] = useState(name);
  const [known, setKnown] = useState(name);
  if (known !== name) {
    setKnown(name);
    setTyped(name);
  }
  const { candidates, isLooking } = useCandidates(typed === name ? "" : typed);
  return (
    <ComboBox
      className={styles.person}
      items={candidates}
      inputValue={typed}
      onInputChange={setTyped}
      value={null}
      onChange={(key) => {
        if (typeof key === "string") onSelect(key);
      }}
      allowsEmptyCollection={typed !== "" && typed !== name}
      allowsCustomValue
    >
      <Label className="visually-hidden">{texts.person}</Label>
      <div className={fieldStyles.frame}>
        <UserRound aria-hidden />
        <Input className={fieldStyles.input} placeholder={texts.personHint} maxLength={64} />
        {typed !== "" && (
          <AriaButton
            slot={null}
            aria-label={texts.clearPerson}
            className={styles.clear}
            onPress={() => {
              setTyped("");
              onSelect("");
            }}
          >
            <X aria-hidden />
          </AriaButton>
        )}
      </div>
      <Popover className={menuStyles.popover}>
        <ListBox<Candidate> className={menuStyles.menu} renderEmptyState={() => <p className={styles.none}>{isLooking ? loading : texts.noPerson}</p>}>
          {(candidate) => (
            <ListBoxItem id={candidate.id} textValue={candidate.name} className={menuStyles.item}>
              <span className={menuStyles.itemText}>
                <Text slot="label">{candidate.name}</Text>
                <Text slot="description" className={styles.email}>
                  {candidate.email}
                </Text>
              </span>
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}

/** Who fits what is typed. */
function useCandidates(typed: string): { candidates: readonly Candidate[]; isLooking: boolean } {
  const { api } = useSession();
  const [found, setFound] = useState<{ search: string; items: readonly Candidate[] }>({ search: "", items: [] });
  const search = typed.trim();
  useEffect(() => {
    if (search === "") return undefined;
    let isCurrent = true;
    const timer = setTimeout(() => {
      api.administration.listUsers({ search }, undefined, CANDIDATES).then(
        ({ items }) => {
          const candidates = items.map(({ id, displayName, email }) => ({ id, name: displayName, email }));
          if (isCurrent) setFound({ search, items: candidates });
        },
        () => undefined,
      );
    }, TYPING_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [api, search]);
  return { candidates: search === "" ? [] : found.items, isLooking: search !== found.search };
}
