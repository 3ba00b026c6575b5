import { createBrowserRouter, type RouteObject } from "react-router";
import { CrashPage } from "./pages/CrashPage.js";
import { NotFoundPage } from "./pages/NotFoundPage.js";
import { SignInPage } from "./pages/SignInPage.js";
import { StartPage } from "./pages/StartPage.js";

const routes: RouteObject[] = [
  { path: "/", element: <StartPage /> },
  { path: "/sign-in", element: <SignInPage form="sign-in" /> },
  { path: "/register", element: <SignInPage form="register" /> },
  {
    path: "/m/:meetingId",
    // Most of the code is the meeting's: those who only look at the list need not load it.
    lazy: async () => ({ Component: (await import("./meeting/MeetingPage.js")).MeetingPage }),
    hydrateFallbackElement: <></>,
  },
  { path: "*", element: <NotFoundPage /> },
];

if (import.meta.env.DEV) {
  routes.unshift({
    path: "/preview",
    lazy: async () => ({ Component: (await import("./preview/PreviewPage.js")).PreviewPage }),
    hydrateFallbackElement: <></>,
  });
}

export const router = createBrowserRouter(routes.map((route) => ({ ...route, errorElement: <CrashPage /> })));
