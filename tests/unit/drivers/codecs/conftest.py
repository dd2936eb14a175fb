"""One worker for the tests of a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mita.drivers.codecs.runner import CodecRunner

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def runner() -> Iterator[CodecRunner]:
    with CodecRunner() as runner:
        yield runner
