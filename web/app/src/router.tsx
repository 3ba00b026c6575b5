import { createBrowserRouter, type RouteObject } from "react-router";
import { CrashPage } from "./pages/CrashPage.js";
import type { MailAction } from "./pages/MailLinkPage.js";
import { NotFoundPage } from "./pages/NotFoundPage.js";

// Who looks at the list needs no meeting, and a guest of a meeting no list. The HTML names a place's code (`bundling/page-files.ts`),
// so that being lazy costs no round trip.
const routes: RouteObject[] = [
  { path: "/", lazy: async () => ({ Component: (await import("./pages/StartPage.js")).StartPage }) },
  { path: "/sign-in", lazy: () => signInPage("sign-in") },
  { path: "/register", lazy: () => signInPage("register") },
  { path: "/m/:meetingId", lazy: async () => ({ Component: (await import("./meeting/MeetingPage.js")).MeetingPage }) },
  { path: "/live", lazy: async () => ({ Component: (await import("./live/LivePage.js")).LivePage }) },
  { path: "/live/:meetingId", lazy: async () => ({ Component: (await import("./live/LiveRoomPage.js")).LiveRoomPage }) },
  ...(
    ["confirm-registration", "reset-password", "confirm-email", "undo-email", "forgotten-password"] as const
  ).map((action) => ({ path: `/${action}`, lazy: () => mailLinkPage(action) })),
  { path: "*", element: <NotFoundPage /> },
];

async function signInPage(form: "sign-in" | "register") {
  const { SignInPage } = await import("./pages/SignInPage.js");
  return { element: <SignInPage form={form} /> };
}

async function mailLinkPage(action: MailAction) {
  const { MailLinkPage } = await import("./pages/MailLinkPage.js");
  return { element: <MailLinkPage key={action} action={action} /> };
}

if (import.meta.env.DEV) {
  routes.unshift({
    path: "/preview",
    lazy: async () => ({ Component: (await import("./preview/PreviewPage.js")).PreviewPage }),
  });
}

export const router = createBrowserRouter(
  routes.map((route) => ({ ...route, errorElement: <CrashPage />, hydrateFallbackElement: <></> })),
);
