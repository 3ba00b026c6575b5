import { Check, ChevronDown } from "lucide-react";
import type { ReactNode } from "react";
import { Button, Label, ListBox, ListBoxItem, Popover, Select as AriaSelect, SelectValue } from "react-aria-components";
import { cx } from "./class-names.js";
import menuStyles from "./Menu.module.css";
import styles from "./Select.module.css";

interface SelectProps {
  readonly label: string;
  readonly icon?: ReactNode;
  readonly items: readonly { readonly id: string; readonly label: string }[];
  readonly selected: string | null;
  readonly placeholder: string;
  /** Whether the label is seen, above the field. */
  readonly isLabelled?: boolean;
  readonly onSelect: (id: string) => void;
}

/** One of several, as a field with a list. */
export function Select({ label, icon, items, selected, placeholder, isLabelled = false, onSelect }: SelectProps) {
  return (
    <AriaSelect
      className={styles.select}
      value={selected}
      onChange={(key) => {
        if (typeof key === "string") onSelect(key);
      }}
      isDisabled={items.length === 0}
      placeholder={placeholder}
    >
      <Label className={isLabelled ? styles.label : "visually-hidden"}>{label}</Label>
      <Button className={cx(styles.button, isLabelled && styles.field)}>
        {icon}
        <SelectValue className={styles.value}>
          {({ selectedText, defaultChildren }) => selectedText === "" ? defaultChildren : selectedText}
        </SelectValue>
        <ChevronDown aria-hidden />
      </Button>
      <Popover className={menuStyles.popover}>
        <ListBox items={items} className={menuStyles.menu}>
          {(item) => (
            <ListBoxItem id={item.id} textValue={item.label} className={menuStyles.item}>
              <Check aria-hidden className={menuStyles.check} />
              <span className={menuStyles.itemText}>{item.label}</span>
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}
