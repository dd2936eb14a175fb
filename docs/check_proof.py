"""Check a proof without Mita (needs `cryptography`): python check_proof.py PUBLIC_KEY < proof.json"""

import base64
import hashlib
import json
import re
import struct
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def require(is_right, otherwise):
    if not is_right:
        raise ValueError(otherwise)


def check(proof, key):
    name, key_id, encoded = key.strip().split("+", 2)
    public = base64.b64decode(encoded)  # 0x01 for Ed25519, then the key
    digest = hashlib.sha256(f"{name}\n".encode() + public).hexdigest()
    require(digest[:8] == key_id, "the public key was copied wrongly")
    text, _, tail = proof["note"].rpartition("\n\n")
    lines = [line.rpartition(" ")[2] for line in tail.split("\n") if line.startswith(f"\u2014 {name} ")]
    mine = [raw[4:] for raw in map(base64.b64decode, lines) if raw[:4].hex() == key_id]
    require(mine, "the note is not signed with this public key")
    Ed25519PublicKey.from_public_bytes(public[1:]).verify(mine[0], f"{text}\n".encode())
    (origin, size, root, taken_at), leaf = text.split("\n")[:4], proof["leaf"]
    require(origin == f"{name}/{leaf['estate_id']}", "the note is of another estate")
    amounts = leaf["posted"]["amount"], leaf["held"]["amount"]
    require(all(re.fullmatch("-?[0-9]+[.][0-9]{6}", each) for each in amounts), "an amount has six decimals")
    micro, head = (int(each.replace(".", "")) for each in amounts), bytes.fromhex(leaf["head_hash"])
    numbers = leaf["estate_id"], leaf["account_id"], leaf["head_seq"]
    found = hashlib.sha256(b"\0" + struct.pack(">qqq", *numbers) + head + struct.pack(">qq", *micro)).digest()
    at, last = proof["index"], int(size) - 1
    require(len(head) == 32 and 0 <= at <= last, "there is no such leaf")
    for sibling in map(bytes.fromhex, proof["hashes"]):  # RFC 9162, section 2.1.3.2
        is_right = at % 2 == 1 or at == last
        found = hashlib.sha256(b"\1" + (sibling + found if is_right else found + sibling)).digest()
        while is_right and at % 2 == 0 and at > 0:
            at, last = at // 2, last // 2
        at, last = at // 2, last // 2
    require(last == 0 and base64.b64encode(found).decode() == root, "the account is not in the signed tree")
    return f"{taken_at}: account {leaf['account_id']}, {leaf['head_seq']} entries, balance {amounts[0]}"


try:
    print("GENUINE,", check(json.load(sys.stdin), sys.argv[1]))
except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it proves nothing
    sys.exit(f"NOT GENUINE: {error or 'the signature does not fit the note'} ({type(error).__name__})")
