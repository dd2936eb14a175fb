import { api, fileBody, newKey, type Schemas } from "@api";
import type { Kind } from "./words";

export type Mode = Schemas["ReadingFileOut"]["mode"];

interface Sent {
  file: File;
  mode: Mode;
  isTried: boolean;
}

/** Send a file of rows; each try is an import of its own, and the same rows again change nothing. */
export async function sendRows(path: { estate_id: number }, kind: Kind, { file, mode, isTried }: Sent): Promise<string> {
  const { data, error } = await api.POST("/api/v1/estates/{estate_id}/imports", {
    params: { path, query: { kind, mode, dry_run: isTried, file_name: file.name }, header: { "Idempotency-Key": newKey() } },
    ...fileBody(file, "text/csv"),
  });
  if (data === undefined) throw error;
  return data.import_id;
}

/** Send a file of a head-end; what is known of it already is not charged again. */
export async function sendReadings(path: { estate_id: number }, { file, mode, isTried }: Sent): Promise<string> {
  const { data, error } = await api.POST("/api/v1/estates/{estate_id}/reading-files", {
    params: { path, query: { mode, dry_run: isTried, file_name: file.name }, header: { "Idempotency-Key": newKey() } },
    ...fileBody(file, "application/octet-stream"),
  });
  if (data === undefined) throw error;
  return data.reading_file_id;
}
