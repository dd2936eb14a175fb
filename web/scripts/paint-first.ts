import type { Plugin } from "vite";

const LINKS = /[ \t]*<link rel="(?:stylesheet|modulepreload)"[^>]*>\n?/g;

/**
 * Move style sheets behind what index.html shows by itself: in the head they would keep the browser from showing
 * anything before they are there. Scripts still wait for them, so the app itself is never bare.
 */
export function paintFirst(): Plugin {
  return {
    name: "mita-paint-first",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(html) {
        const links = html.match(LINKS) ?? [];
        const end = html.lastIndexOf("</body>");
        if (links.length === 0 || end < 0) throw new Error("index.html has no style sheets, or no body");
        const without = html.slice(0, end).replaceAll(LINKS, "");
        return `${without}${links.join("")}  ${html.slice(end)}`;
      },
    },
  };
}
