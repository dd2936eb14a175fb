"""The documents say everything, nothing that is gone, and every link leads somewhere."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
import typer
import typer.main
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from mita.entrypoints.coap.settings import CoapSettings
from mita.entrypoints.ingest.settings import IngestSettings
from mita.entrypoints.polling.settings import PollSettings
from mita.kit.settings import Settings
from tests.unit.house.lints import MACHINE_PATH
from tests.unit.house.tree import ROOT, SRC, features, sources

if TYPE_CHECKING:
    from pathlib import Path

REFERENCE = ROOT / "docs" / "reference"
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *SRC.rglob("*.md"), *(ROOT / "tests").rglob("*.md")]
)


def table_rows(text: str) -> dict[str, list[str]]:
    """Return the rows of all tables in a document by the code word in their first cell."""
    rows = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        if cells and (word := re.fullmatch(r"`([^`]+)`", cells[0])):
            rows[word.group(1)] = cells[1:]
    return rows


# ── settings ──


def shown_default(field: Any) -> str:
    if field.default_factory is not None:
        return "your user data directory, `mita`"
    if field.default is None:
        return "none"
    assert field.default is not PydanticUndefined, "every setting has a default"
    return f"`{field.default}`" if field.default != "" else "empty"


def test_every_setting_is_documented() -> None:
    rows = table_rows((REFERENCE / "settings.md").read_text(encoding="utf-8"))
    prefix = Settings.model_config["env_prefix"]
    fields = IngestSettings.model_fields | PollSettings.model_fields | CoapSettings.model_fields
    wanted = {f"{prefix}{name}".upper(): field for name, field in fields.items()}
    assert list(rows) == list(wanted), "the settings in their order, and no others"
    for name, field in wanted.items():
        default, meaning = rows[name]
        assert default == shown_default(field), name
        description = (field.description or "").replace("`", "").rstrip(".")
        assert description, f"{name} has no description"
        assert meaning.replace("`", "").startswith(description), name


def test_settings_that_are_secret_do_not_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MITA_DATABASE_URL", "postgresql://mita_app:hunter2@db/mita")
    monkeypatch.setenv("MITA_MQTT_PASSWORD", "hunter2")
    settings = Settings()
    assert isinstance(settings.database_url, SecretStr)
    assert "hunter2" not in repr(settings) + str(settings) + settings.model_dump_json()


# ── events ──


def event_classes() -> dict[str, type]:
    found = {}
    for feature in features():
        if not (SRC / feature / "events.py").exists():
            continue
        module = importlib.import_module(f"mita.{feature}.events")
        for cls in vars(module).values():
            if inspect.isclass(cls) and dataclasses.is_dataclass(cls) and cls.__module__ == module.__name__:
                found[cls.name] = cls
    return found


def test_every_event_is_documented() -> None:
    rows = table_rows((REFERENCE / "events.md").read_text(encoding="utf-8"))
    events = event_classes()
    assert len(events) >= 7
    assert {name for name in rows if name.count(".") == 2} == set(events)
    for name, cls in events.items():
        class_name, _, carries, _ = rows[name]
        assert class_name == f"`{cls.__name__}`"
        assert re.findall(r"`(\w+)`", carries) == [field.name for field in dataclasses.fields(cls)], name


def test_events_have_the_name_of_their_feature() -> None:
    for name, cls in event_classes().items():
        assert re.fullmatch(r"[a-z]+\.[a-z_]+\.[a-z]+", name), name
        assert cls.__module__ == f"mita.{name.split('.')[0]}.events"


def test_an_event_without_listener_is_called_so() -> None:
    """The last column is the truth of :mod:`mita.wiring`."""
    rows = table_rows((REFERENCE / "events.md").read_text(encoding="utf-8"))
    wiring = (SRC / "wiring.py").read_text(encoding="utf-8")
    for name, cls in event_classes().items():
        is_heard = f"subscribe({cls.__name__}," in wiring
        assert (rows[name][3] != "nobody yet") is is_heard, name


# ── commands ──


def commands() -> dict[str, Any]:
    """Return every command of the program by its full name."""
    app = importlib.import_module("mita.entrypoints.cli.main").app
    assert isinstance(app, typer.Typer)
    found: dict[str, Any] = {}

    def walk(name: str, command: Any) -> None:
        if hasattr(command, "commands"):
            for child, under in command.commands.items():
                walk(f"{name} {child}", under)
        elif not command.hidden:
            found[name] = command

    walk("mita", typer.main.get_command(app))
    return found


def documented_commands() -> dict[str, str]:
    """Return the synopsis of every documented command by its name."""
    found = {}
    for usage in table_rows((REFERENCE / "commands.md").read_text(encoding="utf-8")):
        if usage.startswith("mita "):
            words = [word for word in usage.split(" [")[0].split() if not word.isupper()]
            found[" ".join(words)] = usage
    return found


def test_every_command_is_documented() -> None:
    assert set(commands()) == set(documented_commands())


def test_every_option_is_documented() -> None:
    """Each option of the contract exists, and each option of a documented synopsis is one of its command."""
    text = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    for name, command in commands().items():
        options = {
            option for parameter in command.params for option in parameter.opts if option.startswith("--")
        }
        synopses = re.findall(rf"`{re.escape(name)}( [^`]*)?`", text)
        named = {option for synopsis in synopses for option in re.findall(r"--[a-z-]+", synopsis)}
        assert named - {"--help"} <= options, f"{name} has no {named - options}"
        assert options - {"--help"} <= named, f"{name}: {options - named} not in commands.md"


CONTRACT = {
    "mita up": {"--demo", "--port"},
    "mita migrate": set(),
    "mita openapi": set(),
    "mita replay": {
        "--format",
        "--rate-table",
        "--timezone",
        "--credit",
        "--estate",
        "--max-rate",
        "--burst",
        "--fresh",
        "--json",
    },
    "mita verify": {"--estate", "--json"},
    "mita ledger checkpoint": {"--estate", "--json"},
    "mita calculate": {"--quantity", "--intervals", "--amount", "--from", "--to", "--timezone", "--json"},
    "mita bench charge": {"--readings", "--meters", "--batch", "--json"},
    "mita bench api": {"--users", "--units", "--seconds", "--think-ms", "--json"},
    "mita bench portfolio": {"--estates", "--units", "--json"},
    "mita bench rate": {"--meters", "--json"},
}


@pytest.mark.parametrize("name", CONTRACT)
def test_the_contract_of_commands_holds(name: str) -> None:
    command = commands()[name]
    options = {option for parameter in command.params for option in parameter.opts}
    assert options >= CONTRACT[name]


# ── words ──

# words that the glossary keeps from one concept and that mean something else in code
USED_OTHERWISE = {
    "advance", "alarm", "balance", "block", "bulk", "channel", "chunk", "client", "connection", "copy",
    "counter", "delta", "draw", "dropped", "endpoint", "failed", "flag", "health", "history", "idle",
    "index", "initial", "invalid", "load", "log", "negative", "node", "pending", "plan", "processed",
    "queue", "reset", "sample", "scale", "service", "stand", "stay", "timestamp", "transaction",
    "trigger", "unreachable", "zero",
}  # fmt: skip


def forbidden_words() -> set[str]:
    """Return the single words in the last column of the glossary, but for those used otherwise."""
    words: set[str] = set()
    for line in (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().split("|")[1:-1]]
        if len(cells) == 3:
            words |= {word for word in re.findall(r"`([^`]+)`", cells[2]) if re.fullmatch(r"[a-z_]+", word)}
    return words - USED_OTHERWISE


def identifiers(tree: ast.AST) -> set[str]:
    """Return every name that a file gives to something."""
    given: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            given.add(node.name)
        elif isinstance(node, ast.arg):
            given.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            given.add(node.id)
    return given


def words_of(identifier: str) -> set[str]:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", identifier).lower()
    parts = [part for part in snake.split("_") if part]
    whole = {snake.strip("_")}
    return whole | set(parts) | {part.removesuffix("s") for part in parts}


def test_identifiers_use_the_words_of_the_glossary() -> None:
    forbidden = forbidden_words()
    assert {"tenant", "lease", "telemetry", "voucher", "recharge", "read_at"} <= forbidden
    faults = [
        f"{path.relative_to(SRC)}: {name} uses {sorted(words_of(name) & forbidden)}"
        for path in sources()
        for name in sorted(identifiers(ast.parse(path.read_text(encoding="utf-8"))))
        if words_of(name) & forbidden
    ]
    assert not faults, "\n".join(faults)


def test_a_forbidden_word_is_caught() -> None:
    tree = ast.parse("class TenantLease:\n    def recharge_wallet(self, readAt): measured_at = 1")
    caught = {word for name in identifiers(tree) for word in words_of(name)} & forbidden_words()
    assert caught == {"tenant", "lease", "recharge", "read_at", "measured_at"}


# ── features ──

HEADINGS = ("Owns", "Does not own", "Invariants", "Times", "Failure and retry")


@pytest.mark.parametrize("feature", features())
def test_every_feature_has_its_page(feature: str) -> None:
    text = (SRC / feature / "README.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {feature}\n")
    # "Owns" may begin a paragraph in bold or stand as a heading; "Meaning of times" is about times
    places = [
        re.search(rf"^(\*\*|## )(Meaning of )?{heading}\b", text, re.MULTILINE | re.IGNORECASE)
        for heading in HEADINGS
    ]
    missing = [heading for heading, place in zip(HEADINGS, places, strict=True) if place is None]
    assert not missing
    starts = [place.start() for place in places if place is not None]
    assert starts == sorted(starts)
    assert len(text.splitlines()) <= 60, "one page at most"


# ── links and paths ──


def broken_links(document: Path, text: str) -> list[str]:
    """Return the relative links of a document that lead nowhere."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"", text)
    broken = []
    for target in (first or second for first, second in targets):
        if re.match(r"[a-z]+:", target):
            continue  # another site
        path, _, anchor = target.partition("#")
        place = (document.parent / unquote(path)).resolve() if path else document
        is_there = place.exists() and place.is_relative_to(ROOT)
        if is_there and anchor and place.suffix == ".md":
            is_there = anchor in anchors(place.read_text(encoding="utf-8"))
        if not is_there:
            broken.append(target)
    return broken


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(document: Path) -> None:
    assert not broken_links(document, document.read_text(encoding="utf-8"))


