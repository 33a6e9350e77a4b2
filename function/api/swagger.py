"""Swagger UI at `/docs`: the one page that loads something from elsewhere, and a policy that allows just that.

Its megabyte and a half would otherwise lie in the image and be served by a function that is paid by the millisecond;
the page at `/` needs nothing of it.
"""

import re

from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

from function.api.page import source_digest

_SWAGGER_UI = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/"


def swagger_ui(title: str, openapi_url: str) -> HTMLResponse:
    """Return the page that shows the OpenAPI document at `openapi_url`."""
    page = get_swagger_ui_html(
        openapi_url=openapi_url,
        title=title,
        swagger_js_url=f"{_SWAGGER_UI}swagger-ui-bundle.js",
        swagger_css_url=f"{_SWAGGER_UI}swagger-ui.css",
        swagger_favicon_url="data:,",
    )
    scripts = re.findall(r"<script>(.*?)</script>", bytes(page.body).decode(), re.DOTALL)
    page.headers["Content-Security-Policy"] = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_SWAGGER_UI} {' '.join(map(source_digest, scripts))}",
            f"style-src {_SWAGGER_UI} 'unsafe-inline'",  # Swagger UI writes style attributes
            "img-src data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
    return page
