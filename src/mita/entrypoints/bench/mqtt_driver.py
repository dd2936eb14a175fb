"""Devices of a benchmark, or who only acknowledges what they send: a process told by lines what to do.

Each line is a JSON object, each is answered by one. The first says who it is, ``devices`` or ``listener``.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mita.entrypoints.bench.mqtt import NUMBERS, Device, Listener, publishing, subscribing

if TYPE_CHECKING:
    from collections.abc import Sequence

WINDOW = 20
EVERY_S = 300
STEP_WH = 70


@dataclass(frozen=True, slots=True)
class Sender:
    """A device and its meters; ``start_s`` is when its first round was taken, in seconds since 1970."""

    name: str
    password: str
    meters: Sequence[str]
    start_s: int

    def payload(self, turn: int) -> bytes:
        """Return a message: one reading of each meter, 70 Wh and five minutes after the round before."""
        taken_s, kwh = self.start_s + turn * EVERY_S, f"{turn * STEP_WH // 1_000}.{turn * STEP_WH % 1_000:03}"
        items = [f'{{"meter":"{meter}","ts":{taken_s},"r":{{"kwh":{kwh}}}}}' for meter in self.meters]
        return (items[0] if len(items) == 1 else f"[{','.join(items)}]").encode()

    def messages(self, turns: range) -> list[bytes]:
        """Return the messages of some rounds, ready to be sent."""
        topic = f"m/{self.name}/up"
        return [
            publishing(topic, self.payload(turn), number=1 + place % NUMBERS)
            for place, turn in enumerate(turns)
        ]


class Devices:
    """Devices of several groups, each with a connection; one group publishes at a time."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._port = plan["port"]
        self._groups = {
            group: [Sender(**each) for each in senders] for group, senders in plan["groups"].items()
        }
        self._wires: dict[str, Device] = {}
        self._ready: list[tuple[str, list[bytes]]] = []

    async def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Connect, make a group's messages of some rounds, or send what was made."""
        if asked["do"] == "connect":
            for sender in (each for group in self._groups.values() for each in group):
                self._wires[sender.name] = await Device.to(
                    self._port, name=sender.name, password=sender.password, is_clean=True
                )
            return {}
        if asked["do"] == "make":
            turns = range(asked["first"], asked["first"] + asked["count"])
            self._ready = [(each.name, each.messages(turns)) for each in self._groups[asked["group"]]]
            return {"bytes": sum(len(one) for _, messages in self._ready for one in messages)}
        taken = await asyncio.gather(
            *(self._wires[name].publish(messages, window=WINDOW) for name, messages in self._ready)
        )
        return {"acknowledged": sum(taken)}


class Acknowledger:
    """Takes the place of ingest at the broker, and does nothing but acknowledge."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._wire: Listener | None = None

    async def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Connect, wait for so many messages, or go."""
        if asked["do"] == "connect":
            plan = self._plan
            self._wire = await Listener.to(
                plan["port"], name=plan["name"], password=plan["password"], is_clean=False
            )
            await self._wire.ask(subscribing(plan["topics"]))
            return {}
        assert self._wire is not None, "it connects first"
        if asked["do"] == "hear":
            await self._wire.hear(asked["count"])
        else:
            self._wire.close()
        return {"heard": self._wire.heard}


async def drive() -> None:
    """Do what the lines of standard input say, until they end."""
    lines = asyncio.StreamReader(limit=2**24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    plan = json.loads(await lines.readline())
    role = Devices(plan) if plan["role"] == "devices" else Acknowledger(plan)
    while line := await lines.readline():
        sys.stdout.write(json.dumps(await role.answer(json.loads(line))) + "\n")
        sys.stdout.flush()


def main() -> int:
    """Run until standard input ends."""
    asyncio.run(drive())
    return 0


if __name__ == "__main__":
    sys.exit(main())
