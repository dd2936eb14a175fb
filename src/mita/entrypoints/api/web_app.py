"""The built web app: files that never change under their names, and one page for every address in it."""

import mimetypes
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from mita.entrypoints.api.problems import HEADERS
from mita.entrypoints.web import APP_PATH, BUILT

router = APIRouter(include_in_schema=False)

_PAGE = "index.html"
# the names of what lies there carry a hash of it
_LASTING = "assets/"
_FOR_A_YEAR = "public, max-age=31536000, immutable"
_ASK_EACH_TIME = "no-cache"
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
# photos are shown before they are sent, icons of the style sheets are drawn in them
_CONTENT_RULES = HEADERS["Content-Security-Policy"] + "; img-src 'self' blob: data:"
_NOT_BUILT = (
    "the web app is not built here: `make web` builds it where Node's packages can be fetched, "
    "and every wheel carries it"
)


@router.get("/")
@router.get(APP_PATH)
async def go_to_app() -> RedirectResponse:
    """Show the way to the web app, which lives below this address."""
    # not for good: what a browser keeps of that nobody takes back
    return RedirectResponse(f"{APP_PATH}/", status_code=307)


class WebApp(StaticFiles):
    """Serves the app's files, compressed as they lie there; any other address is a page of the app itself."""

    def __init__(self, folder: Path = BUILT) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._folder = folder
        # where it is not built, that is said at each request
        self.config_checked = True

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file, or with the page that finds out what an address means.

        :raises HTTPException: 404 if the app is not built, or such a file is not in it; 405 for a write
        """
        if scope["method"] in ("GET", "HEAD") and not (self._folder / _PAGE).is_file():
            raise HTTPException(404, _NOT_BUILT)
        # a file has an ending, a place in the app has none
        wanted = path if "." in path.rpartition("/")[2] and path != "." else _PAGE
        name, encoding = self._variant(wanted, scope)
        response = await super().get_response(name, scope)
        kind = mimetypes.guess_type(wanted)[0]
        if wanted.endswith(".webmanifest"):
            kind = "application/manifest+json"
        if kind is not None and "content-type" in response.headers:
            is_text = kind.startswith("text/")
            response.headers["content-type"] = f"{kind}; charset=utf-8" if is_text else kind
        if encoding is not None:
            response.headers["content-encoding"] = encoding
        response.headers["vary"] = "Accept-Encoding"
        response.headers["cache-control"] = _FOR_A_YEAR if wanted.startswith(_LASTING) else _ASK_EACH_TIME
        response.headers["content-security-policy"] = _CONTENT_RULES
        return response

    def _variant(self, name: str, scope: Scope) -> tuple[str, str | None]:
        """Return the smallest file of a name that the browser can read, and how it is encoded."""
        asked = next((value for key, value in scope["headers"] if key == b"accept-encoding"), b"")
        read = {each.partition(";")[0].strip() for each in asked.decode("latin-1").split(",")}
        for encoding, ending in _ENCODINGS:
            if encoding in read and self.lookup_path(name + ending)[1] is not None:
                return name + ending, encoding
        return name, None
