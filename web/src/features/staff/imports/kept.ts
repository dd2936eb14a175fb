/** Files that were looked at in this window, by the number of the look, so that one press imports them. */
const kept = new Map<string, File>();

export function keepFile(id: string, file: File): void {
  kept.set(id, file);
}

/** Return the file of a look, if this window still has it. */
export function keptFile(id: string): File | undefined {
  return kept.get(id);
}
