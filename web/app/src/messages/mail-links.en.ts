/** The texts around mails: what has been sent, and the pages that links of mails lead to, in English. */
export const mailLinks = {
  newPassword: "New password",
  wrongPassword: "This is not the password that you chose when you registered.",
  noToken: { title: "This link is not whole", text: "Open it from the mail once more, or copy all of it." },
  signInFirst: {
    title: "Sign in first",
    text: "Only whoever is signed in to the account can give it another address. You come back here afterwards.",
  },
  forgotten: "Forgotten password?",
  invalid: "This link is not valid any more",
  to: { home: "Back to home", signIn: "Sign in", register: "Create account", profile: "Your profile", another: "Ask for a new link" },
  registered: {
    title: "Look into your mail",
    text: (email: string) => `We have sent a link to ${email}. Open it within a day to finish your account.`,
    nothing: "Nothing has come? Look among the unwanted mails, and whether this is your address.",
    again: "Use another address",
  },
  "confirm-registration": {
    title: "Finish your account",
    lead: "Enter the password that you chose when you registered.",
    action: "Create account",
    done: { title: "Your account is ready", text: () => "You are signed in." },
    invalid: "It is good for a day, and for one use. Perhaps your account is ready already: sign in, or register once more.",
  },
  "reset-password": {
    title: "Choose a new password",
    lead: "All devices are signed out then.",
    action: "Save password",
    done: { title: "Your password was changed", text: () => "Sign in with the new one." },
    invalid: "It is good for 30 minutes, and for one use.",
  },
  "confirm-email": {
    title: "Confirm your new address",
    lead: "Your account uses this address from now on.",
    action: "Use this address",
    done: { title: "Your address was changed", text: (email: string) => `You sign in with ${email} from now on.` },
    invalid: "It is good for an hour, and for the account alone that has asked for it. Change the address in your profile once more.",
  },
  "undo-email": {
    title: "Bring your old address back",
    lead: "Choose a new password. All devices are signed out then.",
    action: "Bring it back",
    done: { title: "Your old address is back", text: () => "Sign in with it and the new password." },
    invalid: "It is good for 7 days, and for one use. Perhaps your address is back already: sign in with it.",
  },
  "forgotten-password": {
    title: "Forgotten password",
    lead: "We send you a link to choose a new one, if the address has an account.",
    action: "Send link",
    done: {
      title: "Look into your mail",
      text: (email: string) => `If ${email} has an account, a link has been sent there. It is good for 30 minutes.`,
    },
    invalid: "",
  },
};