def test_a_broken_link_is_caught() -> None:
    text = '[a](gone.md) [b](README.md#nowhere) [c](glossary.md) [d](https://x.y) <img src="gone.svg">'
    assert broken_links(ROOT / "docs" / "README.md", text) == ["gone.md", "README.md#nowhere", "gone.svg"]


SUFFIXES = {".py", ".md", ".sql", ".html", ".css", ".js", ".svg", ".yaml", ".toml", ".j2"}


def test_no_path_of_a_machine() -> None:
    files = [path for folder in (SRC, ROOT / "docs") for path in folder.rglob("*") if path.suffix in SUFFIXES]
    files += [*ROOT.glob("*.md"), *ROOT.glob("*.toml"), *ROOT.glob("Makefile"), *ROOT.glob("scripts/*")]
    assert len(files) > 100
    faults = [
        f"{path.relative_to(ROOT)}:{number} {line.strip()[:80]}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]
    assert not faults, "\n".join(faults)


def test_ten_screens_are_kept_in_all_looks_and_shown():
    kept = {path.name for path in (ROOT / "docs" / "screens").glob("*.webp")}
    screens = {re.sub(r"-(phone|desk)-(light|dark)\.webp$", "", name) for name in kept}
    looks = [f"{window}-{scheme}" for window in ("phone", "desk") for scheme in ("light", "dark")]
    assert len(screens) >= 10
    assert kept == {f"{screen}-{look}.webp" for screen in screens for look in looks}
    shown = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [screen for screen in sorted(screens) if f"docs/screens/{screen}-" not in shown] == []
