"""The process that codecs run in: no files, no network, no secrets, and as little of Mita as possible.

Answers the requests of ``pipe`` in their order and ends with its standard input.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import sys
from pathlib import Path
from typing import Any

import quickjs  # type: ignore[import-untyped]  # it comes without types

from mita.drivers.codecs.pipe import TEXTS_KEPT, Bounds, Recent, frame, read_frame

# places below this are the prelude's: it is pushed down so that an error's line is the codec's
_PRELUDE_LINE = 100_000
_PLACE = re.compile(r"<input>:(\d+)")
_DETAIL_MAX = 500
# how a script says that it may be a module, and what one takes in and gives out in which ways
_NO_SCRIPT = "SyntaxError"
# what packs a module writes it behind the last statement, or behind a comment of its own; nothing here looks
# twice at the same characters, for nobody counts the time that it takes
_BEFORE = r"(^[ \t]*+(?:/\*++/[ \t]*+)?|(?<=[;}])[ \t]*+)"
_AS_MODULE = re.compile(_BEFORE + r"(?:import|export)\b", re.MULTILINE)
_IMPORTED = re.compile(
    _BEFORE + r"import\s*+(?:([\w$]++)\s*+,?\s*+)?(?:\*\s*+as\s++([\w$]++)|\{([^{}]*+)\})?"
    r"""\s*+(?:from\s*+)?(["'][^"'\n]*+["'])""",
    re.MULTILINE,
)
_DECLARED = re.compile(
    _BEFORE + r"export[ \t]++(?:default[ \t]++)?"
    r"(?=(?:async[ \t]++)?function[ \t*]++\w|class[ \t]++(?!extends\b)\w|(?:const|let|var)\b)",
    re.MULTILINE,
)
_DEFAULT = re.compile(_BEFORE + r"export[ \t]++default\b", re.MULTILINE)
_LISTED = re.compile(_BEFORE + r"export[ \t]*+\{([^{}]*+)\}", re.MULTILINE)
_PASSED_ON = re.compile(_BEFORE + r"export[ \t]*+\*", re.MULTILINE)
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_HASHBANG = re.compile(r"\A#!")
_RENAMED = re.compile(r"(?<![\w$])([\w$]++)\s++as\s++([\w$]++)")
# a codec that hoards is begun anew after this many calls
_CALLS_A_CHECK = 64
_FILES_MAX = 16


class _Failed(Exception):
    def __init__(self, code: str, detail: str, *, line: int | None = None) -> None:
        super().__init__(detail)
        self.code, self.detail, self.line = code, detail, line


class _Loaded:
    """A codec in a context of its own."""

    def __init__(self, text: str, bounds: Bounds, prelude: str) -> None:
        self._bounds = bounds
        self._calls = 0
        self._context = context = quickjs.Context()
        context.set_memory_limit(bounds.memory)
        context.set_max_stack_size(bounds.stack)
        context.set_time_limit(bounds.load_s)
        self._run = context.eval(prelude)
        self._load(text)

    def _load(self, text: str) -> None:
        """Load a script or a module; one that cannot be the body of a function keeps what it changes."""
        if _NO_TEXT.search(text):
            raise _Failed("codec_error", "holds or says what is no text")
        text = _HASHBANG.sub("//", text)
        if not self._begins(text) and not (_AS_MODULE.search(text) and self._begins(_as_script(text))):
            _guarded(self._context.eval, text, cpu_s=self._bounds.load_s)

    def _begins(self, text: str) -> bool:
        try:
            return _guarded(self._run, "load", text, cpu_s=self._bounds.load_s) is not None
        except _Failed as failed:
            # nothing of it has run
            if not failed.detail.startswith(_NO_SCRIPT):
                raise
            return False

    def call(self, operation: str, given: str, *, cpu_s: float) -> Any:
        self._context.set_time_limit(self._bounds.load_s)
        _guarded(self._run, "begin", "", cpu_s=self._bounds.load_s)
        self._context.set_time_limit(cpu_s)
        return _guarded(self._run, operation, given, cpu_s=cpu_s)

    def console(self) -> list[str]:
        """Return what a call said that came to no end."""
        try:
            return _lines(_guarded(self._run, "console", "", cpu_s=self._bounds.load_s))
        except _Failed:
            return []

    def hoards(self) -> bool:
        self._calls += 1
        if self._calls % _CALLS_A_CHECK:
            return False
        used: int = self._context.memory()["malloc_size"]
        return used * 4 > self._bounds.memory


def _as_script(text: str) -> str:
    """Return a module as a script, line by line the same: what it exports is declared for all to see."""
    text = _LISTED.sub(_declared, _DECLARED.sub(r"\1", _IMPORTED.sub(_required, text)))
    return _DEFAULT.sub(r"\1module.exports =", _PASSED_ON.sub(r"\1//", text))


def _required(imported: re.Match[str]) -> str:
    """Return what asks for a module, on as many lines as it had."""
    margin, whole, everything, listed, name = imported.groups()
    wanted = [each for each in (whole, everything) if each]
    if listed:
        wanted.append("{" + _RENAMED.sub(r"\1: \2", " ".join(listed.split())) + "}")
    asked = " ".join(f"var {each} = require({name});" for each in wanted)
    return margin + asked + "\n" * imported[0].count("\n")


def _declared(listed: re.Match[str]) -> str:
    """Return what makes the names of an export list known, on as many lines as it had."""
    known = "".join(
        f" module.exports = {name};" if new == "default" else f" var {new} = {name};"
        for name, new in _RENAMED.findall(listed[2])
    )
    return listed[1] + known + "\n" * listed[2].count("\n")


def _guarded(function: Any, *arguments: str, cpu_s: float) -> Any:
    """Call into a codec. What QuickJS does not stop in time, the system does, with the whole process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(used.ru_utime + used.ru_stime + cpu_s) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
    signal.setitimer(signal.ITIMER_PROF, 2 * cpu_s + 0.1)
    try:
        return function(*arguments)
    except quickjs.StackOverflow as error:
        raise _Failed("codec_stack", "calls itself too deeply", line=_line(str(error))) from error
    except quickjs.JSException as error:
        raise _failure(str(error)) from error
    except (TypeError, ValueError) as error:
        # a lone surrogate or a zero byte, in the codec or in what it throws
        raise _Failed("codec_error", "holds or says what is no text") from error
    except MemoryError as error:
        raise _Failed("codec_memory", "needs more memory than it may have") from error
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _failure(text: str) -> _Failed:
    first = text.strip().partition("\n")[0][:_DETAIL_MAX]
    if first.startswith("(Failed obtaining"):
        first = "throws what cannot be told as a text"
    if first == "InternalError: interrupted":
        return _Failed("codec_timeout", "needs more time than it may have", line=_line(text))
    if first in {"InternalError: out of memory", "InternalError: string too long"}:
        return _Failed("codec_memory", "needs more memory than it may have", line=_line(text))
    return _Failed("codec_error", first, line=_line(text))


