"""The yardstick of the API: the framework alone, served alike, answering the bytes that it was given."""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI, Response


def bare_application(body: bytes) -> FastAPI:
    """Return an application whose only route has the path of a wallet and answers ``body``."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/api/v1/estates/{estate_id}/wallets/{wallet_id}")
    async def get_wallet(estate_id: int, wallet_id: int) -> Response:  # noqa: ARG001 - converted, as ours are
        return Response(body, media_type="application/json")

    return app


def main() -> int:
    """Serve on the port of the first argument; the body comes by standard input."""
    uvicorn.run(
        bare_application(sys.stdin.buffer.read()),
        port=int(sys.argv[1]),
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
