import { CircleAlert, Globe } from "lucide-react";
import { useMemo, useState } from "react";
import { ComboBox, FieldError, Input, Label, ListBox, ListBoxItem, Popover } from "react-aria-components";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import fieldStyles from "../ui/Field.module.css";
import menuStyles from "../ui/Menu.module.css";
import remarks from "../ui/Remarks.module.css";
import styles from "./Planning.module.css";

interface TimeZoneFieldProps {
  /** IANA name. */
  readonly value: string;
  readonly error?: string | undefined;
  readonly onChange: (timeZone: string) => void;
}

/**
 * A time zone, found by a part of its name. The list opens at the first letter or with an arrow key, not with the focus: whoever comes
 * by with the Tab key would have 400 zones over the form, and the page, which scrolls to show the field, would close them again.
 */
export function TimeZoneField({ value, error, onChange }: TimeZoneFieldProps) {
  const texts = useMeetingMessages().form;
  const [typed, setTyped] = useState(shown(value));
  const zones = useMemo(
    () => [...new Set([value, "UTC", ...Intl.supportedValuesOf("timeZone")])].map((id) => ({ id, name: shown(id) })),
    [value],
  );
  return (
    <ComboBox
      className={fieldStyles.field}
      defaultItems={zones}
      value={value}
      inputValue={typed}
      onInputChange={setTyped}
      onChange={(key) => {
        // Whoever leaves the field with half a name gets the former one back.
        if (typeof key === "string") onChange(key);
        setTyped(shown(typeof key === "string" ? key : value));
      }}
      isInvalid={error !== undefined}
      validationBehavior="aria"
    >
      <Label className={fieldStyles.label}>{texts.timeZone}</Label>
      <div className={fieldStyles.frame}>
        <Globe aria-hidden />
        <Input
          className={fieldStyles.input}
          onClick={({ currentTarget }) => {
            if (typed === shown(value)) currentTarget.select(); // what is typed next takes its place
          }}
        />
      </div>
      <FieldError className={remarks.error}>
        <CircleAlert aria-hidden />
        {error}
      </FieldError>
      <Popover className={menuStyles.popover}>
        <ListBox<{ id: string; name: string }>
          className={menuStyles.menu}
          renderEmptyState={() => <p className={styles.none}>{texts.noZone}</p>}
        >
          {(zone) => (
            <ListBoxItem id={zone.id} textValue={zone.name} className={menuStyles.item}>
              <span className={menuStyles.itemText}>{zone.name}</span>
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}

function shown(id: string): string {
  return id.replaceAll("_", " ");
}
