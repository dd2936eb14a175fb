"""Signed notes and the checkpoints in them: frozen vectors, the specification's example, and rubbish."""

from __future__ import annotations

import base64
import hashlib
import struct
from datetime import UTC, date, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from mita.entrypoints.checkpoints import SigningKey
from mita.ledger.domain import (
    LEAF,
    BadNote,
    CheckpointKind,
    NotSigned,
    VerifierKey,
    is_included,
    leaves_root,
    note_text,
    parse_key,
    prove_inclusion,
    read_note,
    sign_checkpoint,
    sign_note,
    taken_at_of,
)

SIGNER = SigningKey.of(Ed25519PrivateKey.from_private_bytes(bytes(range(32))), name="mita.example")
OTHER = SigningKey.of(Ed25519PrivateKey.from_private_bytes(bytes(32)), name="mita.example")
TAKEN_AT = datetime(2026, 3, 31, 22, 0, 0, 1, tzinfo=UTC)

# frozen: these bytes are in checkpoints that were published
LEAF_7_42 = (
    "0000000000000007"
    "000000000000002a"
    "0000000000000003"
    + "ab" * 32
    + "ffffffffffed2979"  # -1,234,567
    + "0000000000000005"
)
FROZEN = "82de5373eef22f764828ef91a6614bdc7fee49d3daf7f8f9c2227a01cc0f885c"
KEY = "mita.example+ID+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"


def leaf(account: int, seq: int, *, hash_: bytes = b"\xab" * 32, posted: int = 0, held: int = 0) -> bytes:
    return struct.pack(">qqq32sqq", 7, account, seq, hash_, posted, held)


LEAVES = leaf(42, 3, posted=-1_234_567, held=5) + leaf(43, 0) + leaf(99, 1)


def signed(**changed: object):
    how = {"kind": CheckpointKind.CLOSE, "period": date(2026, 3, 1), "taken_at": TAKEN_AT} | changed
    return sign_checkpoint(LEAVES, estate_id=7, signer=SIGNER, **how)


def test_a_leaf_has_frozen_bytes() -> None:
    assert LEAF.itemsize == 72
    assert LEAVES[:72].hex() == LEAF_7_42


def test_the_key_as_text() -> None:
    key_id = hashlib.sha256(b"mita.example\n\x01" + SIGNER.key.public_key).digest()[:4].hex()
    text = KEY.replace("ID", key_id)
    assert str(SIGNER.key) == text
    assert parse_key(f" {text}\n") == SIGNER.key


def test_the_note_is_frozen() -> None:
    """Ed25519 is deterministic: the same key and text give the same bytes for ever."""
    note = signed().note
    text, _, signature = note.partition("\n\n")
    root = hashlib.sha256(
        b"\x01"
        + hashlib.sha256(
            b"\x01"
            + hashlib.sha256(b"\x00" + LEAVES[:72]).digest()
            + hashlib.sha256(b"\x00" + LEAVES[72:144]).digest()
        ).digest()
        + hashlib.sha256(b"\x00" + LEAVES[144:]).digest()
    ).digest()
    assert text.split("\n") == [
        "mita.example/7",
        "3",
        base64.b64encode(root).decode(),
        "taken_at 20260331T220000.000001Z",
        "kind close",
        "period 2026-03-01",
    ]
    raw = base64.b64decode(signature.split(" ")[2])
    assert signature.startswith("\u2014 mita.example ")
    assert raw[:4] == SIGNER.key.key_id
    Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key().verify(raw[4:], f"{text}\n".encode())
    assert hashlib.sha256(note.encode()).hexdigest() == FROZEN


