"""GET /: the web page as one document, the files of this folder inlined.

A browser would fetch separate assets in parallel, and Lambda starts one more instance, which loads the model, for each
request that arrives while all others are busy. One document also avoids binary answers: a REST API decides by the
first type of the Accept header whether an answer is binary, and browsers ask for images with `image/avif` first.

The document is built on the first request for it, so it does not slow the cold start.
"""

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import HTMLResponse, Response

from function.api.services import ServicesDep

router = APIRouter()
_FOLDER = Path(__file__).parent
_STYLE, _SCRIPT = '<link rel="stylesheet" href="style.css">', '<script type="module" src="app.js"></script>'


@dataclass(frozen=True)
class Page:
    """The document and its headers."""

    html: bytes
    headers: dict[str, str]


@router.get("/", include_in_schema=False)
async def page(services: ServicesDep, if_none_match: Annotated[str, Header()] = "") -> Response:
    """Return the web page, or 304 if the browser has this version cached (RFC 9110, section 13.1.2)."""
    document = read_page(services.settings.upload_origin)
    cached = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    if cached & {document.headers["ETag"], "*"}:
        return Response(status_code=304, headers=document.headers)
    return HTMLResponse(document.html, headers=document.headers)


@cache
def read_page(upload_origin: str = "") -> Page:
    """Return the page, which may send images to the service itself and to `upload_origin`."""
    style, script = _text("style.css"), _text("app.js")
    html = _text("index.html").replace(_STYLE, f"<style>{style}</style>")
    html = html.replace(_SCRIPT, f'<script type="module">{script}</script>')
    for picture in _FOLDER.glob("*.webp"):
        url = f"data:image/webp;base64,{base64.b64encode(picture.read_bytes()).decode()}"
        html = html.replace(f'src="{picture.name}"', f'src="{url}"')
    document = html.encode()
    headers = {
        "Content-Security-Policy": _policy(style, script, upload_origin),
        # Browsers ask for the page each time, so it is never older than the service. The request also loads the model.
        "Cache-Control": "no-cache",
        "ETag": f'"{hashlib.sha256(document).hexdigest()[:32]}"',
    }
    return Page(document, headers)


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _policy(style: str, script: str, upload_origin: str) -> str:
    """Return the page's Content-Security-Policy, which allows only this style and this script, by their digests."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {source_digest(script)}",
            f"style-src {source_digest(style)}",
            "img-src blob: data:",
            f"connect-src 'self' {upload_origin}".rstrip(),
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        )
    )


def source_digest(source: str) -> str:
    """Return the source expression that allows an inline style or script in a Content-Security-Policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"
