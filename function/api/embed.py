"""POST /embed: the unit vectors of an image or of texts, for search, clustering and near-duplicates."""

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from function.api import openapi
from function.api.body import Texts, read_embed_body
from function.api.dependencies import AdmissionDep, RequestLogDep, SettingsDep, TaggerDep, UploadBucketDep
from function.api.measurements import log_fields, server_timing
from function.api.schemas import EmbeddingResult, EmbeddingsResult
from function.tagging.tagger import Embedding

router = APIRouter()
# A float32 has no more significant digits.
_DIGITS = 8


@router.post(
    "/embed",
    summary="Embed an image or texts",
    response_model=EmbeddingResult | EmbeddingsResult,
    responses=openapi.embed_responses(),
    openapi_extra=openapi.embed_request(),
)
async def embed(  # noqa: PLR0913, PLR0917 - FastAPI injects the dependencies as arguments
    request: Request,
    tagger: TaggerDep,
    settings: SettingsDep,
    upload_bucket: UploadBucketDep,
    admission: AdmissionDep,
    log: RequestLogDep,
) -> JSONResponse:
    """Return CLIP's embedding of an image, a text, or several texts: vectors of unit length.

    Images and texts share one space: the dot product of two embeddings is their cosine similarity. Embeddings of
    different models do not compare: `model` names the model.
    """
    with admission.admit():
        body = await read_embed_body(request, settings, upload_bucket)
        if isinstance(body, Texts):
            log["texts"] = len(body.texts)
            embedding = await asyncio.to_thread(tagger.embed_texts, body.texts)
        else:
            log["bytes"] = len(body)
            embedding = await asyncio.to_thread(tagger.embed_image, body)
    log |= log_fields(embedding.image, embedding.milliseconds)
    answer = {
        **_vectors(embedding, is_list=isinstance(body, Texts) and body.is_list),
        "dim": embedding.vectors.shape[1],
        "model": tagger.manifest.model_name,
    }
    return JSONResponse(answer, headers={"Server-Timing": server_timing(embedding.milliseconds)})


def _vectors(embedding: Embedding, is_list: bool) -> dict[str, object]:
    vectors = [[round(value, _DIGITS) for value in vector] for vector in embedding.vectors.tolist()]
    return {"embeddings": vectors} if is_list else {"embedding": vectors[0]}
