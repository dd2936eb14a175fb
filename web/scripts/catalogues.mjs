// Checks the catalogues: every language has every key of English in all its plurals, with the same places for values,
// and is offered; every key of English is used somewhere in the source. Says what is missing where.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

const root = new URL("../src/", import.meta.url).pathname;
const PLURAL = /_(zero|one|two|few|many|other)$/;

function flat(texts, before = "") {
  return Object.entries(texts).flatMap(([key, each]) =>
    typeof each === "string" ? [[before + key, each]] : flat(each, `${before}${key}.`),
  );
}

function catalogue(language) {
  const found = new Map();
  // with the folder of staff's texts
  for (const file of readdirSync(join(root, "locales", language), { recursive: true }).filter((each) => each.endsWith(".json"))) {
    const name = basename(file, ".json");
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
// the plurals of a language have the values of English's own plural, the text for one of its text for one
const placesOf = (key) => places(english.get(english.has(key) ? key : key.replace(PLURAL, "_other")));
const registered = readFileSync(join(root, "ui", "language.ts"), "utf8");

for (const language of readdirSync(join(root, "locales")).filter((each) => each !== "en")) {
  const other = catalogue(language);
  const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
  // a language has its own plurals; English says only that there are some, and that there is a text for none,
  // which is i18next's own and no plural
  const wanted = new Set(
    [...english.keys()].flatMap((key) =>
      PLURAL.test(key) && !key.endsWith("_zero") ? categories.map((each) => key.replace(PLURAL, `_${each}`)) : [key],
    ),
  );
  for (const each of wanted) {
    if (!other.has(each)) problems.push(`${language} lacks ${each}`);
    else if (other.get(each).trim() === "") problems.push(`${language} ${each}: empty`);
    else if (places(other.get(each)) !== placesOf(each)) problems.push(`${language} ${each}: other values than English`);
  }
  for (const key of other.keys()) {
    const isOfEnglish = english.has(key) || (PLURAL.test(key) && english.has(key.replace(PLURAL, "_other")));
    if (!isOfEnglish) problems.push(`${language} has ${key}, which English has not`);
  }
  if (!registered.includes(`import("../locales/${language}")`)) problems.push(`src/ui/language.ts offers no ${language}`);
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
