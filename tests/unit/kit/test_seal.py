"""Sealed values: opened by their key, in their place, and nowhere else."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from mita.kit.seal import KeyGone, NotSealable, Seals, key_name, make_keys, read_keys, sealed_with, write_keys

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = bytes(32), bytes(range(32))
ABOUT = "second_factor.secret_sealed"


def test_a_sealed_value_opens_in_its_place_only() -> None:
    seals = Seals([NEW])
    sealed = seals.seal(b"secret", about=ABOUT)
    assert b"secret" not in sealed
    assert seals.seal(b"secret", about=ABOUT) != sealed
    assert seals.open(sealed, about=ABOUT) == b"secret"
    with pytest.raises(KeyGone, match="was changed, or sealed elsewhere"):
        seals.open(sealed, about="signing_key.secret_sealed")
    with pytest.raises(KeyGone, match="was changed"):
        seals.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), about=ABOUT)
    for odd in (b"", b"\x01short", b"\x02" + sealed[1:]):
        with pytest.raises(KeyGone):
            seals.open(odd, about=ABOUT)


def test_old_keys_open_and_the_newest_seals() -> None:
    sealed = Seals([OLD]).seal(b"secret", about=ABOUT)
    both = Seals([NEW, OLD])
    assert both.open(sealed, about=ABOUT) == b"secret"
    assert sealed_with(both.seal(b"x", about=ABOUT)) == key_name(NEW)
    with pytest.raises(KeyGone, match=f"the key {key_name(OLD).hex()}, which is not among the keys"):
        Seals([NEW]).open(sealed, about=ABOUT)


def test_marks_are_found_by_whichever_key() -> None:
    marked = Seals([OLD]).mark("482910", about="one_time_code")
    assert Seals([NEW, OLD]).is_marked("482910", marked, about="one_time_code")
    assert not Seals([NEW]).is_marked("482910", marked, about="one_time_code")
    assert not Seals([OLD]).is_marked("482911", marked, about="one_time_code")
    assert not Seals([OLD]).is_marked("482910", marked, about="other")


def test_the_file_is_private_made_once_and_followed(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret.keys"
    first = Seals.load(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (key,) = read_keys(path)
    make_keys(path)
    assert read_keys(path) == [key]
    sealed = first.seal(b"secret", about=ABOUT)
    write_keys(path, [NEW, key])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    # the process that runs already seals with the new key, and opens both
    assert sealed_with(first.seal(b"x", about=ABOUT)) == key_name(NEW)
    assert first.open(sealed, about=ABOUT) == b"secret"
    assert sorted(each.name for each in path.parent.iterdir()) == ["secret.keys"]


@pytest.mark.parametrize("text", ["", "no base64!", "c2hvcnQ="])
def test_a_file_without_keys_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secret.keys"
    path.write_text(text)
    with pytest.raises(NotSealable):
        Seals.load(path)