def _lines(told: Any) -> list[str]:
    """Return what a console was told; a codec that bends its arrays has itself to blame."""
    try:
        lines = json.loads(told)
    except (TypeError, ValueError):
        return []
    return [str(line) for line in lines] if isinstance(lines, list) else []


def _line(text: str) -> int | None:
    """Return the innermost line of the codec in a stack."""
    return next((int(line) for line in _PLACE.findall(text) if int(line) < _PRELUDE_LINE), None)


class Codecs:
    """The codecs that are loaded, each by its name."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._texts = Recent(TEXTS_KEPT)
        self._loaded = Recent(bounds.contexts)
        around = "".join(
            Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("bytes.js", "locale.js")
        )
        prelude = Path(__file__).with_name("prelude.js").read_text(encoding="utf-8")
        self._prelude = "\n" * _PRELUDE_LINE + around + prelude

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run what a request asks for. A codec that failed is loaded anew for its next call."""
        name = request["name"]
        text = self._texts.touch(name, request.get("text"))
        try:
            if name not in self._loaded:
                self._loaded.touch(name, _Loaded(text, self._bounds, self._prelude))
            loaded: _Loaded = self._loaded.touch(name)
            answer = self._called(loaded, request)
        except _Failed as failed:
            last: _Loaded | None = self._loaded.pop(name, None)
            return {
                "error": failed.code,
                "detail": failed.detail,
                "line": failed.line,
                "console": [] if last is None else last.console(),
            }
        if loaded.hoards():
            del self._loaded[name]
        return answer

    def _called(self, loaded: _Loaded, request: dict[str, Any]) -> dict[str, Any]:
        operation = request["operation"]
        told = loaded.call(operation, request["given"], cpu_s=request["cpu_s"])
        if told is None:
            raise _Failed("codec_missing_function", f"has no function for {operation}")
        if len(told) > self._bounds.output:
            detail = f"gives {len(told)} characters, {self._bounds.output} are allowed"
            raise _Failed("codec_bad_output", detail)
        function, console, output = told.split("\n", 2)
        return {"function": function, "console": _lines(console), "output": output}


def _confine(bounds: Bounds) -> None:
    """Take from the process what it does not need; it has all its files open."""
    resource.setrlimit(resource.RLIMIT_AS, (bounds.address_space, bounds.address_space))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES_MAX, _FILES_MAX))


def main() -> None:
    """Answer requests until there are no more."""
    # the terminal's Ctrl-C is for those who started us
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bounds = Bounds(**json.loads(sys.argv[1]))
    codecs = Codecs(bounds)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _confine(bounds)
    answers.write(frame({"ready": True}))
    answers.flush()
    while (body := read_frame(sys.stdin.buffer)) is not None:
        answers.write(frame(codecs.answer(json.loads(body))))
        answers.flush()


if __name__ == "__main__":
    main()
