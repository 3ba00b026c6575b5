import type { mailLinks as english } from "./mail-links.en.js";

/** Die Texte rund um E-Mails: was verschickt wurde, und die Seiten, zu denen ihre Links führen, auf Deutsch. */
export const mailLinks: typeof english = {
  newPassword: "Neues Passwort",
  wrongPassword: "Das ist nicht das Passwort, das du beim Registrieren gewählt hast.",
  noToken: { title: "Dieser Link ist nicht vollständig", text: "Öffne ihn noch einmal aus der E-Mail, oder kopiere ihn ganz." },
  signInFirst: {
    title: "Melde dich zuerst an",
    text: "Nur wer am Konto angemeldet ist, kann ihm eine andere Adresse geben. Danach kommst du hierher zurück.",
  },
  forgotten: "Passwort vergessen?",
  invalid: "Dieser Link gilt nicht mehr",
  to: { home: "Zur Startseite", signIn: "Anmelden", register: "Konto anlegen", profile: "Dein Profil", another: "Neuen Link anfordern" },
  registered: {
    title: "Sieh in deine E-Mails",
    text: (email) => `Wir haben einen Link an ${email} geschickt. Öffne ihn binnen eines Tages, um dein Konto fertig anzulegen.`,
    nothing: "Nichts angekommen? Sieh unter den unerwünschten E-Mails nach, und ob das deine Adresse ist.",
    again: "Andere Adresse verwenden",
  },
  "confirm-registration": {
    title: "Konto fertig anlegen",
    lead: "Gib das Passwort ein, das du beim Registrieren gewählt hast.",
    action: "Konto anlegen",
    done: { title: "Dein Konto ist bereit", text: () => "Du bist angemeldet." },
    invalid: "Er gilt einen Tag und einmal. Vielleicht ist dein Konto schon bereit: Melde dich an, oder registriere dich noch einmal.",
  },
  "reset-password": {
    title: "Neues Passwort wählen",
    lead: "Alle Geräte werden dann abgemeldet.",
    action: "Passwort speichern",
    done: { title: "Dein Passwort wurde geändert", text: () => "Melde dich mit dem neuen an." },
    invalid: "Er gilt 30 Minuten und einmal.",
  },
  "confirm-email": {
    title: "Neue Adresse bestätigen",
    lead: "Dein Konto verwendet ab jetzt diese Adresse.",
    action: "Diese Adresse verwenden",
    done: { title: "Deine Adresse wurde geändert", text: (email) => `Ab jetzt meldest du dich mit ${email} an.` },
    invalid: "Er gilt eine Stunde und nur für das Konto, das ihn angefordert hat. Ändere die Adresse noch einmal in deinem Profil.",
  },
  "undo-email": {
    title: "Alte Adresse zurückholen",
    lead: "Wähle ein neues Passwort. Alle Geräte werden dann abgemeldet.",
    action: "Zurückholen",
    done: { title: "Deine alte Adresse ist zurück", text: () => "Melde dich mit ihr und dem neuen Passwort an." },
    invalid: "Er gilt 7 Tage und einmal. Vielleicht ist deine Adresse schon zurück: Melde dich mit ihr an.",
  },
  "forgotten-password": {
    title: "Passwort vergessen",
    lead: "Wir schicken dir einen Link, um ein neues zu wählen, wenn die Adresse ein Konto hat.",
    action: "Link schicken",
    done: {
      title: "Sieh in deine E-Mails",
      text: (email) => `Wenn ${email} ein Konto hat, ist ein Link dorthin unterwegs. Er gilt 30 Minuten.`,
    },
    invalid: "",
  },
};
