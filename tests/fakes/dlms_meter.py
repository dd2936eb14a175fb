"""A DLMS meter in a process of its own: ``python -m tests.fakes.dlms_meter <wrapper|hdlc>``.

It ends when its standard input does. Its library stays in this process; nothing else imports it.
"""

from __future__ import annotations

import sys

ENCRYPTION_KEY, AUTHENTICATION_KEY = bytes(range(16)), bytes(range(16, 32))
PASSWORD = b"12345678"


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
    meter.clients[32] = ClientProfile(Mechanism.LLS, secret=PASSWORD)
    meter.clients[1] = ClientProfile(Mechanism.HLS_GMAC, ciphered=True)
    server = serve(meter, "127.0.0.1", 0, hdlc=sys.argv[1] == "hdlc")
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
