import { useEffect, useState } from "react";

/** What stands behind `#` in the link of a mail. It is in no request but those that use it, and stays out of the history and out of what is shown. */
export function useMailLink(): URLSearchParams {
  const [link] = useState(() => new URLSearchParams(location.hash.slice(1)));
  useEffect(() => {
    if (location.hash !== "") history.replaceState(history.state, "", location.pathname);
  }, []);
  return link;
}
