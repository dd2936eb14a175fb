import { createTheme, type MantineColorsTuple } from "@mantine/core";

const teal: MantineColorsTuple = [
  "#e8f6f2", "#d2ebe4", "#a5d8ca", "#74c4ae", "#4cb397", "#32a888", "#1f9d7d", "#0f7c67", "#0c6656", "#074a3f",
];
const sand: MantineColorsTuple = [
  "#fff6e5", "#fdebcb", "#fad699", "#f6bf62", "#f3ac36", "#f1a01c", "#d98a0a", "#9a5d00", "#7d4c00", "#5e3800",
];
const clay: MantineColorsTuple = [
  "#ffecea", "#fbd8d4", "#f3afa8", "#eb8378", "#e45f52", "#dd4537", "#c53527", "#a8281c", "#8c2016", "#6d170f",
];

/** What all screens have in common; its variables become a style sheet at build time. */
export const theme = createTheme({
  primaryColor: "teal",
  primaryShade: 7,
  colors: { teal, sand, clay },
  black: "#14201d",
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", sans-serif',
  headings: { fontWeight: "680" },
  defaultRadius: "md",
  radius: { md: "0.75rem", lg: "1.25rem" },
  autoContrast: true,
  respectReducedMotion: true,
  components: {
    // 44 px to touch; scroll locks would write inline styles
    Button: { defaultProps: { size: "md" } },
    ActionIcon: { defaultProps: { size: 44, variant: "subtle" } },
    TextInput: { defaultProps: { size: "md" } },
    PasswordInput: { defaultProps: { size: "md" } },
    NativeSelect: { defaultProps: { size: "md" } },
    Modal: { defaultProps: { lockScroll: false } },
    Drawer: { defaultProps: { lockScroll: false } },
    SegmentedControl: { defaultProps: { size: "md" } },
  },
});
