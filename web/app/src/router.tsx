import { createBrowserRouter, type RouteObject } from "react-router";
import { CrashPage } from "./pages/CrashPage.js";
import type { MailAction } from "./pages/mail-actions.js";
import { NotFoundPage } from "./pages/NotFoundPage.js";

// Who looks at the list needs no meeting, and a guest of a meeting no list. The HTML names a place's code (`bundling/page-files.ts`),
// so that being lazy costs no round trip.
const routes: RouteObject[] = [
  { path: "/", lazy: async () => ({ Component: (await import("./pages/StartPage.js")).StartPage }) },
  { path: "/sign-in", lazy: () => signInPage("sign-in") },
  { path: "/register", lazy: () => signInPage("register") },
  { path: "/m/:meetingId", lazy: async () => ({ Component: (await import("./meeting/MeetingPage.js")).MeetingPage }) },
  {
    path: "/meetings/new",
    lazy: async () => ({ Component: (await import("./planning/NewMeetingPage.js")).NewMeetingPage }),
  },
  {
    path: "/meetings/:meetingId",
    lazy: async () => ({ Component: (await import("./overview/OverviewPage.js")).OverviewPage }),
  },
  {
    path: "/meetings/:meetingId/sessions/:session/:tab?",
    lazy: async () => ({ Component: (await import("./history/HistoryPage.js")).HistoryPage }),
  },
  {
    path: "/meetings/:meetingId/edit",
    lazy: async () => ({ Component: (await import("./planning/EditMeetingPage.js")).EditMeetingPage }),
  },
  { path: "/recordings", lazy: async () => ({ Component: (await import("./recordings/RecordingsPage.js")).RecordingsPage }) },
  {
    path: "/recordings/:recordingId",
    lazy: async () => ({ Component: (await import("./recordings/RecordingPage.js")).RecordingPage }),
  },
  {
    path: "/invitation",
    lazy: async () => ({ Component: (await import("./pages/InvitationPage.js")).InvitationPage }),
  },
  { path: "/watch/:watchKey", lazy: async () => ({ Component: (await import("./watch/WatchPage.js")).WatchPage }) },
  { path: "/live", lazy: async () => ({ Component: (await import("./live/LivePage.js")).LivePage }) },
  { path: "/live/:meetingId", lazy: async () => ({ Component: (await import("./live/LiveRoomPage.js")).LiveRoomPage }) },
  {
    path: "/account",
    lazy: async () => ({ Component: (await import("./account/AccountPage.js")).AccountPage }),
    children: [
      { index: true, lazy: async () => ({ Component: (await import("./account/AccountIndex.js")).AccountIndex }) },
      { path: "profile", lazy: async () => ({ Component: (await import("./account/ProfilePage.js")).ProfilePage }) },
      { path: "security", lazy: async () => ({ Component: (await import("./account/SecurityPage.js")).SecurityPage }) },
      { path: "sessions", lazy: async () => ({ Component: (await import("./account/SessionsPage.js")).SessionsPage }) },
      { path: "calendar", lazy: async () => ({ Component: (await import("./account/CalendarPage.js")).CalendarPage }) },
      { path: "connections", lazy: async () => ({ Component: (await import("./account/ConnectionsPage.js")).ConnectionsPage }) },
    ],
  },
  {
    path: "/admin",
    lazy: async () => ({ Component: (await import("./admin/AdminPage.js")).AdminPage }),
    children: [
      { index: true, lazy: async () => ({ Component: (await import("./admin/AdminIndex.js")).AdminIndex }) },
      { path: "users", lazy: async () => ({ Component: (await import("./admin/users/UsersPage.js")).UsersPage }) },
      { path: "users/:id", lazy: async () => ({ Component: (await import("./admin/users/UserPage.js")).UserPage }) },
      { path: "usage", lazy: async () => ({ Component: (await import("./admin/usage/UsagePage.js")).UsagePage }) },
      { path: "facts", lazy: async () => ({ Component: (await import("./admin/facts/FactsPage.js")).FactsPage }) },
      { path: "audit/:log?", lazy: async () => ({ Component: (await import("./admin/audit/AuditPage.js")).AuditPage }) },
      {
        path: "service-accounts",
        lazy: async () => ({ Component: (await import("./admin/services/ServicesPage.js")).ServicesPage }),
      },
      {
        path: "service-accounts/:id",
        lazy: async () => ({ Component: (await import("./admin/services/ServicePage.js")).ServicePage }),
      },
      {
        path: "organisation",
        lazy: async () => ({ Component: (await import("./admin/organisation/OrganisationPage.js")).OrganisationPage }),
      },
      { path: "webhooks", lazy: async () => ({ Component: (await import("./admin/webhooks/WebhooksPage.js")).WebhooksPage }) },
      { path: "webhooks/:id/:tab?", lazy: async () => ({ Component: (await import("./admin/webhooks/WebhookPage.js")).WebhookPage }) },
    ],
  },
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
