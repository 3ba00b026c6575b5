import { CircleAlert, Info, X } from "lucide-react";
import {
  Text,
  UNSTABLE_Toast as Toast,
  UNSTABLE_ToastContent as ToastBody,
  UNSTABLE_ToastRegion as ToastRegion,
} from "react-aria-components";
import { useMessages } from "../messages/catalogue.js";
import { cx } from "./class-names.js";
import { IconButton } from "./IconButton.js";
import { toasts } from "./toasts.js";
import styles from "./Toasts.module.css";

export function Toasts() {
  const messages = useMessages();
  return (
    <ToastRegion queue={toasts} className={styles.region}>
      {({ toast }) => (
        <Toast toast={toast} className={cx(styles.toast, styles[toast.content.tone])}>
          {toast.content.tone === "error" ? <CircleAlert aria-hidden /> : <Info aria-hidden />}
          <ToastBody className={styles.body}>
            <Text slot="title" className={styles.title}>
              {toast.content.title}
            </Text>
            {toast.content.text !== undefined && (
              <Text slot="description" className={styles.text}>
                {toast.content.text}
              </Text>
            )}
          </ToastBody>
          <IconButton slot="close" label={messages.common.dismiss}>
            <X aria-hidden />
          </IconButton>
        </Toast>
      )}
    </ToastRegion>
  );
}
