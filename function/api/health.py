"""GET /health: the service is up, and which model it serves."""

from fastapi import APIRouter

from function import __version__
from function.api.dependencies import TaggerDep
from function.api.schemas import Health

router = APIRouter()


@router.get("/health", summary="Check the service and its model")
async def health(tagger: TaggerDep) -> Health:
    """Return the model that the service has loaded. A service without a model does not start."""
    manifest = tagger.manifest
    return Health(
        status="ok",
        model=manifest.model_id,
        revision=manifest.revision,
        labels_digest=manifest.labels_digest,
        version=__version__,
    )
