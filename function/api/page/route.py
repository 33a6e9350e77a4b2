"""GET /: the web page."""

from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import HTMLResponse, Response

from function.api.page.document import read_page
from function.api.services import ServicesDep

router = APIRouter()


@router.get("/", include_in_schema=False)
async def page(services: ServicesDep, if_none_match: Annotated[str, Header()] = "") -> Response:
    """Return the web page, or 304 if the browser has this version cached."""
    document = read_page(services.settings.upload_origin)
    if document.is_current(if_none_match):
        return Response(status_code=304, headers=document.headers)
    return HTMLResponse(document.html, headers=document.headers)
