import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv } from "vite";

export default defineConfig(({ mode }) => {
  // Where the platform of `make run` answers, for `npm run dev`.
  const target = loadEnv(mode, ".", "PARLEY_").PARLEY_PLATFORM_URL ?? "http://localhost:8080";
  return {
    plugins: [react()],
    build: { target: "es2023" },
    server: { proxy: { "/v1": { target }, "/socket.io": { target, ws: true } } },
  };
});
