import react from "@vitejs/plugin-react";
import { VitePWA } from "vite-plugin-pwa";
import { defineConfig } from "vite";
import { compressed } from "./scripts/compressed.ts";
import { themeVariables } from "./scripts/theme-variables.ts";
import { firstLoadBudget } from "./scripts/first-load.ts";

/** Where the app lives below the API; the API serves `dist` there. */
export const BASE = "/app/";

export default defineConfig({
  base: BASE,
  plugins: [
    react(),
    themeVariables(),
    VitePWA({
      registerType: "autoUpdate",
      injectRegister: false,
      manifest: {
        name: "Mita",
        short_name: "Mita",
        description: "Your balance, your supply, your meters.",
        id: BASE,
        start_url: BASE,
        scope: BASE,
        display: "standalone",
        background_color: "#f4f6f4",
        theme_color: "#0c5c50",
        icons: [
          { src: "icon-192.png", sizes: "192x192", type: "image/png" },
          { src: "icon-512.png", sizes: "512x512", type: "image/png" },
          { src: "icon-512-maskable.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
        ],
      },
      // the shell only: no rule is written for the API, so what it answers is never kept by the worker
      workbox: {
        globPatterns: ["index.html", "assets/*.{js,css}", "icon.svg"],
        globIgnores: ["assets/Chart*", "assets/language-*"],
        // a language is kept once it was spoken, so that a start without a connection speaks it too
        runtimeCaching: [
          {
            urlPattern: /\/app\/assets\/language-[\w-]+\.js$/,
            handler: "CacheFirst",
            options: { cacheName: "languages", expiration: { maxEntries: 4 } },
          },
        ],
        navigateFallback: `${BASE}index.html`,
        navigateFallbackAllowlist: [/^\/app(\/|$)/],
        inlineWorkboxRuntime: true,
        cleanupOutdatedCaches: true,
        sourcemap: false,
      },
    }),
    firstLoadBudget({ entry: "index.html", also: ["src/features/home/HomePage.tsx"], kB: 200 }),
    compressed(),
  ],
  resolve: { alias: { "@api": "/src/api/index.ts", "@ui/staff": "/src/ui/staff/index.ts", "@ui": "/src/ui/index.ts" } },
  build: {
    target: "es2022",
    sourcemap: false,
    // into the package, so that the wheel carries it
    outDir: "../src/mita/entrypoints/api/app",
    emptyOutDir: true,
    // nothing inline: the content security policy allows no data: scripts or styles
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        chunkFileNames: ({ facadeModuleId, moduleIds }) => {
          // staff's pages, their parts and texts stay out of what the service worker fetches for residents
          const isOfStaff = /\/(features|locales\/[\w-]+|app|ui)\/staff\//;
          if (isOfStaff.test(facadeModuleId ?? "") || moduleIds.some((each) => isOfStaff.test(each))) return "assets/staff/[name]-[hash].js";
          const language = /\/locales\/([\w-]+)\/index\.ts$/.exec(facadeModuleId ?? "")?.[1];
          return `assets/${language === undefined ? "[name]" : `language-${language}`}-[hash].js`;
        },
      },
    },
  },
  server: { proxy: { "/api": process.env.MITA_URL ?? "http://127.0.0.1:8100" } },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}", "tests/**/*.test.ts"],
    restoreMocks: true,
  },
} as Parameters<typeof defineConfig>[0]);
