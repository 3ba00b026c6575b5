import { UNSTABLE_ToastQueue as ToastQueue } from "react-aria-components";

export interface ToastContent {
  readonly tone: "info" | "error";
  readonly title: string;
  readonly text?: string;
}

/** The short messages at the edge of the page. */
export const toasts = new ToastQueue<ToastContent>({ maxVisibleToasts: 3 });

/** Long enough to be read; React Aria stops the clock while the pointer or the focus is there. */
const INFO_MS = 5_000;
const ERROR_MS = 10_000;

export function showToast(content: ToastContent): void {
  const isShown = toasts.visibleToasts.some(({ content: shown }) => shown.title === content.title);
  if (!isShown) toasts.add(content, { timeout: content.tone === "error" ? ERROR_MS : INFO_MS });
}
