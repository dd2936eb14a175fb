"""A DLMS meter in a process of its own: ``python -m tests.fakes.dlms_meter <wrapper|hdlc>``.

It ends when its standard input does. Its library stays in this process; nothing else imports it.
"""

from __future__ import annotations

import sys
from typing import Any

ENCRYPTION_KEY, AUTHENTICATION_KEY = bytes(range(16)), bytes(range(16, 32))
PASSWORD = b"12345678"


LIMITER, CHARGE, DAY_CHARGE = "0.0.17.0.0.255", "0.0.19.20.0.255", "0.0.19.21.0.255"


def _limit(meter: Any) -> None:
    """A limiter of a power in tens of watts; above 3,000 W an emergency holds it to 1,000 W."""
    from pydlms import DlmsData

    def scaler(power: int, unit: int) -> Any:
        return DlmsData.structure([DlmsData.int8(power), DlmsData.enum(unit)])

    meter.add_object(3, "1.0.1.7.0.255", {2: DlmsData.uint32(42), 3: scaler(1, 27)})
    watched = [DlmsData.uint16(3), DlmsData.octet_string(bytes((1, 0, 1, 7, 0, 255))), DlmsData.int8(2)]
    attributes = {2: DlmsData.structure(watched), 4: DlmsData.uint32(1_380)}

    def active() -> Any:
        held = _of(meter, 71, LIMITER)[4]
        return DlmsData.uint32(100) if 300 < held.to_python() < 1_380 else held

    meter.add_object(71, LIMITER, {**attributes, 3: active})


def _of(meter: Any, class_id: int, obis: str) -> dict[int, Any]:
    return next(
        held
        for (each, name), held in meter.objects.items()
        if each == class_id and ".".join(map(str, name.to_bytes())) == obis
    )


def _charge(meter: Any) -> None:
    """A price of a kWh and one of a day; a passive one begins when it is activated."""
    from pydlms import DlmsData
    from pydlms.simulator import ActionFailure

    def price(scale: int, number: int, *, class_id: int = 3, per: int = 3) -> Any:
        name = DlmsData.octet_string(bytes((1, 0, 1, 8, 0, 255) if class_id else 6))
        return DlmsData.structure(
            [
                DlmsData.structure([DlmsData.int8(per), DlmsData.int8(scale)]),
                DlmsData.structure([DlmsData.uint16(class_id), name, DlmsData.int8(2 if class_id else 0)]),
                DlmsData.array(
                    [DlmsData.structure([DlmsData.octet_string(b"\x01"), DlmsData.int16(number)])]
                ),
            ]
        )

    for obis, kind, held, period in (
        (CHARGE, 0, price(-2, 199), 0),
        (DAY_CHARGE, 1, price(-2, 50, class_id=0, per=0), 86_400),
    ):
        attributes = {
            3: DlmsData.enum(kind),
            5: held,
            6: held,
            7: DlmsData.octet_string(bytes(12)),
            8: DlmsData.uint32(period),
        }
        meter.add_object(113, obis, attributes)

        def activate(*_: Any, obis: str = obis) -> None:
            held = _of(meter, 113, obis)
            if held[6].to_python() is None:
                raise ActionFailure(3)
            held[5] = held[6]

        meter.add_method(113, obis, 2, activate)


def main() -> None:
    from pydlms import DlmsData
    from pydlms.security.hls import Mechanism
    from pydlms.simulator import ActionFailure, ClientProfile, example_meter, serve

    meter = example_meter(encryption_key=ENCRYPTION_KEY, authentication_key=AUTHENTICATION_KEY)
    relay = {"on": True}
    obis = "0.0.96.3.10.255"
    meter.add_object(
        70,
        obis,
        {
            2: lambda: DlmsData.boolean(relay["on"]),
            3: lambda: DlmsData.enum(int(relay["on"])),
            4: DlmsData.enum(4),
        },
    )

    def switch(*, is_on: bool) -> None:
        # the relay is welded after the third time
        relay["count"] = relay.get("count", 0) + 1
        if relay["count"] == 5:
            raise ActionFailure(3)
        if relay["count"] != 4:
            relay["on"] = is_on

    meter.add_method(70, obis, 1, lambda *_: switch(is_on=False))
    meter.add_method(70, obis, 2, lambda *_: switch(is_on=True))
    _limit(meter)
    _charge(meter)
    meter.clients[32] = ClientProfile(Mechanism.LLS, secret=PASSWORD)
    meter.clients[1] = ClientProfile(Mechanism.HLS_GMAC, ciphered=True)
    server = serve(meter, "127.0.0.1", 0, hdlc=sys.argv[1] == "hdlc")
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
