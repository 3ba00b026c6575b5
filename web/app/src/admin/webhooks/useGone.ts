import { useEffect, useRef, type RefObject } from "react";

/** Is aborted once what uses it is there no more: for whatever is waited for in between. */
export function useGone(): RefObject<AbortController> {
  const gone = useRef(new AbortController());
  useEffect(() => {
    const controller = new AbortController();
    gone.current = controller;
    return () => {
      controller.abort();
    };
  }, []);
  return gone;
}
