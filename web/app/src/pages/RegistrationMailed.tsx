import { useMessages } from "../messages/catalogue.js";
import { Button } from "../ui/Button.js";
import formStyles from "./AccountForm.module.css";
import styles from "./MailLinkPage.module.css";
import { useSaid } from "./useSaid.js";

interface RegistrationMailedProps {
  readonly email: string;
  readonly onAgain: () => void;
}

/** A link is on its way to whoever wants an account; what to do if it does not arrive. */
export function RegistrationMailed({ email, onAgain }: RegistrationMailedProps) {
  const texts = useMessages().mailLinks.registered;
  const heading = useSaid();
  return (
    <div className={formStyles.form}>
      <h2 ref={heading} tabIndex={-1} className={styles.title}>
        {texts.title}
      </h2>
      <p className={styles.lead}>{texts.text(email)}</p>
      <p className={styles.lead}>{texts.nothing}</p>
      <Button size="large" fullWidth onPress={onAgain}>
        {texts.again}
      </Button>
    </div>
  );
}
