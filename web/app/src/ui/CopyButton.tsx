import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { useMessages } from "../messages/catalogue.js";
import { Button } from "./Button.js";
import { IconButton } from "./IconButton.js";
import { showToast } from "./toasts.js";

interface CopyButtonProps {
  readonly text: string;
  /** The accessible name; of the labelled form also what it shows. */
  readonly label: string;
  readonly variant?: "icon" | "secondary" | "primary";
}

/** Puts a text on the clipboard and says so. */
export function CopyButton({ text, label, variant = "secondary" }: CopyButtonProps) {
  const messages = useMessages();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => {
      setCopied(false);
    }, 2000);
    return () => {
      clearTimeout(timer);
    };
  }, [copied]);

  const copy = async () => {
    try {
      await copyText(text);
      setCopied(true);
    } catch {
      showToast({ tone: "error", title: messages.common.copyFailed });
    }
  };
  const icon = copied ? <Check aria-hidden /> : <Copy aria-hidden />;
  const status = (
    <span role="status" className="visually-hidden">
      {copied ? messages.common.copied : ""}
    </span>
  );
  if (variant === "icon") {
    return (
      <>
        <IconButton label={copied ? messages.common.copied : label} onPress={() => void copy()}>
          {icon}
        </IconButton>
        {status}
      </>
    );
  }
  return (
    <>
      <Button variant={variant} icon={icon} onPress={() => void copy()}>
        {copied ? messages.common.copied : label}
      </Button>
      {status}
    </>
  );
}

/** The clipboard interface is missing on pages without HTTPS; the old command works there. */
async function copyText(text: string): Promise<void> {
  const clipboard = (navigator as { clipboard?: Clipboard }).clipboard;
  if (clipboard !== undefined) {
    await clipboard.writeText(text);
    return;
  }
  const field = document.createElement("textarea");
  field.value = text;
  field.style.position = "fixed";
  field.style.opacity = "0";
  document.body.append(field);
  field.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way on an insecure page
  const done = document.execCommand("copy");
  field.remove();
  if (!done) throw new Error("copying was refused");
}
