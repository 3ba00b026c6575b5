import { X } from "lucide-react";
import { useState } from "react";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { Button } from "../ui/Button.js";
import { Field } from "../ui/Field.js";
import { IconButton } from "../ui/IconButton.js";
import { addressesIn } from "./draft.js";
import styles from "./Planning.module.css";

interface AddressesFieldProps {
  readonly value: readonly string[];
  readonly onChange: (addresses: readonly string[]) => void;
  /** What the list of them is called, and taking one out of it, where nobody is invited. */
  readonly words?: { readonly list: string; readonly remove: (address: string) => string };
}

/** E-mail addresses, added one by one or many at once. */
export function AddressesField({ value, onChange, words }: AddressesFieldProps) {
  const texts = useMeetingMessages().form;
  const { list, remove } = words ?? { list: texts.inviteesTitle, remove: texts.remove };
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState<string | undefined>();
  const add = () => {
    const { addresses, wrong } = addressesIn(typed);
    if (wrong !== null) {
      setProblem(texts.addressInvalid(wrong));
      return;
    }
    onChange([...new Set([...value, ...addresses])]);
    setTyped("");
  };
  return (
    <>
      <div className={styles.adding}>
        <Field
          label={texts.address}
          hint={texts.addressHint}
          inputMode="email"
          autoComplete="off"
          value={typed}
          error={problem}
          onChange={(text) => {
            setTyped(text);
            setProblem(undefined);
          }}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            // The form is sent by its button alone: an address that stands here is not lost.
            event.preventDefault();
            add();
          }}
          onBlur={() => {
            if (typed.trim() !== "") add();
          }}
        />
        <Button onPress={add}>{texts.add}</Button>
      </div>
      {value.length > 0 && (
        <ul className={styles.addresses} aria-label={list}>
          {value.map((address) => (
            <li key={address} className={styles.address}>
              {address}
              <IconButton
                label={remove(address)}
                onPress={() => {
                  onChange(value.filter((each) => each !== address));
                }}
              >
                <X aria-hidden />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
