import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const KINDS = /\.(js|css|html|svg|json|webmanifest)$/;
const BYTES_MIN = 1024;

/** Write each text file a second and third time, compressed as hard as it goes: the server has only to choose. */
export function compressed(): Plugin {
  let folder = "";
  return {
    name: "mita-compressed",
    apply: "build",
    enforce: "post",
    configResolved(config) {
      folder = config.build.outDir;
    },
    closeBundle: {
      sequential: true,
      order: "post",
      handler() {
        for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
          if (!entry.isFile() || !KINDS.test(entry.name)) continue;
          const path = join(entry.parentPath, entry.name);
          const whole = readFileSync(path);
          if (whole.length < BYTES_MIN) continue;
          writeFileSync(`${path}.gz`, gzipSync(whole, { level: 9 }));
          writeFileSync(`${path}.br`, brotliCompressSync(whole, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
        }
      },
    },
  };
}
