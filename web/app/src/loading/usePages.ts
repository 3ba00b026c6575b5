import { asParleyError, type Page, type ParleyError } from "@parley/sdk";
import { useCallback, useEffect, useState } from "react";

/** What a list shows of itself. */
interface Shown<Item> {
  /** Null until the first page is there. */
  readonly items: readonly Item[] | null;
  /** Where it goes on; null at the end. */
  readonly cursor: string | null;
  readonly error: ParleyError | null;
  readonly isLoading: boolean;
}

export interface Pages<Item> extends Shown<Item> {
  /** Fetches the next page. */
  readonly more: () => void;
  /** Begins anew. */
  readonly reload: () => void;
}

export type LoadPage<Item> = (cursor?: string) => Promise<Page<Item>>;

/**
 * Asks on while pages are empty and others follow, as those of a filtered list may be. A cursor that stands still leads nowhere: it is
 * the end then.
 */
export async function filledPage<Item>(load: LoadPage<Item>, cursor?: string): Promise<Page<Item>> {
  let asked = cursor ?? null;
  let page = await load(cursor);
  while (page.items.length === 0 && page.nextCursor !== null) {
    if (page.nextCursor === asked) return { ...page, nextCursor: null };
    asked = page.nextCursor;
    page = await load(asked);
  }
  return page;
}

const NOTHING = { items: null, cursor: null, error: null, isLoading: true };

/** A list that comes by pages. Another `load` begins anew; what was there is shown until the answer comes. */
export function usePages<Item>(load: LoadPage<Item>): Pages<Item> {
  const [edition, setEdition] = useState(0);
  const [shown, setShown] = useState<Shown<Item>>(NOTHING);
  const [asked, setAsked] = useState<string | undefined>();
  const [begun, setBegun] = useState<{ load: LoadPage<Item>; edition: number }>({ load, edition });
  if (begun.load !== load || begun.edition !== edition) {
    setBegun({ load, edition });
    setAsked(undefined);
    setShown((before) => ({ ...before, isLoading: true }));
  }
  useEffect(() => {
    let isCurrent = true;
    filledPage(load, asked).then(
      ({ items, nextCursor }) => {
        if (!isCurrent) return;
        setShown((before) => ({
          items: asked === undefined ? items : [...(before.items ?? []), ...items],
          cursor: nextCursor,
          error: null,
          isLoading: false,
        }));
      },
      (thrown: unknown) => {
        if (isCurrent) setShown((before) => ({ ...before, error: asParleyError(thrown), isLoading: false }));
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [load, asked, edition]);
  const { cursor } = shown;
  const more = useCallback(() => {
    if (cursor === null) return;
    setShown((before) => ({ ...before, isLoading: true }));
    setAsked(cursor);
  }, [cursor]);
  const reload = useCallback(() => {
    setEdition((before) => before + 1);
  }, []);
  return { ...shown, more, reload };
}
