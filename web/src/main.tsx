import "./ui/mantine";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { ignoreSlips } from "./app/slips";
import { startLanguage } from "./ui/language";
import { forgetSession, hasLastKnown, refresh, wasSignedIn } from "@api";

// asked while the language loads: the first page knows who is there
const known = wasSignedIn() ? refresh() : Promise.resolve(forgetSession());
// a home's page is most likely where they go: its file is on its way before anybody is known
if (wasSignedIn()) void import("./features/home/HomePage");
ignoreSlips(document);
await startLanguage();
// whoever was here sees what was last known meanwhile: on a bad line the answer may take long
if (!hasLastKnown()) await known;
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

if (import.meta.env.PROD && "serviceWorker" in navigator) {
  void navigator.serviceWorker.register(`${import.meta.env.BASE_URL}sw.js`, { scope: import.meta.env.BASE_URL });
}
