import { expect, test } from "vitest";
import { begun, ended, follow, genesis, microseconds, payload, type Piece } from "./chain";
import { fromHex, number, toHex } from "./bytes";
import { checkProof, isGenuine, leafBytes, readProof, type Proof } from "./inclusion";
import vectors from "./vectors.json";

// made by the ledger's own code: tests/unit/ledger/test_web_vectors.py
const piece = vectors.chain as unknown as Piece;
const proofs = vectors.proofs as unknown as Proof[];
const copy = <T>(of: T): T => structuredClone(of);

test("a chain is derived again, hash by hash, to its head", async () => {
  expect(await genesis(piece)).toBe(piece.previous_hash);
  expect(toHex(await payload(piece, piece.links[0]!))).toBe(vectors.payload);
  const found = ended(await follow(await begun(piece), piece));
  expect(found).toMatchObject({ broken: null, checked: piece.links.length, hash: piece.head_hash, seq: piece.head_seq });
});

test("a chain in pieces is the same chain", async () => {
  const [first, second] = [copy(piece), copy(piece)];
  second.links = second.links.splice(2);
  first.links = first.links.slice(0, 2);
  const found = ended(await follow(await follow(await begun(first), first), second));
  expect(found).toMatchObject({ broken: null, checked: piece.links.length });
  expect(ended(await follow(await begun(first), first)).broken).toMatchObject({ why: "head" });
});

const TAMPERED: [string, (link: Piece["links"][number]) => void, string][] = [
  ["amount", (link) => (link.amount.amount = "1.000001"), "balance"],
  ["quantity", (link) => (link.quantity = "9.000000"), "hash"],
  ["memo", (link) => (link.memo = `${link.memo}.`), "hash"],
  ["actor", (link) => (link.actor = "staff:other"), "hash"],
  ["time by a microsecond", (link) => (link.event_at = link.event_at.replace(/(\.\d{6})?Z$/, ".000001Z")), "hash"],
  ["booking", (link) => (link.booked_at = "2026-01-01T00:00:00Z"), "hash"],
  ["month", (link) => (link.period = "2026-02-01"), "hash"],
  ["source", (link) => (link.source_id += 1), "hash"],
  ["journal", (link) => (link.journal_id = link.journal_id.replace(/^./, (digit) => (digit === "0" ? "1" : "0"))), "hash"],
  ["hash", (link) => (link.hash = link.hash.replace(/^./, (digit) => (digit === "0" ? "1" : "0"))), "hash"],
  ["place", (link) => (link.seq += 1), "order"],
  ["version", (link) => (link.hash_v = 2), "version"],
];

test.each(TAMPERED)("a changed %s is found at its entry", async (_name, change, why) => {
  const altered = copy(piece);
  change(altered.links[1]!);
  const found = ended(await follow(await begun(altered), altered));
  expect(found.broken).toMatchObject({ why });
  expect(found.checked).toBe(1);
});

test("a chain that begins elsewhere, or has lost its end, is found", async () => {
  const altered = copy(piece);
  altered.previous_hash = altered.head_hash;
  expect((await begun(altered)).broken).toMatchObject({ seq: 0, why: "hash" });
  const short = copy(piece);
  short.links.pop();
  expect(ended(await follow(await begun(short), short)).broken).toMatchObject({ why: "head" });
});

test("every account of a signed checkpoint is proved", async () => {
  expect(proofs.length).toBeGreaterThan(4);
  for (const proof of proofs) {
    const steps = await checkProof(proof, vectors.key);
    expect(steps.map(({ name, isRight }) => [name, isRight])).toEqual(["key", "signature", "estate", "leaf", "path"].map((name) => [name, true]));
    expect(isGenuine(steps)).toBe(true);
    expect(leafBytes(proof.leaf)).toHaveLength(72);
  }
});

const FORGED: [string, (proof: Proof) => void, string][] = [
  ["balance", (proof) => (proof.leaf.posted.amount = "0.000001"), "path"],
  ["number of entries", (proof) => (proof.leaf.head_seq += 1), "path"],
  ["head", (proof) => (proof.leaf.head_hash = proof.leaf.head_hash.replace(/^./, (digit) => (digit === "0" ? "1" : "0"))), "path"],
  ["estate", (proof) => (proof.leaf.estate_id += 1), "estate"],
  ["place", (proof) => (proof.index = proof.index === 0 ? 1 : 0), "path"],
  ["sibling", (proof) => (proof.hashes[0] = proof.hashes[0]!.replace(/^./, (digit) => (digit === "0" ? "1" : "0"))), "path"],
  ["missing sibling", (proof) => void proof.hashes.pop(), "path"],
  ["extra sibling", (proof) => void proof.hashes.push(proof.hashes[0]!), "path"],
  ["root", (proof) => (proof.note = proof.note.replace(proof.note.split("\n")[2]!, "A".repeat(43) + "=")), "signature"],
  ["signature", (proof) => (proof.note = proof.note.replace(/.{8}=*\n$/, (end) => `AAAAAAA${end.slice(7)}`)), "signature"],
];

test.each(FORGED)("a proof with another %s is refused", async (_name, change, step) => {
  const forged = copy(proofs[2]!);
  change(forged);
  const steps = await checkProof(forged, vectors.key);
  expect(isGenuine(steps)).toBe(false);
  expect(steps.find(({ isRight }) => !isRight)?.name).toBe(step);
});

test("another key, a miscopied key and no key are refused", async () => {
  const wrong = vectors.key.replace(/\+[0-9a-f]{8}\+/, "+00000000+");
  for (const key of [vectors.otherKey, wrong, "", "mita+zz"]) expect(isGenuine(await checkProof(proofs[0]!, key))).toBe(false);
});

test("what is pasted is a proof or it is not", () => {
  expect(readProof(JSON.stringify(proofs[0]))).toEqual(proofs[0]);
  for (const other of ["", "{}", "[]", "null", '{"note": "a"}', JSON.stringify({ ...proofs[0], index: 0.5 })]) expect(readProof(other)).toBeNull();
});

test("numbers keep their width, and times their microseconds", () => {
  expect(toHex(number(-2, 8))).toBe("fffffffffffffffe");
  expect(toHex(number(9007199254740993n, 8))).toBe("0020000000000001");
  expect(() => number(40_000, 2)).toThrow();
  expect(() => fromHex("abc")).toThrow();
  expect(microseconds("2026-01-31T06:30:00.000001Z")).toBe(1769841000000001n);
  expect(microseconds("2026-01-31T06:30:00Z")).toBe(1769841000000000n);
});
