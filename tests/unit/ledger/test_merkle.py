"""RFC 6962 trees: the reference vectors of Certificate Transparency, and laws for any leaves."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.ledger.domain import inclusion_proof, is_included, leaf_hash, tree_root

# the eight leaves of the Certificate Transparency reference implementation, and the root of each prefix
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
# (index from 0, size): path
PATHS = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def rfc_root(leaves: list[bytes]) -> bytes:
    """The recursive words of RFC 6962, section 2.1."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + rfc_root(leaves[:k]) + rfc_root(leaves[k:])).digest()


def hashed(leaves: list[bytes]) -> list[bytes]:
    return [leaf_hash(leaf) for leaf in leaves]


@pytest.mark.parametrize("size", ROOTS)
def test_the_reference_roots(size: int) -> None:
    assert tree_root(hashed(LEAVES[:size])).hex() == ROOTS[size]


@pytest.mark.parametrize("place", PATHS)
def test_the_reference_paths(place: tuple[int, int]) -> None:
    index, size = place
    proof = inclusion_proof(hashed(LEAVES[:size]), index=index)
    assert [each.hex() for each in proof] == PATHS[place]
    root = bytes.fromhex(ROOTS[size])
    assert is_included(LEAVES[index], index=index, size=size, proof=proof, root=root)


@pytest.mark.parametrize("index", [-1, 8, 9])
def test_a_leaf_that_is_not_there_has_no_proof(index: int) -> None:
    with pytest.raises(IndexError):
        inclusion_proof(hashed(LEAVES), index=index)
    assert not is_included(b"", index=index, size=8, proof=[], root=bytes.fromhex(ROOTS[8]))


def test_a_node_is_no_leaf() -> None:
    """Without the prefixes two hashes side by side would prove a leaf that nobody put there."""
    one, other = hashed(LEAVES[:2])
    root = bytes.fromhex(ROOTS[2])
    assert leaf_hash(one + other) != root
    assert not is_included(one + other, index=0, size=1, proof=[], root=root)


@given(st.lists(st.binary(max_size=100), max_size=70))
def test_the_root_is_that_of_the_rfc(leaves: list[bytes]) -> None:
    assert tree_root(hashed(leaves)) == rfc_root(leaves)


@given(st.lists(st.binary(max_size=100), min_size=1, max_size=70), st.data())
def test_every_leaf_proves_and_nothing_else_does(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    size, root = len(leaves), rfc_root(leaves)
    proof = inclusion_proof(hashed(leaves), index=index)
    assert len(proof) <= (size - 1).bit_length()

    def holds(
        leaf: bytes = leaves[index], at: int = index, of: int = size, path: list[bytes] = proof
    ) -> bool:
        return is_included(leaf, index=at, size=of, proof=path, root=root)

    assert holds()
    assert not holds(leaf=leaves[index] + b"\x00")
    assert not holds(path=[*proof, bytes(32)])
    assert not holds(path=[*proof, b""])
    assert not is_included(leaves[index], index=index, size=size, proof=proof, root=bytes(32))
    if proof:
        assert not holds(path=proof[:-1])
        at = data.draw(st.integers(0, len(proof) - 1))
        changed = bytes([proof[at][0] ^ 1]) + proof[at][1:]
        assert not holds(path=[*proof[:at], changed, *proof[at + 1 :]])
        assert not holds(path=[*proof[:at], proof[at][:31], *proof[at + 1 :]])
        assert not holds(path=[*proof[:at], proof[at] + b"\x00", *proof[at + 1 :]])
    other = data.draw(st.integers(0, size - 1))
    if leaves[other] != leaves[index]:
        assert not holds(leaf=leaves[other])
