"""The web page at `/`: its parts, which lie beside this file, put together into one document.

One answer carries markup, style, script and pictures. A browser would fetch separate assets side by side, and each
request that finds no idle instance makes Lambda start another, which loads the whole model to serve a style sheet.
It also spares API Gateway a decision it gets wrong: a REST API decides by the first type of the Accept header whether
an answer is binary, and what a browser asks for an <img> starts with image/avif, whatever is served.

Read when somebody first asks for the page, so that a cold start pays nothing for it.
"""

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_STYLE, _SCRIPT = '<link rel="stylesheet" href="style.css">', '<script type="module" src="app.js"></script>'


@dataclass(frozen=True)
class Page:
    """A document with the headers that belong to it."""

    html: bytes
    headers: dict[str, str]

    def is_current(self, if_none_match: str) -> bool:
        """Say whether that header of a request names this version (RFC 9110, section 13.1.2: compared weakly)."""
        tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
        return self.headers["ETag"] in tags or "*" in tags


@cache
def read_page(upload_origin: str = "") -> Page:
    """Return the page; `upload_origin` is where, beside the service itself, it may send pictures."""
    style, script = _text("style.css"), _text("app.js")
    html = _text("index.html").replace(_STYLE, f"<style>{style}</style>")
    html = html.replace(_SCRIPT, f'<script type="module">{script}</script>')
    for picture in _FOLDER.glob("*.webp"):
        url = f"data:image/webp;base64,{base64.b64encode(picture.read_bytes()).decode()}"
        html = html.replace(f'src="{picture.name}"', f'src="{url}"')
    document = html.encode()
    headers = {
        "Content-Security-Policy": _policy(style, script, upload_origin),
        # Asked for again each time, which is cheap and warms the model: the page is never older than the service.
        "Cache-Control": "no-cache",
        "ETag": f'"{hashlib.sha256(document).hexdigest()[:32]}"',
    }
    return Page(document, headers)


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _policy(style: str, script: str, upload_origin: str) -> str:
    """Return the page's Content-Security-Policy: this style and this script, by their digests, and nothing else."""
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
    """Return what allows an inline style or script in a Content-Security-Policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"
