import type { ParleyApi } from "@parley/sdk";

/** Where a page for a mail can lead on to. */
export const PLACES = {
  home: "/",
  signIn: "/sign-in",
  register: "/register",
  profile: "/account/profile",
  another: "/forgotten-password",
} as const;

export type Place = keyof typeof PLACES;

export type MailField = "email" | "password" | "newPassword";

interface Action {
  /** What it asks for, if anything. */
  readonly field: MailField | null;
  /** Whether it is a link's, which has a token. */
  readonly isLink: boolean;
  readonly run: (api: ParleyApi, token: string, value: string) => Promise<unknown>;
  /** Where to go when it is done, and where when the link is good for nothing any more: the most likely first. */
  readonly done: Place;
  readonly invalid: readonly Place[];
}

/** What the pages for accounts and mails ask for, and do with it. */
export const ACTIONS = {
  "confirm-registration": {
    field: "password",
    isLink: true,
    run: (api, token, password) => api.confirmRegistration({ token, password }),
    done: "home",
    invalid: ["signIn", "register"],
  },
  "reset-password": {
    field: "newPassword",
    isLink: true,
    run: (api, token, newPassword) => api.resetPassword({ token, newPassword }),
    done: "signIn",
    invalid: ["another", "signIn"],
  },
  "undo-email": {
    field: "newPassword",
    isLink: true,
    run: (api, token, newPassword) => api.undoEmail({ token, newPassword }),
    done: "signIn",
    invalid: ["signIn"],
  },
  "confirm-email": {
    field: null,
    isLink: true,
    run: (api, token) => api.account.confirmEmail(token),
    done: "profile",
    invalid: ["profile"],
  },
  "forgotten-password": {
    field: "email",
    isLink: false,
    run: (api, _, email) => api.forgotPassword(email),
    done: "signIn",
    invalid: [],
  },
} as const satisfies Readonly<Record<string, Action>>;

export type MailAction = keyof typeof ACTIONS;
