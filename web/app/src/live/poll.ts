/**
 * Looks again and again, `pauseMs` after each answer, while somebody sees the page. Ends by calling what is returned.
 *
 * @param look Is given whether its answer still counts.
 * @param failed Says whether to go on.
 */
export function poll(
  look: (isCurrent: () => boolean) => Promise<void>,
  failed: (error: unknown) => boolean,
  pauseMs: number,
): () => void {
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const isCurrent = () => !isOver;
  const next = () => {
    if (isOver) return;
    if (document.hidden) {
      document.addEventListener("visibilitychange", next, { once: true });
      return;
    }
    look(isCurrent).then(again, (error: unknown) => {
      if (!isOver && failed(error)) again();
    });
  };
  const again = () => {
    if (!isOver) timer = setTimeout(next, pauseMs);
  };
  next();
  return () => {
    isOver = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", next);
  };
}
