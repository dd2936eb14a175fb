"""JSON of no fixed shape, as far as it can be stored: small, not deep, no characters that cannot be kept."""

import json
import re
from typing import Annotated, Any

from pydantic import AfterValidator

_DEPTH_MAX = 12
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_BYTES_MAX = 32 * 1024


def storable(value: Any) -> Any:
    """Return JSON that can be stored.

    :raises ValueError: if it is too deep or too long, or holds characters or numbers that nothing can hold
    """
    _look(value, _DEPTH_MAX)
    if len(json.dumps(value)) > _BYTES_MAX:
        raise ValueError(f"must be at most {_BYTES_MAX} bytes")
    return value


def _look(value: Any, depth: int) -> None:
    if isinstance(value, dict | list):
        if depth == 0:
            raise ValueError(f"must be at most {_DEPTH_MAX} levels deep")
        for each in value:
            _look(each, depth - 1)
            if isinstance(value, dict):
                _look(value[each], depth - 1)
    elif isinstance(value, str):
        # lone surrogates are no text, PostgreSQL stores no NUL, and nobody writes control characters
        if _ODD.search(value):
            raise ValueError("holds characters that cannot be stored")
    elif isinstance(value, float) and value - value != 0:
        raise ValueError("holds a number that is none")


FreeObject = Annotated[dict[str, Any], AfterValidator(storable)]
