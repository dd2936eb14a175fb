"""What the routes of rate tables read from a body: documents and files of prices."""

import json
from typing import Any

from fastapi import Request
from pydantic import ValidationError

from mita.kit.errors import Invalid, Refusal
from mita.tariffs.domain import RateTable, RateTableInvalid, parse_document
from mita.tariffs.operations import DocumentRefused, document_refused
from mita.tariffs.schemas import RateTableIn

__all__ = ["DocumentRefused", "UnsupportedMedia", "document_refused", "table_of_body", "text_of_file"]

_YAML = ("application/yaml", "application/x-yaml", "text/yaml")
# the largest a document may be, with room for JSON's quoting
_BODY_BYTES_MAX = 1024 * 1024


class UnsupportedMedia(Refusal):
    """The body is neither JSON nor YAML."""

    code = "unsupported_media_type"
    status = 415
    title = "The content type is not supported"


async def table_of_body(request: Request) -> RateTable:
    """Return the rate table in the body, YAML text or ``{"document": …}``."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", *_YAML):
        raise UnsupportedMedia(
            "send application/json with the document under `document`, or application/yaml"
        )
    raw = await request.body()
    if len(raw) > _BODY_BYTES_MAX:
        raise _body_invalid("no rate table is this long")
    try:
        text = raw.decode("utf-8")
        document: Any = text if kind in _YAML else _document_in(text)
    except UnicodeDecodeError as error:
        raise _body_invalid("is not UTF-8") from error
    except ValidationError as error:
        raise _body_invalid('must be {"document": {…}} and nothing else') from error
    except (ValueError, RecursionError) as error:
        raise _body_invalid("is not JSON") from error
    try:
        return parse_document(document)
    except RateTableInvalid as error:
        raise document_refused(error) from error


async def text_of_file(request: Request) -> str:
    """Return the text of a file of prices in the body."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", "text/csv", "text/plain", *_YAML):
        raise UnsupportedMedia("send the file as text/csv, application/json, application/yaml or text/plain")
    try:
        return (await request.body()).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _body_invalid("is not UTF-8") from error


def _document_in(text: str) -> dict[str, Any]:
    return RateTableIn.model_validate(json.loads(text, object_pairs_hook=_without_repetition)).document


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # JSON's reader would keep the last price of two, and nobody would know
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _body_invalid("writes a key twice in one place")
    return found


def _body_invalid(message: str) -> Invalid:
    return Invalid(f"the body {message}", problems=[{"path": "body", "message": message}])
