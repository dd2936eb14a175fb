"""The guide in docs/reference/api.md is true: its commands run, its tables are complete."""

from __future__ import annotations

import ast
import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from mita.entrypoints.api.problems import _CODES, codes_of
from mita.metering.domain import SHOWN_CLASSES
from tests.unit.house.test_docs_complete import REFERENCE, table_rows
from tests.unit.house.tree import SRC

from .routes import operations_of
from .test_document import BASES, NOT_OVER_HTTP, every_refusal

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

    from .place import Place

GUIDE = (REFERENCE / "api.md").read_text(encoding="utf-8")
# said of readings by charging, on top of what the reader of a single reading says
OF_CHARGING = {
    "unknown_meter",
    "unknown_register",
    "wrong_unit",
    "no_pulse_counter",
    "bad_count",
    "counter_fell",
    "future_time",
    "time_out_of_range",
    "estate_archived",
    "meter_removed",
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, flags=re.DOTALL)


@dataclass
class Command:
    """A curl command as the guide has it."""

    url: str
    method: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    data: str | None = None
    is_stream: bool = False


def parsed(words: list[str]) -> Command:
    """Return a curl command; an option that the guide does not need is an error."""
    found = Command("")
    rest = iter(words[1:])
    for word in rest:
        if word == "-H":
            name, _, value = next(rest).partition(": ")
            found.headers[name] = value
        elif word in ("-d", "--data-binary"):
            found.data = next(rest)
        elif word == "-X":
            found.method = next(rest)
        elif word == "-N":
            found.is_stream = True
        elif word != "-sS":
            assert not word.startswith("-"), word
            assert not found.url, "one address"
            found.url = word
    found.method = found.method or ("GET" if found.data is None else "POST")
    return found


def commands() -> list[Command]:
    texts = [
        text
        for block in blocks("sh")
        for text in re.split(r"\n\n+", block.strip())
        if text.startswith("curl")
    ]
    return [parsed(shlex.split(text.replace("\\\n", " "))) for text in texts]


def operation_of(app: FastAPI, command: Command) -> Any:
    """Return the documented operation that a command asks for."""
    path = command.url.removeprefix("$MITA").partition("?")[0]
    found = [
        each
        for each in operations_of(app)
        if each.method == command.method.lower()
        and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", each.path), path)
    ]
    assert len(found) == 1, (command.method, path)
    return found[0]


async def test_the_commands_of_the_guide_run(app: FastAPI, client: httpx.AsyncClient, token: str) -> None:
    (rates,) = blocks("yaml")
    ran = commands()
    assert len(ran) >= 14
    for command in ran:
        operation = operation_of(app, command)
        assert command.headers["Authorization"] == "Bearer $TOKEN"
        if command.is_stream:
            assert operation.operation_id == "stream_events"
            continue
        data = rates if command.data == "@rates.yaml" else command.data
        headers = {**command.headers, "Authorization": f"Bearer {token}"}
        answer = await client.request(
            command.method,
            command.url.removeprefix("$MITA"),
            content=None if data is None else data.encode(),
            headers=headers,
        )
        assert answer.status_code in (200, 201), (operation.operation_id, answer.text)
        assert str(answer.status_code) in operation.spec["responses"]
    wallet = (await client.get("/api/v1/estates/1/wallets/1")).json()
    # 1.5 kWh and 4,898.5 kWh at 2.7472 with 15 % (15,480.472000), less the receipt of 200.00, promotional
    # credit of 25.00 and emergency credit of 30.00: the rest was set aside
    assert wallet["balances"][0]["balance"]["amount"] == "0.000000"
    owed = (await client.get("/api/v1/estates/1/wallets/1/debts")).json()
    assert (owed["debt"]["amount"], owed["emergency"]["amount"]) == ("15225.472000", "30.000000")
    assert wallet["balances"][0]["standing"] == "out"
    asked = (await client.get("/api/v1/estates/1/supply-commands")).json()["items"]
    assert [each["action"] for each in asked] == ["off"]


async def test_the_errors_example_is_what_the_api_says(client: httpx.AsyncClient, place: Place) -> None:
    (example,) = [yaml.safe_load(block) for block in blocks("json")]
    answer = await client.post(
        example["instance"], json={"amount": "x", "method": "cash"}, headers={"Idempotency-Key": "k"}
    )
    assert answer.json() == example


def error_rows() -> dict[str, int]:
    rows = table_rows(GUIDE.partition("\n## Errors\n")[2])
    return {code: int(cells[0]) for code, cells in rows.items()}


def test_every_code_is_documented_with_its_status() -> None:
    said = {code: status for status in _CODES for code in codes_of(status)}
    refused = {cls.code: cls.status for cls in every_refusal() if cls.code not in BASES | NOT_OVER_HTTP}
    assert error_rows() == {**said, **refused}


def test_every_code_of_the_document_is_in_the_guide(app: FastAPI) -> None:
    rows = error_rows()
    for operation in operations_of(app):
        for status, answer in operation.spec["responses"].items():
            for code in answer.get("content", {}).get("application/problem+json", {}).get("examples", {}):
                assert rows[code] == int(status), (operation.operation_id, code)


def codes_raised(path: str, *names: str) -> set[str]:
    """Return the codes that a file gives to its errors."""
    tree = ast.parse((SRC / path).read_text(encoding="utf-8"))
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in names
        and isinstance(node.args[0], ast.Constant)
    }


def test_every_reason_of_a_rejection_is_documented() -> None:
    reasons = codes_raised("charging/schemas/readings.py", "_Unreadable") | codes_raised(
        "kit/quantity.py", "BadValue"
    )
    assert len(reasons) >= 8
    files = ("operations/charge.py", "operations/derive.py", "domain/decide.py")
    sources = "".join((SRC / "charging" / name).read_text() for name in files)
    assert all(f'"{code}"' in sources for code in OF_CHARGING)
    rows = table_rows(GUIDE.partition("\n## Sending readings\n")[2].partition("\n## ")[0])
    assert set(rows) == reasons | OF_CHARGING


def test_every_class_is_named() -> None:
    section = GUIDE.partition("\n## Sending readings\n")[2].partition("\n## ")[0]
    assert all(f"`{word}`" in section for word in SHOWN_CLASSES)


def test_every_cursor_is_documented(app: FastAPI) -> None:
    section = GUIDE.partition("\n## Page by page\n")[2].partition("\n## ")[0]
    cursors = {
        each["name"]
        for operation in operations_of(app)
        for each in operation.spec.get("parameters", [])
        if each["name"].startswith(("after", "before"))
    }
    assert cursors == {"after_id", "after_line", "after_seq", "before_seq", "before"}
    assert all(f"`{name}`" in section for name in cursors)