def test_the_example_of_the_specification_is_read() -> None:
    """The note that c2sp.org/tlog-checkpoint shows; its key is not known, so its signature is passed over."""
    note = (
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "\u2014 example.com/behind-the-sofa"
        " Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    )
    with pytest.raises(NotSigned, match="none of the known keys"):
        note_text(note, keys=[SIGNER.key])


def test_a_key_and_signature_of_the_go_library_are_accepted() -> None:
    """The example in the documentation of golang.org/x/mod/sumdb/note."""
    key = parse_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
    )
    signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    note = f"{text}\n\u2014 PeterNeumann {signature}\n"
    assert note_text(note, keys=[key]) == text
    with pytest.raises(NotSigned):
        note_text(note.replace("cryptography", "Cryptography"), keys=[key])


def test_what_was_signed_is_read_back() -> None:
    for changed in ({}, {"kind": CheckpointKind.DAILY, "period": None}):
        made = signed(**changed)
        summary = read_note(made.note, keys=[OTHER.key, SIGNER.key])
        assert summary == made.summary
        assert summary.root == leaves_root(LEAVES)


def test_a_second_signature_does_no_harm() -> None:
    made = signed()
    cosigned = made.note + f"\u2014 witness.example {base64.b64encode(bytes(72)).decode()}\n"
    assert read_note(cosigned, keys=[SIGNER.key]) == made.summary


def test_no_character_of_a_note_can_be_changed() -> None:
    note = signed().note
    text_end = note.index("\n\n")
    for at, character in enumerate(note[: text_end + 1]):
        changed = note[:at] + ("x" if character != "x" else "y") + note[at + 1 :]
        with pytest.raises(BadNote):
            read_note(changed, keys=[SIGNER.key])
    with pytest.raises(NotSigned, match="none of the known keys"):
        read_note(note, keys=[OTHER.key])
    with pytest.raises(NotSigned):
        read_note(note, keys=[])


def test_a_signature_of_another_text_does_not_pass() -> None:
    other = signed(taken_at=datetime(2026, 3, 31, 22, 0, 0, 2, tzinfo=UTC)).note
    note = signed().note
    mixed = note.partition("\n\n")[0] + "\n\n" + other.partition("\n\n")[2]
    with pytest.raises(NotSigned, match="altered"):
        read_note(mixed, keys=[SIGNER.key])


