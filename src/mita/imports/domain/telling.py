"""What is in a file of a head-end, as JSON that is stored and shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mita.metering.domain import truncated

if TYPE_CHECKING:
    from mita.drivers.files import Fault
    from mita.imports.domain.brought import Brought, Matched

FAULTS_MAX = 1_000
_SHOWN_MAX = 1_000


def shown_fault(fault: Fault) -> dict[str, Any]:
    """Return a fault as JSON."""
    meter = None if fault.meter is None else truncated(fault.meter)
    return {"line": fault.line, "meter": meter, "code": fault.code, "message": truncated(fault.detail)}


def found_of(matched: Matched, brought: Brought) -> dict[str, Any]:
    """Return what is in a file as JSON: registers, what waits, what is left out; times are seconds UTC."""
    new = dict(brought.readings)
    waiting = {each.channel: each for each in brought.waiting}
    registers = []
    for each in matched.matches[:_SHOWN_MAX]:
        found = new.get(each.channel) if each.is_known else None
        waits = waiting.get(each.channel) if each.is_known else None
        registers.append(
            {
                "meter": truncated(each.meter),
                "serial": truncated(each.channel.meter) if each.is_known else None,
                "register": each.channel.register,
                "unit": each.channel.unit,
                "values": each.count,
                "new": 0 if found is None else len(found.taken_s),
                "known": brought.known_of[each.channel] if each.is_known else 0,
                "first_s": None if found is None else found.taken_s[0],
                "last_s": None if found is None else found.taken_s[-1],
                "waits_since_s": None if waits is None else waits.since_s,
                "waits_why": None if waits is None else truncated(f"line {waits.line}: {waits.why}"),
            }
        )
    return {
        "registers": registers,
        "left_out": {truncated(name): count for name, count in brought.left_out.most_common(100)},
        "kept": [shown_fault(each) for each in brought.notes[:FAULTS_MAX]],
    }
