import { useMutation, type UseMutationResult } from "@tanstack/react-query";

const KEPT_MS = 10_000;

/** Hand a file that was fetched with the session to the browser's downloads. */
export function saveFile(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}

/** How to ask for a file and save it under a name; `of` is what the caller tells it to be about. */
export function useFile<Of = void>(ask: (of: Of) => Promise<{ data?: unknown; error?: unknown }>, name: (of: Of) => string): UseMutationResult<void, unknown, Of> {
  return useMutation({
    mutationFn: async (of: Of) => {
      const { data, error } = await ask(of);
      if (data === undefined) throw error;
      saveFile(data as Blob, name(of));
    },
  });
}
