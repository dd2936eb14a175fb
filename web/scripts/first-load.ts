import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

interface Budget {
  entry: string;
  /** Modules that the first page loads by itself, beside the entry. */
  also: string[];
  kB: number;
}

interface Chunk {
  type: "chunk";
  code: string;
  fileName: string;
  imports: string[];
  isEntry: boolean;
  facadeModuleId: string | null;
}

/** Fail the build where the JavaScript of the first page is above its budget, compressed as it is sent. */
export function firstLoadBudget({ also, kB }: Budget): Plugin {
  return {
    name: "mita-first-load",
    apply: "build",
    writeBundle(_options, bundle) {
      const chunks = new Map<string, Chunk>();
      for (const each of Object.values(bundle)) if (each.type === "chunk") chunks.set(each.fileName, each as Chunk);
      const wanted = [...chunks.values()].filter((each) => each.isEntry || is(each, also));
      if (wanted.length <= also.length) this.error(`the first page is not found in the build: ${also.join(", ")}`);
      const seen = new Set<string>();
      const follow = (name: string): void => {
        const chunk = chunks.get(name);
        if (chunk === undefined || seen.has(name)) return;
        seen.add(name);
        chunk.imports.forEach(follow);
      };
      wanted.forEach((each) => follow(each.fileName));
      const sizes = [...seen].map((name) => [name, gzipSync(chunks.get(name)!.code, { level: 9 }).length] as const);
      const bytes = sizes.reduce((sum, [, size]) => sum + size, 0);
      const told = `first load of the resident's home: ${(bytes / 1000).toFixed(1)} kB of JavaScript (gzip), budget ${kB}`;
      if (bytes > kB * 1000) this.error(`${told}\n${sizes.map(([name, size]) => `  ${size} ${name}`).join("\n")}`);
      console.log(told);
    },
  };
}

function is(chunk: Chunk, modules: string[]): boolean {
  const id = chunk.facadeModuleId?.replaceAll("\\", "/") ?? "";
  return modules.some((each) => id.endsWith(each));
}
