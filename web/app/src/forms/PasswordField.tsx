import { Eye, EyeOff } from "lucide-react";
import { useState } from "react";
import { useMessages } from "../messages/catalogue.js";
import { Field, type FieldProps } from "../ui/Field.js";
import { IconButton } from "../ui/IconButton.js";

interface PasswordFieldProps extends Omit<FieldProps, "type" | "trailing" | "autoComplete"> {
  /** Whether a password that there is is given, or a new one chosen. */
  readonly kind: "current" | "new";
}

/** A password, that can be looked at while it is typed. */
export function PasswordField({ kind, ...props }: PasswordFieldProps) {
  const { welcome } = useMessages();
  const [isShown, setShown] = useState(false);
  return (
    <Field
      maxLength={256}
      {...props}
      type={isShown ? "text" : "password"}
      autoComplete={kind === "new" ? "new-password" : "current-password"}
      trailing={
        <IconButton
          label={isShown ? welcome.hidePassword : welcome.showPassword}
          onPress={() => {
            setShown(!isShown);
          }}
        >
          {isShown ? <EyeOff aria-hidden /> : <Eye aria-hidden />}
        </IconButton>
      }
    />
  );
}
