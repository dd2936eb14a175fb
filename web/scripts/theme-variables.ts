import { convertCssVariables, defaultCssVariablesResolver, mergeMantineTheme, DEFAULT_THEME } from "@mantine/core";
import type { Plugin } from "vite";
import { theme } from "../src/ui/theme.ts";

const NAME = "virtual:theme-variables.css";

/** The theme's CSS variables as a style sheet of their own: the policy allows no inline styles. */
export function themeVariables(): Plugin {
  return {
    name: "mita-theme-variables",
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load(id) {
      if (id !== `\0${NAME}`) return undefined;
      return convertCssVariables(defaultCssVariablesResolver(mergeMantineTheme(DEFAULT_THEME, theme)), ":root");
    },
  };
}
