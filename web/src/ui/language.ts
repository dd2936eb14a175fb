import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { ENGLISH } from "./english";
import { pseudo } from "./pseudo";

/** Languages with a catalogue, each by its own name. A new one is a folder below `locales` and a line here. */
export const LANGUAGES: Record<string, string> = { en: "English" };
const PSEUDO = "en-XA";
const KEPT = "mita.language";
const RIGHT_TO_LEFT = ["ar", "fa", "he", "ur"];

const catalogues = import.meta.glob<{ default: object }>(["../locales/*/*.json", "!../locales/en/*.json"]);

function wanted(): string {
  const asked = new URLSearchParams(window.location.search).get("lang") ?? localStorage.getItem(KEPT);
  const names = asked === null ? [...navigator.languages] : [asked];
  const found = names.map((name) => (name === PSEUDO ? name : name.split("-")[0]!));
  return found.find((name) => name === PSEUDO || name in LANGUAGES) ?? "en";
}

async function load(language: string): Promise<void> {
  if (language === "en") return;
  if (language === PSEUDO) {
    for (const [name, texts] of Object.entries(ENGLISH)) i18next.addResourceBundle(PSEUDO, name, pseudo(texts));
    return;
  }
  const own = Object.entries(catalogues).filter(([path]) => path.includes(`/locales/${language}/`));
  await Promise.all(
    own.map(async ([path, fetchOne]) => {
      const name = path.slice(path.lastIndexOf("/") + 1, -".json".length);
      i18next.addResourceBundle(language, name, (await fetchOne()).default);
    }),
  );
}

/** Show texts in a language from now on, and remember it on this device. */
export async function speak(language: string): Promise<void> {
  await load(language);
  await i18next.changeLanguage(language);
  localStorage.setItem(KEPT, language);
  document.documentElement.lang = language;
  document.documentElement.dir = RIGHT_TO_LEFT.includes(language) ? "rtl" : "ltr";
}

/** Begin with the reader's language; English is there at once, so no text is ever missing. */
export async function startLanguage(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: "en",
    fallbackLng: "en",
    resources: { en: ENGLISH },
    defaultNS: "common",
    ns: Object.keys(ENGLISH),
    interpolation: { escapeValue: false },
    showSupportNotice: false,
  } as Parameters<typeof i18next.init>[0]);
  const language = wanted();
  if (language !== "en") await speak(language).catch(() => undefined);
}
