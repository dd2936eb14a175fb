import { micro } from "@ui";
import type { Schemas } from "@api";
import { fromHex, joined, number, sha256, text, toHex, type Bytes } from "./bytes";

export type Piece = Schemas["ChainPieceOut"];
export type Link = Piece["links"][number];

const HASH_V = 1;
const DAY_MS = 86_400_000;

/** An entry whose hash is not that of its contents, or that does not follow the one before. */
export interface Broken {
  seq: number;
  why: "version" | "order" | "balance" | "hash" | "head";
  found: string;
  told: string;
}

/** How far a chain is checked. */
export interface Progress {
  account_id: number;
  /** Entries whose hash was derived again. */
  checked: number;
  /** The last entry, or where the chain began. */
  seq: number;
  hash: string;
  balance: bigint | null;
  headSeq: number;
  headHash: string;
  /** Entries before it are archived. */
  beganAfter: number;
  broken: Broken | null;
}

/** Microseconds since 1970 of a time as the API tells it; a `Date` knows milliseconds only. */
export function microseconds(instant: string): bigint {
  const [, whole, part = ""] = /^(.+?)(?:\.(\d{1,6}))?Z$/.exec(instant) ?? [];
  const ms = Date.parse(`${whole}Z`);
  if (whole === undefined || Number.isNaN(ms)) throw new Error(`${instant} is no time in UTC`);
  return BigInt(ms) * 1000n + BigInt(part.padEnd(6, "0"));
}

async function digest(link: Link): Promise<Bytes> {
  const hashes = await Promise.all([link.actor, link.currency, link.memo, link.idempotency_key].map((each) => sha256(text(each))));
  const [actor, currency, memo, key] = hashes as [Bytes, Bytes, Bytes, Bytes];
  return sha256(joined(number(link.journal_kind, 2), actor, currency, memo, number(microseconds(link.booked_at), 8), key));
}

/** What the hash of an entry is made of, beside the hash before it: version 1, 126 bytes with the digest of its journal. */
export async function payload(piece: Pick<Piece, "estate_id" | "account_id">, link: Link): Promise<Bytes> {
  return joined(
    number(link.hash_v, 2),
    number(piece.estate_id, 8),
    number(piece.account_id, 8),
    number(link.seq, 8),
    number(Date.parse(`${link.period}T00:00:00Z`) / DAY_MS, 4),
    fromHex(link.journal_id.replaceAll("-", "")),
    number(link.line, 4),
    number(micro(link.amount.amount), 8),
    number(micro(link.balance_after.amount), 8),
    number(microseconds(link.event_at), 8),
    number(link.kind, 2),
    number(link.source_kind, 2),
    number(link.source_id, 8),
    number(micro(link.quantity), 8),
    await digest(link),
  );
}

/** Where an account's chain begins: the hash that its first entry follows. */
export async function genesis(piece: Pick<Piece, "estate_id" | "account_id">): Promise<string> {
  return toHex(await sha256(joined(number(piece.estate_id, 8), number(piece.account_id, 8))));
}

/** Begin to check a chain with its first piece. */
export async function begun(piece: Piece): Promise<Progress> {
  const begin: Progress = {
    account_id: piece.account_id,
    checked: 0,
    seq: piece.after_seq,
    hash: piece.previous_hash,
    balance: piece.after_seq === 0 ? 0n : null,
    headSeq: piece.head_seq,
    headHash: piece.head_hash,
    beganAfter: piece.after_seq,
    broken: null,
  };
  const first = piece.after_seq === 0 ? await genesis(piece) : piece.previous_hash;
  // where the archive ends, its hash is taken from the API: the checkpoint of the month's close has it, too
  return first === piece.previous_hash ? begin : { ...begin, broken: { seq: 0, why: "hash", found: first, told: piece.previous_hash } };
}

/** Derive the hashes of a piece again, each from the one before; stop at the first that is not what was told. */
export async function follow(before: Progress, piece: Piece): Promise<Progress> {
  let now = before;
  for (const link of piece.links) {
    if (now.broken !== null) return now;
    now = await next(now, piece, link);
  }
  return now;
}

async function next(now: Progress, piece: Piece, link: Link): Promise<Progress> {
  const broken = (why: Broken["why"], found: string, told: string): Progress => ({ ...now, broken: { seq: link.seq, why, found, told } });
  if (link.hash_v !== HASH_V) return broken("version", `${HASH_V}`, `${link.hash_v}`);
  if (link.seq !== now.seq + 1) return broken("order", `${now.seq + 1}`, `${link.seq}`);
  const after = micro(link.balance_after.amount);
  if (now.balance !== null && now.balance + micro(link.amount.amount) !== after) return broken("balance", `${now.balance + micro(link.amount.amount)}`, `${after}`);
  const hash = toHex(await sha256(joined(fromHex(now.hash), await payload(piece, link))));
  if (hash !== link.hash) return broken("hash", hash, link.hash);
  return { ...now, checked: now.checked + 1, seq: link.seq, hash, balance: after };
}

/** The end of a check: the last hash is the account's head, which may have moved on meanwhile. */
export function ended(now: Progress): Progress {
  if (now.broken !== null || now.seq > now.headSeq) return now;
  if (now.seq === now.headSeq && now.hash === now.headHash) return now;
  return { ...now, broken: { seq: now.seq, why: "head", found: now.hash, told: now.headHash } };
}
