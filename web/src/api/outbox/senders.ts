import { api, fileBody, type Schemas } from "../client";
import { change } from "./store";
import type { Item, Kind } from "./items";

export interface Answers {
  manual_reading: Schemas["ManualReadingDone"];
  meter_token: Schemas["MeterTokenOut"];
}

type Senders = { [K in Kind]: (item: Item<K>, signal: AbortSignal) => Promise<Answers[K]> };

/** How each kind reaches the server. Sent twice it happens once: keys and bodies are those of the item. */
const SENDERS: Senders = { manual_reading: sendReading, meter_token: sendToken };

export function send<K extends Kind>(item: Item<K>, signal: AbortSignal): Promise<Answers[K]> {
  return SENDERS[item.kind](item, signal);
}

async function sendReading(item: Item<"manual_reading">, signal: AbortSignal): Promise<Schemas["ManualReadingDone"]> {
  const { payload } = item;
  const path = { estate_id: payload.estate_id, meter_id: payload.meter_id };
  if (payload.photo !== null && payload.photo_id === null) {
    payload.photo_id = await sendPhoto(path, payload.photo, payload.photo_key, signal);
    // data costs money: it is sent once, even if the reading itself is not answered
    await change(item).catch(() => undefined);
  }
  const { register, value, unit, taken_at, photo_id } = payload;
  const { data, error } = await api.POST("/api/v1/estates/{estate_id}/meters/{meter_id}/manual-readings", {
    params: { path, header: { "Idempotency-Key": item.id } },
    body: { register, value, unit, taken_at, photo_id, note: "" },
    signal,
  });
  if (data === undefined) throw error;
  return data;
}

async function sendPhoto(path: { estate_id: number; meter_id: number }, photo: Blob, key: string, signal: AbortSignal): Promise<string> {
  const { data, error } = await api.POST("/api/v1/estates/{estate_id}/meters/{meter_id}/manual-readings/photos", {
    params: { path, header: { "Idempotency-Key": key } },
    ...fileBody(photo, "image/jpeg"),
    signal,
  });
  if (data === undefined) throw error;
  return data.photo_id;
}

async function sendToken({ id, payload }: Item<"meter_token">, signal: AbortSignal): Promise<Schemas["MeterTokenOut"]> {
  const path = { estate_id: payload.estate_id, meter_id: payload.meter_id };
  const { data, error } = await api.POST("/api/v1/estates/{estate_id}/meters/{meter_id}/tokens", {
    params: { path, header: { "Idempotency-Key": id } },
    body: { token: payload.token },
    signal,
  });
  if (data === undefined) throw error;
  return data;
}
