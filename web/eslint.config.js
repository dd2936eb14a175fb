import js from "@eslint/js";
import { importX } from "eslint-plugin-import-x";
import hooks from "eslint-plugin-react-hooks";
import ts from "typescript-eslint";

/** What each layer may not import: a feature stands on `ui` and `api`, never on another feature. */
const NEVER = {
  api: ["ui", "features", "app"],
  ui: ["features", "app"],
  features: ["app"],
};
const LINES_MAX = 250;

export default ts.config(
  { ignores: ["node_modules", "src/api/schema.d.ts", "postcss.config.cjs"] },
  js.configs.recommended,
  ...ts.configs.strict,
  {
    files: ["**/*.{ts,tsx}"],
    plugins: { "react-hooks": hooks, "import-x": importX },
    rules: {
      ...hooks.configs.recommended.rules,
      "max-lines": ["error", { max: LINES_MAX }],
      "max-lines-per-function": ["error", { max: 90, skipBlankLines: true, skipComments: true }],
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/explicit-function-return-type": "off",
      "import-x/no-cycle": "off",
      "no-restricted-syntax": [
        "error",
        {
          selector: "CallExpression[callee.name=/^use(Layout)?Effect$/] > ArrowFunctionExpression[body.type=/^(Call|Chain)Expression$/]",
          message: "what the call returns would be taken for the way to undo it: use braces",
        },
      ],
      "no-restricted-properties": [
        "error",
        { object: "Math", property: "round", message: "money is text and counted in millionths: see ui/money.ts" },
        { property: "dangerouslySetInnerHTML", message: "texts are texts" },
      ],
    },
  },
  ...Object.entries(NEVER).map(([layer, others]) => ({
    files: [`src/${layer}/**/*.{ts,tsx}`],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            ...others.map((other) => ({
              group: [`**/${other}/**`, `**/${other}`, `@${other}`],
              message: `${layer} does not import ${other}: see web/README.md`,
            })),
            ...(layer === "features"
              ? [{ regex: "^\\.\\./", message: "a feature imports ui and api, never another feature" }]
              : []),
          ],
        },
      ],
    },
  })),
  { files: ["**/*.{js,mjs}"], languageOptions: { globals: { process: "readonly", console: "readonly", URL: "readonly" } } },
);
