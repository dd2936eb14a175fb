// Checks the catalogues: every language has every key of English with the same places for values, and every key of
// English is used somewhere in the source. Says what is missing where.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = new URL("../src/", import.meta.url).pathname;
const PLURAL = /_(zero|one|two|few|many|other)$/;

function flat(texts, before = "") {
  return Object.entries(texts).flatMap(([key, each]) =>
    typeof each === "string" ? [[before + key, each]] : flat(each, `${before}${key}.`),
  );
}

function catalogue(language) {
  const found = new Map();
  for (const file of readdirSync(join(root, "locales", language))) {
    const name = file.replace(/\.json$/, "");
    for (const [key, text] of flat(JSON.parse(readFileSync(join(root, "locales", language, file), "utf8")))) {
      found.set(`${name}:${key}`, text);
    }
  }
  return found;
}

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((each) => {
    const path = join(folder, each.name);
    if (each.isDirectory()) return each.name === "locales" ? [] : sources(path);
    return /\.tsx?$/.test(each.name) && !each.name.endsWith(".d.ts") ? [readFileSync(path, "utf8")] : [];
  });
}

const problems = [];
const english = catalogue("en");
const places = (text) => [...text.matchAll(/\{\{\s*(\w+)/g)].map(([, name]) => name).sort().join(",");

for (const language of readdirSync(join(root, "locales")).filter((each) => each !== "en")) {
  const other = catalogue(language);
  const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
  for (const [key, text] of english) {
    const isPlural = PLURAL.test(key);
    // a language has its own plurals; English says only that there are some
    const wanted = isPlural ? categories.map((each) => key.replace(PLURAL, `_${each}`)) : [key];
    for (const each of wanted) {
      if (!other.has(each)) problems.push(`${language} lacks ${each}`);
      else if (!isPlural && places(other.get(each)) !== places(text)) problems.push(`${language} ${each}: other values than English`);
    }
  }
  for (const key of other.keys()) {
    if (!PLURAL.test(key) && !english.has(key)) problems.push(`${language} has ${key}, which English has not`);
  }
}

const all = sources(root).join("\n");
for (const key of english.keys()) {
  const parts = key.split(":")[1].replace(PLURAL, "").split(".");
  const last = parts.at(-1);
  // a key is written out, or its last word comes from the API after `parent.${`
  const isUsed = all.includes(`${parts.join(".")}"`) || (parts.length > 1 && all.includes(`${parts.slice(0, -1).join(".")}.\${`)) || all.includes(`"${last}"`);
  if (!isUsed) problems.push(`nothing shows ${key}`);
}

problems.forEach((each) => console.error(each));
console.log(`${english.size} texts, ${readdirSync(join(root, "locales")).length} languages, ${problems.length} problems`);
process.exit(problems.length > 0 ? 1 : 0);
