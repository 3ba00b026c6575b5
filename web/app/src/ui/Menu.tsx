import { Check } from "lucide-react";
import { useId, type ReactNode } from "react";
import {
  Header,
  Menu as AriaMenu,
  MenuItem as AriaMenuItem,
  MenuSection as AriaMenuSection,
  MenuTrigger,
  Popover,
  type PopoverProps,
} from "react-aria-components";
import { cx } from "./class-names.js";
import styles from "./Menu.module.css";

interface MenuProps {
  /** What opens the menu: a button. */
  readonly trigger: ReactNode;
  readonly label: string;
  readonly placement?: PopoverProps["placement"];
  readonly children: ReactNode;
  readonly onOpenChange?: (isOpen: boolean) => void;
}

export function Menu({ trigger, label, placement = "top", children, onOpenChange }: MenuProps) {
  return (
    <MenuTrigger {...(onOpenChange === undefined ? {} : { onOpenChange })}>
      {trigger}
      <Popover placement={placement} offset={10} className={styles.popover}>
        <AriaMenu aria-label={label} className={styles.menu}>
          {children}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}

interface MenuItemProps {
  readonly icon?: ReactNode;
  readonly isDangerous?: boolean;
  readonly isDisabled?: boolean;
  readonly onAction?: () => void;
  readonly children: string;
}

export function MenuItem({ icon, isDangerous, isDisabled, onAction, children }: MenuItemProps) {
  return (
    <AriaMenuItem
      textValue={children}
      isDisabled={isDisabled ?? false}
      {...(onAction === undefined ? {} : { onAction })}
      className={cx(styles.item, isDangerous && styles.danger)}
    >
      {icon}
      <span className={styles.itemText}>{children}</span>
    </AriaMenuItem>
  );
}

interface ChoiceSectionProps {
  readonly title: string;
  readonly items: readonly { readonly id: string; readonly label: string }[];
  readonly selected: string | null;
  /** Shown instead of the items when there are none. */
  readonly empty?: string;
  readonly onSelect: (id: string) => void;
}

/** One of several, with a tick at the current one. */
export function ChoiceSection({ title, items, selected, empty, onSelect }: ChoiceSectionProps) {
  // Ids are unique within a section only (a microphone and a speaker may both be `default`), keys in the whole menu.
  const section = useId();
  return (
    <AriaMenuSection
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={selected === null ? [] : [section + selected]}
      onSelectionChange={(keys) => {
        const [key] = keys;
        if (typeof key === "string") onSelect(key.slice(section.length));
      }}
      className={styles.section}
    >
      <Header className={styles.heading}>{title}</Header>
      {items.map((item) => (
        <AriaMenuItem key={item.id} id={section + item.id} textValue={item.label} className={styles.item}>
          <Check aria-hidden className={styles.check} />
          <span className={styles.itemText}>{item.label}</span>
        </AriaMenuItem>
      ))}
      {items.length === 0 && empty !== undefined && (
        <AriaMenuItem isDisabled textValue={empty} className={styles.item}>
          {empty}
        </AriaMenuItem>
      )}
    </AriaMenuSection>
  );
}
