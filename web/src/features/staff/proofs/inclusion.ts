import { micro } from "@ui";
import type { Schemas } from "@api";
import { areSame, fromBase64, fromHex, joined, number, sha256, text, toBase64, toHex, type Bytes } from "./bytes";

/** What a proof needs to have; the API's answer, or a file that somebody was given. */
export type Proof = Pick<Schemas["ProofOut"], "note" | "leaf" | "index" | "hashes"> & { key?: string | null };

/** One step of a check: whether it holds, and what was hashed or compared, as the reader may do it again. */
export interface Step {
  name: "key" | "signature" | "estate" | "leaf" | "path";
  isRight: boolean;
  /** Names of the texts, and the values they stand beside. */
  facts: [name: "keyId" | "signedText" | "origin" | "leafBytes" | "leafHash" | "foundRoot" | "signedRoot" | "hashCount", value: string][];
  /** What the browser said where it could not even try. */
  failure?: string;
}

const ED25519 = 0x01;
const SIX = /^-?[0-9]+\.[0-9]{6}$/;
const WHOLE = /^(?:0|[1-9][0-9]{0,17})$/;

interface Key {
  name: string;
  id: string;
  /** 0x01 for Ed25519, then the 32 bytes. */
  data: Bytes;
}

function readKey(line: string): Key {
  const [name, id, ...encoded] = line.trim().split("+");
  if (name === undefined || name === "" || id === undefined || encoded.length === 0) throw new Error("name+id+base64");
  return { name, id, data: fromBase64(encoded.join("+")) };
}

async function keyStep(key: Key): Promise<Step> {
  const digest = await sha256(joined(text(`${key.name}\n`), key.data));
  const isRight = toHex(digest).slice(0, 8) === key.id && key.data[0] === ED25519 && key.data.length === 33;
  return { name: "key", isRight, facts: [["keyId", toHex(digest).slice(0, 8)]] };
}

/** The text of a note with its last line break, and the signature by a key of this name and id. */
function readNote(note: string, key: Key): { signed: string; signature: Bytes | null } {
  const at = note.lastIndexOf("\n\n");
  if (at < 0) throw new Error("no blank line");
  const mine = note
    .slice(at + 2)
    .split("\n")
    .filter((line) => line.startsWith(`\u2014 ${key.name} `))
    .map((line) => fromBase64(line.slice(line.lastIndexOf(" ") + 1)))
    .find((raw) => toHex(raw.slice(0, 4)) === key.id);
  return { signed: `${note.slice(0, at)}\n`, signature: mine === undefined ? null : mine.slice(4) };
}

async function signatureStep(note: string, key: Key): Promise<Step> {
  const { signed, signature } = readNote(note, key);
  const facts: Step["facts"] = [["signedText", signed]];
  if (signature === null) return { name: "signature", isRight: false, facts };
  const imported = await crypto.subtle.importKey("raw", key.data.slice(1), { name: "Ed25519" }, false, ["verify"]);
  return { name: "signature", isRight: await crypto.subtle.verify({ name: "Ed25519" }, imported, signature, text(signed)), facts };
}

/** The 72 bytes of a leaf. */
export function leafBytes(leaf: Proof["leaf"]): Bytes {
  const amounts = [leaf.posted.amount, leaf.held.amount];
  if (!amounts.every((each) => SIX.test(each))) throw new Error("an amount has six decimals");
  const head = fromHex(leaf.head_hash);
  if (head.length !== 32) throw new Error("a hash has 32 bytes");
  const numbers = [leaf.estate_id, leaf.account_id, leaf.head_seq].map((each) => number(each, 8));
  return joined(...numbers, head, ...amounts.map((each) => number(micro(each), 8)));
}

/** The root that the hashes lead to from a leaf's hash, or null where they lead nowhere (RFC 9162, section 2.1.3.2). */
export async function rootOf(leaf: Bytes, proof: Pick<Proof, "index" | "hashes">, size: bigint): Promise<Bytes | null> {
  let [at, last] = [BigInt(proof.index), size - 1n];
  if (at < 0n || at > last) return null;
  let found = leaf;
  for (const sibling of proof.hashes.map(fromHex)) {
    if (last === 0n || sibling.length !== 32) return null;
    const isRight = at % 2n === 1n || at === last;
    found = await sha256(joined(Uint8Array.of(1), ...(isRight ? [sibling, found] : [found, sibling])));
    while (isRight && at % 2n === 0n && at > 0n) [at, last] = [at / 2n, last / 2n];
    [at, last] = [at / 2n, last / 2n];
  }
  return last === 0n ? found : null;
}

async function treeSteps(proof: Proof, key: Key, lines: string[]): Promise<Step[]> {
  const [origin = "", size = "", root = ""] = lines;
  const estate: Step = { name: "estate", isRight: origin === `${key.name}/${proof.leaf.estate_id}`, facts: [["origin", origin]] };
  const bytes = leafBytes(proof.leaf);
  const hash = await sha256(joined(Uint8Array.of(0), bytes));
  const leaf: Step = { name: "leaf", isRight: true, facts: [["leafBytes", toHex(bytes)], ["leafHash", toHex(hash)]] };
  const found = WHOLE.test(size) ? await rootOf(hash, proof, BigInt(size)) : null;
  const facts: Step["facts"] = [
    ["hashCount", `${proof.hashes.length}`],
    ["foundRoot", found === null ? "–" : toBase64(found)],
    ["signedRoot", root],
  ];
  const isSame = found !== null && areSame(found, fromBase64(root));
  return [estate, leaf, { name: "path", isRight: isSame, facts }];
}

/** Run a step; what the browser throws at it is what is wrong with it. */
async function tried(name: Step["name"], step: () => Promise<Step[]>): Promise<Step[]> {
  try {
    return await step();
  } catch (error) {
    return [{ name, isRight: false, facts: [], failure: error instanceof Error ? error.message : String(error) }];
  }
}

/**
 * Check that an account is part of a checkpoint that was signed with a public key: what `docs/check_proof.py` does.
 *
 * Every step is taken, also after one that does not hold, so that the reader sees how far the proof goes.
 */
export async function checkProof(proof: Proof, keyLine: string): Promise<Step[]> {
  let key: Key;
  try {
    key = readKey(keyLine);
  } catch (error) {
    return [{ name: "key", isRight: false, facts: [], failure: error instanceof Error ? error.message : String(error) }];
  }
  return [
    ...(await tried("key", async () => [await keyStep(key)])),
    ...(await tried("signature", async () => [await signatureStep(proof.note, key)])),
    ...(await tried("path", () => treeSteps(proof, key, proof.note.split("\n")))),
  ];
}

export function isGenuine(steps: Step[]): boolean {
  return steps.length === 5 && steps.every(({ isRight }) => isRight);
}

/** Read a proof as it was pasted or came in a file; null where it is none. */
export function readProof(pasted: string): Proof | null {
  try {
    const found = JSON.parse(pasted) as Partial<Proof> | null;
    const leaf = found?.leaf;
    const isWhole =
      typeof found?.note === "string" &&
      Number.isSafeInteger(found.index) &&
      Array.isArray(found.hashes) &&
      found.hashes.every((each) => typeof each === "string") &&
      [leaf?.estate_id, leaf?.account_id, leaf?.head_seq].every((each) => Number.isSafeInteger(each)) &&
      [leaf?.head_hash, leaf?.posted?.amount, leaf?.held?.amount].every((each) => typeof each === "string");
    return isWhole ? (found as Proof) : null;
  } catch {
    return null;
  }
}
