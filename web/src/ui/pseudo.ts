const ACCENTED: Record<string, string> = { a: "á", e: "é", i: "í", o: "ó", u: "ú", A: "Á", E: "É", I: "Í", O: "Ó", U: "Ú" };

/** Return English as a stranger: accents and a third more length show what does not fit and what has no key. */
export function pseudo<T>(texts: T): T {
  if (typeof texts === "string") return strange(texts) as T;
  if (typeof texts !== "object" || texts === null) return texts;
  return Object.fromEntries(Object.entries(texts).map(([key, each]) => [key, pseudo(each as unknown)])) as T;
}

function strange(text: string): string {
  const parts = text.split(/(\{\{.*?\}\}|<\/?\w+\s*\/?>)/);
  const changed = parts.map((part, at) => (at % 2 === 1 ? part : part.replace(/[aeiou]/gi, (one) => ACCENTED[one] ?? one)));
  return `[${changed.join("")} ${"·".repeat(Math.ceil(text.length / 3))}]`;
}
