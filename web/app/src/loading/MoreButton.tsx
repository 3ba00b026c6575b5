import { useMessages } from "../messages/catalogue.js";
import { Button } from "../ui/Button.js";
import type { Pages } from "./usePages.js";

/** At the end of a list that comes in pages; nothing after the last one. */
export function MoreButton({ of: pages }: { readonly of: Pick<Pages<unknown>, "cursor" | "isLoading" | "more"> }) {
  const messages = useMessages();
  if (pages.cursor === null) return null;
  return (
    <div>
      <Button isPending={pages.isLoading} onPress={pages.more}>
        {messages.common.more}
      </Button>
    </div>
  );
}
