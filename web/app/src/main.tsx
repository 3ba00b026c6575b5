import { ParleyApi } from "@parley/sdk";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router/dom";
import { StepUpProvider } from "./factors/step-up/StepUpProvider.js";
import { MessagesProvider } from "./messages/MessagesProvider.js";
import { router } from "./router.js";
import { SessionProvider } from "./session/SessionProvider.js";
import "./styles/tokens.css";
import "./styles/base.css";
import { Toasts } from "./ui/Toasts.js";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");

createRoot(root).render(
  <StrictMode>
    <MessagesProvider>
      <SessionProvider api={new ParleyApi()}>
        <StepUpProvider>
          <RouterProvider router={router} />
        </StepUpProvider>
        <Toasts />
      </SessionProvider>
    </MessagesProvider>
  </StrictMode>,
);
