import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv } from "vite";
import { pageFiles } from "./bundling/page-files.js";
import { spokenLanguages } from "./bundling/spoken-languages.js";

export default defineConfig(({ mode }) => {
  // Where the platform of `make run` answers, for `npm run dev`.
  const target = loadEnv(mode, ".", "PARLEY_").PARLEY_PLATFORM_URL ?? "http://localhost:8080";
  return {
    plugins: [
      react(),
      spokenLanguages(["en", "de"]),
      pageFiles({ "index.html": "/src/pages/StartPage.tsx", "meeting.html": "/src/meeting/MeetingPage.tsx" }),
    ],
    build: {
      target: "es2023",
      rolldownOptions: {
        output: {
          // Changes with other releases than ours: who comes back has it.
          codeSplitting: { groups: [{ name: "react", test: /node_modules\/(react|react-dom|react-router|scheduler)\// }] },
        },
      },
    },
    server: { proxy: { "/v1": { target }, "/socket.io": { target, ws: true }, "^/live/[^/]+/.+": { target } } },
  };
});
