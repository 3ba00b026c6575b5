import { useEffect, useRef, type RefObject } from "react";

/** A heading that takes the focus when it appears, where it stands for what had it: so it is read out, and Tab goes on from there. */
export function useSaid(isNews = true): RefObject<HTMLHeadingElement | null> {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (isNews) heading.current?.focus();
  }, [isNews]);
  return heading;
}
