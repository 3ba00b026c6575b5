import { CircleAlert } from "lucide-react";
import { FieldError, Text } from "react-aria-components";
import styles from "./Remarks.module.css";

interface RemarksProps {
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
}

/** What stands under a field: why its value cannot be used, or else what it is for. */
export function Remarks({ hint, error }: RemarksProps) {
  return (
    <>
      {error === undefined && hint !== undefined && (
        <Text slot="description" className={styles.hint}>
          {hint}
        </Text>
      )}
      <FieldError className={styles.error}>
        <CircleAlert aria-hidden />
        {error}
      </FieldError>
    </>
  );
}
