"""What tests ask a codec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mita.drivers.codecs.runner import CodecRunner


def uplink(body: str, before: str = "") -> str:
    return f"{before}function decodeUplink(input) {{ {body} }}"


def value(runner: CodecRunner, expression: str, **given: Any) -> Any:
    """Return what an expression of JavaScript is worth to a codec."""
    ran = runner.run(
        uplink(f"return {{ data: {{ v: {expression} }} }}"), "decodeUplink", {"bytes": [], **given}
    )
    return ran.data["v"]
