"""POST /embed: the unit vectors that the tags are made of, for search, clustering and near-duplicates."""

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from torch import Tensor

from function.api import openapi
from function.api.admission import admitted
from function.api.body import Texts, read_embed
from function.api.limits import in_time
from function.api.middleware import server_timing
from function.api.schemas import EmbeddingResult, EmbeddingsResult

router = APIRouter()
# A float32 has no more.
_DIGITS = 8


@router.post(
    "/embed",
    summary="Embed a picture or texts",
    response_model=EmbeddingResult | EmbeddingsResult,
    responses=openapi.embed_responses(),
    openapi_extra=openapi.embed_request(),
)
async def embed(request: Request) -> JSONResponse:
    """Return CLIP's embedding of a picture, a text, or several texts: vectors of unit length.

    Pictures and texts share one space: the dot product of two embeddings is their cosine similarity. Embeddings of
    different models do not compare: `model` says which one made these.
    """
    state = request.app.state
    with admitted(state):
        async with in_time(state.settings.max_upload_seconds):
            given = await read_embed(request, state.settings.max_image_bytes, state.upload_bucket.read)
        if isinstance(given, Texts):
            request.state.log["texts"] = len(given.texts)
            embedding = await asyncio.to_thread(state.tagger.embed_texts, given.texts)
        else:
            request.state.log["bytes"] = len(given)
            embedding = await asyncio.to_thread(state.tagger.embed_image, given)
    if embedding.image:
        request.state.log |= {
            "format": embedding.image.format,
            "pixels": embedding.image.width * embedding.image.height,
        }
    request.state.log |= {f"{phase}_ms": round(value, 2) for phase, value in embedding.milliseconds.items()}
    several = isinstance(given, Texts) and given.several
    vectors = _rounded(embedding.vectors)
    answer = {
        **({"embeddings": vectors} if several else {"embedding": vectors[0]}),
        "dim": embedding.vectors.shape[1],
        "model": state.tagger.manifest.model_name,
    }
    return JSONResponse(answer, headers={"Server-Timing": server_timing(embedding.milliseconds)})


def _rounded(vectors: Tensor) -> list[list[float]]:
    return [[round(value, _DIGITS) for value in vector] for vector in vectors.tolist()]
