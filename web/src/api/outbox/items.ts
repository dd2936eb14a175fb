import type { Problem } from "../problem";
import type { Schemas } from "../client";

/** What each kind of item holds. A further kind is a line here, a sender in `senders.ts`, and its words. */
export interface Payloads {
  manual_reading: ReadingPayload;
  meter_token: TokenPayload;
}

export type Kind = keyof Payloads;

export interface ReadingPayload {
  estate_id: number;
  meter_id: number;
  register: string | null;
  value: string;
  unit: Schemas["ManualReadingIn"]["unit"];
  /** When it was read, by the server's clock; said again each time it is sent. */
  taken_at: string;
  photo: Blob | null;
  /** The photo once it lies at the server. */
  photo_id: string | null;
  photo_key: string;
  /** For people: which meter of which home. */
  serial: string;
  utility: Schemas["MeterOut"]["utility"];
  home: string;
}

/** A token for a prepayment meter. Its digits lie here until they are sent, and nowhere after. */
export interface TokenPayload {
  estate_id: number;
  meter_id: number;
  token: string;
  /** For people: which meter of which home. */
  serial: string;
  home: string;
}

/** Something that somebody did and that the server has not answered yet. */
export interface Item<K extends Kind = Kind> {
  /** Its idempotency key too: however often it is sent, it happens once. */
  id: string;
  kind: K;
  /** Whose it is; it is sent as nobody else. */
  person_id: number;
  made_at: string;
  /** A refused one stays until somebody decides. */
  state: "waiting" | "refused";
  problem: Problem | null;
  payload: Payloads[K];
}

/** Items of a lane are sent in their order; a lane that the server cannot serve holds up no other. */
export function laneOf({ kind, payload }: Item): string {
  return `${kind}:${payload.estate_id}:${payload.meter_id}`;
}
