import type { devices as english } from "./devices.en.js";

/** The texts about cameras, microphones and speakers, in German. */
export const devices: typeof english = {
  microphone: "Mikrofon",
  camera: "Kamera",
  speaker: "Lautsprecher",
  systemDefault: "Standard des Systems",
  unnamed: (kind, index) => `${kind} ${index}`,
  none: (kind) => `${kind}: nichts gefunden`,
  testSpeaker: "Testton abspielen",
  testing: "Wird abgespielt…",
  turnOnMicrophone: "Mikrofon einschalten",
  turnOffMicrophone: "Mikrofon ausschalten",
  turnOnCamera: "Kamera einschalten",
  turnOffCamera: "Kamera ausschalten",
  microphoneOptions: "Mikrofon und Lautsprecher wählen",
  cameraOptions: "Kamera wählen",
  errors: {
    microphone: {
      device_denied: {
        title: "Der Browser gibt das Mikrofon nicht frei",
        help: "Klicke auf das Symbol neben der Adressleiste, erlaube das Mikrofon und versuche es erneut.",
      },
      device_not_found: { title: "Kein Mikrofon gefunden", help: "Schließe eines an und versuche es erneut." },
      device_in_use: {
        title: "Ein anderes Programm benutzt das Mikrofon",
        help: "Schließe es dort und versuche es erneut.",
      },
      device_blocked: {
        title: "Das System sperrt das Mikrofon",
        help: "Erlaube dem Browser das Mikrofon in den Datenschutzeinstellungen des Systems und versuche es erneut.",
      },
      device_failed: {
        title: "Das Mikrofon ist nicht gestartet",
        help: "Versuche es erneut oder wähle ein anderes.",
      },
    },
    camera: {
      device_denied: {
        title: "Der Browser gibt die Kamera nicht frei",
        help: "Klicke auf das Symbol neben der Adressleiste, erlaube die Kamera und versuche es erneut.",
      },
      device_not_found: { title: "Keine Kamera gefunden", help: "Schließe eine an und versuche es erneut." },
      device_in_use: {
        title: "Ein anderes Programm benutzt die Kamera",
        help: "Schließe es dort und versuche es erneut.",
      },
      device_blocked: {
        title: "Das System sperrt die Kamera",
        help: "Erlaube dem Browser die Kamera in den Datenschutzeinstellungen des Systems und versuche es erneut.",
      },
      device_failed: { title: "Die Kamera ist nicht gestartet", help: "Versuche es erneut oder wähle eine andere." },
    },
    both: {
      device_denied: {
        title: "Der Browser gibt Kamera und Mikrofon nicht frei",
        help: "Klicke auf das Symbol neben der Adressleiste, erlaube beide und versuche es erneut.",
      },
      device_not_found: {
        title: "Keine Kamera und kein Mikrofon gefunden",
        help: "Schließe sie an und versuche es erneut.",
      },
      device_in_use: {
        title: "Ein anderes Programm benutzt Kamera und Mikrofon",
        help: "Schließe es dort und versuche es erneut.",
      },
      device_blocked: {
        title: "Das System sperrt Kamera und Mikrofon",
        help: "Erlaube dem Browser beide in den Datenschutzeinstellungen des Systems und versuche es erneut.",
      },
      device_failed: {
        title: "Kamera und Mikrofon sind nicht gestartet",
        help: "Versuche es erneut oder wähle andere.",
      },
    },
    screen: {
      device_denied: {
        title: "Es wird nichts geteilt",
        help: "Du hast die Auswahl geschlossen, oder der Browser erlaubt es nicht.",
      },
      device_not_found: { title: "Kein Bildschirm zum Teilen", help: "Versuche ein anderes Fenster." },
      device_in_use: { title: "Dieser Bildschirm lässt sich nicht teilen", help: "Versuche ein anderes Fenster." },
      device_blocked: {
        title: "Das System sperrt die Bildschirmfreigabe",
        help: "Erlaube dem Browser die Bildschirmaufnahme in den Datenschutzeinstellungen des Systems.",
      },
      device_failed: {
        title: "Das Teilen hat nicht geklappt",
        help: "Dieser Browser unterstützt es vielleicht nicht.",
      },
    },
  },
};
