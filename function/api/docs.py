"""GET /docs: Swagger UI over the OpenAPI document.

Swagger UI is loaded from a CDN because its 1.5 MB would make the container image larger. The
Content-Security-Policy allows scripts and styles from that CDN only.
"""

import re

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

from function.api.page.document import source_digest

router = APIRouter()
_SWAGGER_UI = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/"


@router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> HTMLResponse:
    """Return the page with Swagger UI."""
    page = get_swagger_ui_html(
        openapi_url=f"{request.scope.get('root_path', '').rstrip('/')}/openapi.json",
        title=request.app.title,
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
