"""Templates of the page and the documentation."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup

_FOLDER = Path(__file__).parent


@cache
def _asset_tag() -> str:
    """Return a word that changes with the static files, so that a browser's cache never mixes versions."""
    digest = hashlib.sha256()
    for path in sorted((_FOLDER / "static").iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


_environment = Environment(
    loader=FileSystemLoader(_FOLDER / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_markdown = MarkdownIt("commonmark", {"html": False})


def _prose(text: str) -> Markup:
    """Return a docstring's Markdown as HTML; HTML inside of it is shown, not obeyed."""
    return Markup(_markdown.render(text))  # noqa: S704 - html is off in the parser


_environment.globals["asset_tag"] = _asset_tag
_environment.filters["prose"] = _prose
_templates = Jinja2Templates(env=_environment)


def render(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page."""
    return _templates.TemplateResponse(request, template, values, status_code=status)
