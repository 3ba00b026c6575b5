import { useEffect, useState } from "react";

/** One for each page: a link that is kept for one is no other page's. */
const key = () => `parley.mail-link:${location.pathname}`;

/**
 * What stands behind `#` in the link of a mail. It is in no request but those that use it, and stays out of the history and out of
 * what is shown. A link that is opened where another one's page is shown already takes its place.
 */
export function useMailLink(): URLSearchParams {
  const [link, setLink] = useState(() => fromAddress() ?? kept() ?? new URLSearchParams());
  useEffect(() => {
    const take = () => {
      const found = fromAddress();
      if (found === null) return;
      setLink(found);
      history.replaceState(history.state, "", location.pathname);
    };
    take();
    forget();
    window.addEventListener("hashchange", take);
    return () => {
      window.removeEventListener("hashchange", take);
    };
  }, []);
  return link;
}

/** Keeps a link in this tab for whoever has to sign in first, also at a provider's page. */
export function keepMailLink(link: URLSearchParams): void {
  try {
    sessionStorage.setItem(key(), link.toString());
  } catch {
    // Where nothing may be stored, the link has to be opened from the mail once more.
  }
}

/** None where the address has something else there: the main part of the page, say. */
function fromAddress(): URLSearchParams | null {
  const found = new URLSearchParams(location.hash.slice(1));
  return found.has("token") ? found : null;
}

function kept(): URLSearchParams | null {
  try {
    const text = sessionStorage.getItem(key());
    return text === null ? null : new URLSearchParams(text);
  } catch {
    return null;
  }
}

function forget(): void {
  try {
    sessionStorage.removeItem(key());
  } catch {
    // Nothing was kept.
  }
}
