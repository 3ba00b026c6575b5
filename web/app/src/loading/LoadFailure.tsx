import { problemText, useMessages } from "../messages/catalogue.js";
import { Button } from "../ui/Button.js";
import { Notice } from "../ui/Notice.js";
import type { Loaded } from "./useLoaded.js";

/** Says that something could not be loaded, and tries again. */
export function LoadFailure({ of: { error, reload } }: { readonly of: Pick<Loaded<unknown>, "error" | "reload"> }) {
  const messages = useMessages();
  if (error === null) return null;
  return (
    <Notice tone="error" title={messages.account.loadFailed} action={<Button onPress={reload}>{messages.common.retry}</Button>}>
      {problemText(messages, error)}
    </Notice>
  );
}