@pytest.mark.parametrize(
    "text",
    [
        "mita.example/7\n",
        "mita.example/7\n3\nAAAA\n",
        "mita.example/7\n03\n{root}\ntaken_at 20260331T220000.000001Z\nkind daily\nperiod -\n",
        "mita.example/7\n-1\n{root}\ntaken_at 20260331T220000.000001Z\nkind daily\nperiod -\n",
        "mita.example/7\n3\n{root}\ntaken_at 20260331T220000.1Z\nkind daily\nperiod -\n",
        "mita.example/7\n3\n{root}\ntaken_at yesterday\nkind daily\nperiod -\n",
        "mita.example/7\n3\n{root}\ntaken_at 20260331T220000.000001Z\nkind hourly\nperiod -\n",
        "mita.example/7\n3\n{root}\ntaken_at 20260331T220000.000001Z\nkind close\nperiod 20260301\n",
        "mita.example/7\n3\n{root}\nkind close\ntaken_at 20260331T220000.000001Z\nperiod -\n",
        "mita.example/7\n3\nAAAA\ntaken_at 20260331T220000.000001Z\nkind daily\nperiod -\n",
        "\n3\n{root}\ntaken_at 20260331T220000.000001Z\nkind daily\nperiod -\n",
        "mita.example/7\n3\n{root}\n\nmore\nlines\n",
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    root = base64.b64encode(bytes(32)).decode()
    note = sign_note(text.replace("{root}", root), signer=SIGNER)
    with pytest.raises(BadNote):
        read_note(note, keys=[SIGNER.key])


@given(st.text(max_size=300))
def test_rubbish_is_a_clear_error(text: str) -> None:
    for note in (text, f"{text}\n\n\u2014 mita.example {text}\n", signed().note[:150] + text):
        with pytest.raises(BadNote) as caught:
            read_note(note, keys=[SIGNER.key])
        assert str(caught.value)
    with pytest.raises(BadNote):
        parse_key(text)


@pytest.mark.parametrize(
    ("tail", "said"),
    [
        ("mita.example AAAA\n", "is no line of a signature"),
        ("\u2014 mita+example AAAAAAAA\n", "is no line of a signature"),
        ("\u2014  AAAAAAAA\n", "is no line of a signature"),
        # the four bytes of a key, and nothing signed
        ("\u2014 mita.example AAAAAA==\n", "a signature is too short"),
        ("\u2014 mita.example !\n", "a signature is not base64"),
        ("\u2014 mita.example AAAAAA==", "a note is a text, a blank line and lines of signatures"),
    ],
)
def test_a_tail_that_holds_no_signatures_is_refused(tail: str, said: str) -> None:
    with pytest.raises(BadNote, match=said):
        note_text(f"a text\n\n{tail}", keys=[SIGNER.key])


def test_a_signature_by_a_known_key_has_64_bytes() -> None:
    text, _, line = signed().note.partition("\n\n")
    raw = base64.b64decode(line.split(" ")[2])
    for cut in (raw[:-1], raw + b"\x00"):
        note = f"{text}\n\n\u2014 mita.example {base64.b64encode(cut).decode()}\n"
        with pytest.raises(NotSigned, match="altered"):
            note_text(note, keys=[SIGNER.key])


def test_half_a_surrogate_pair_is_in_no_note() -> None:
    with pytest.raises(BadNote, match="characters that no note has"):
        note_text("a \ud800\n\n\u2014 mita.example AAAAAAAA\n", keys=[SIGNER.key])


@pytest.mark.parametrize(
    ("place", "taken_at"),
    [
        ("mita.example/7/20260331T220000.000001Z-close", TAKEN_AT),
        ("20260331T220000.000001Z-daily", TAKEN_AT),
        ("mita.example/7/yesterday-daily", None),
        ("mita.example/7/20260231T220000.000001Z-daily", None),
        ("", None),
    ],
)
def test_the_name_of_a_place_says_when(place: str, taken_at: datetime | None) -> None:
    assert taken_at_of(place) == taken_at


@pytest.mark.parametrize("text", ["a\ud800b\n", "no line break", "a tab\t\n", "a nul\x00\n", ""])
def test_some_texts_cannot_be_signed(text: str) -> None:
    with pytest.raises((BadNote, UnicodeEncodeError)):
        sign_note(text, signer=SIGNER)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "x" * 201, "a\n"])
def test_some_names_cannot_be_a_keys(name: str) -> None:
    with pytest.raises(BadNote):
        VerifierKey(name, bytes(32))


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key.replace("mita.example", "mita.exampla"),
        lambda key: key.replace("+AQ", "+Ag"),
        lambda key: key[:-4],
        lambda key: key.partition("+")[0],
        lambda key: key.replace("+", "-"),
    ],
)
def test_a_key_that_was_copied_wrongly_is_refused(change) -> None:
    with pytest.raises(BadNote):
        parse_key(change(str(SIGNER.key)))


def test_the_secret_does_not_print() -> None:
    assert bytes(range(32)).hex() not in repr(SIGNER)
    assert "Private" not in repr(SIGNER)


def test_each_account_proves_its_place() -> None:
    root = leaves_root(LEAVES)
    for index, account in enumerate((42, 43, 99)):
        proof = prove_inclusion(LEAVES, account_id=account)
        assert proof is not None
        assert (proof.index, proof.leaf) == (index, LEAVES[72 * index : 72 * index + 72])
        assert is_included(proof.leaf, index=index, size=3, proof=proof.hashes, root=root)
    assert prove_inclusion(LEAVES, account_id=44) is None


def test_leaves_that_are_not_whole_have_no_root() -> None:
    with pytest.raises(BadNote):
        leaves_root(LEAVES[:-1])
