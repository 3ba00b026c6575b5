import type { User } from "@parley/sdk";
import { Download, Printer } from "lucide-react";
import { useState } from "react";
import { useMessages } from "../messages/catalogue.js";
import { Button } from "../ui/Button.js";
import { CopyButton } from "../ui/CopyButton.js";
import { Dialog } from "../ui/Dialog.js";
import { saveFile } from "../ui/save-file.js";
import { Switch } from "../ui/Switch.js";
import styles from "./RecoveryCodesDialog.module.css";

interface RecoveryCodesDialogProps {
  readonly user: User;
  /** Null: there is nothing to show. */
  readonly codes: readonly string[] | null;
  readonly onKept: () => void;
}

/** Shows recovery codes the one time that they can be shown; it is closed by who says that they are kept. */
export function RecoveryCodesDialog({ user, codes, onKept }: RecoveryCodesDialogProps) {
  const texts = useMessages().account.recovery;
  return (
    <Dialog title={texts.shownTitle} isOpen={codes !== null} onClose={onKept} mustBeAnswered>
      {codes !== null && <Codes user={user} codes={codes} onKept={onKept} />}
    </Dialog>
  );
}

function Codes({ user, codes, onKept }: RecoveryCodesDialogProps & { readonly codes: readonly string[] }) {
  const texts = useMessages().account.recovery;
  const [isKept, setKept] = useState(false);
  const [isTold, setTold] = useState(false);
  const text = `${texts.heading(user.email)}\n\n${codes.join("\n")}\n`;
  return (
    <>
      <p className={styles.text}>{texts.shownText}</p>
      <div className={styles.sheet}>
        <p className={styles.onPaper}>{texts.heading(user.email)}</p>
        <ol className={styles.codes} aria-label={texts.title}>
          {codes.map((code) => (
            <li key={code}>
              <code>{code}</code>
            </li>
          ))}
        </ol>
      </div>
      <div className={styles.ways}>
        <CopyButton text={text} label={texts.copy} />
        <Button
          icon={<Download aria-hidden />}
          onPress={() => {
            saveFile(new Blob([text], { type: "text/plain" }), "parley-recovery-codes.txt");
          }}
        >
          {texts.download}
        </Button>
        <Button
          icon={<Printer aria-hidden />}
          onPress={() => {
            window.print();
          }}
        >
          {texts.print}
        </Button>
      </div>
      <Switch
        isSelected={isKept}
        onChange={(isOn) => {
          setKept(isOn);
          setTold(false);
        }}
      >
        {texts.kept}
      </Switch>
      <Button
        variant="primary"
        fullWidth
        onPress={() => {
          if (isKept) onKept();
          else setTold(true);
        }}
      >
        {texts.done}
      </Button>
      <p role="status" className={styles.told}>
        {isTold ? texts.keptFirst : ""}
      </p>
    </>
  );
}
