"""How the link to the broker is encrypted: whom it believes, whom it expects, and what it shows of itself."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mita.entrypoints.ingest.settings import IngestSettings


class _Expecting(ssl.SSLContext):
    """Checks the other end's certificate for a name of our own choice; gmqtt has no door for it."""

    expected: str = ""

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - as the library has it
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        name = self.expected or server_hostname
        return super().wrap_bio(incoming, outgoing, server_side, name, session)


def tls_of(settings: IngestSettings) -> ssl.SSLContext | None:
    """Return how the connection is encrypted; None if it is not. Files are read anew each time.

    The broker's certificate is always checked, against the authorities of ``mqtt_ca_file`` alone where that
    is set and those of the system elsewhere, and for the name of ``mqtt_server_name`` or else the host's.

    :raises OSError: if a file cannot be read, or holds no certificate or key
    """
    if not settings.mqtt_tls:
        return None
    context = _Expecting(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.expected = settings.mqtt_server_name
    if settings.mqtt_ca_file is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(cafile=settings.mqtt_ca_file)
    if settings.mqtt_certificate is not None:
        # without a password of ours OpenSSL would ask for one on the terminal
        context.load_cert_chain(settings.mqtt_certificate, settings.mqtt_key, password=_no_password)
    return context


def _no_password() -> str:
    return ""
