"""The routes for programs: /tag, /embed, /uploads, /labels and /health. `docs.py` and `page/` serve people."""

import asyncio
from dataclasses import asdict

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from function import __version__
from function.api import openapi
from function.api.body import read_embed_body, read_tag_body
from function.api.schemas import EmbeddingResult, EmbeddingsResult, Health, LabelGroup, Labels, TagResult, UploadTarget
from function.api.services import RequestLog, ServicesDep
from function.tagging.options import TagOptions
from function.tagging.tagger import Embedding, Tagging

router = APIRouter()
# A float32 has no more significant digits.
_EMBEDDING_DIGITS = 8


@router.post(
    "/tag",
    summary="Tag an image",
    response_model=list[TagResult],
    responses=openapi.tag_responses(),
    openapi_extra=openapi.tag_request(),
)
async def tag(request: Request, services: ServicesDep, log: RequestLog) -> JSONResponse:
    """Return the labels that fit the image, with scores, best first.

    A score is a probability within its group. Pet types compete with other things (cars, text, a person alone, ...)
    that are never returned, so an image of something else may get no tag. A pet beside a person or on a sofa keeps its
    score. Fur types share the score of the best furred pet, which `of` names. The first tag is a pet, or there is no
    tag.
    """
    with services.admit():
        body = await read_tag_body(request, services)
        log["bytes"] = len(body.image)
        tagging = await asyncio.to_thread(services.tagger.tag, body.image, TagOptions.parse(body.options))
    log["top_tag"] = tagging.tags[0].label if tagging.tags else None
    return _answer([each.to_json() for each in tagging.tags], tagging, log)


@router.post(
    "/embed",
    summary="Embed an image or texts",
    response_model=EmbeddingResult | EmbeddingsResult,
    responses=openapi.embed_responses(),
    openapi_extra=openapi.embed_request(),
)
async def embed(request: Request, services: ServicesDep, log: RequestLog) -> JSONResponse:
    """Return CLIP's embedding of an image, a text, or several texts: vectors of unit length.

    Images and texts share one space: the dot product of two embeddings is their cosine similarity. Embeddings of
    different models do not compare: `model` names the model.
    """
    tagger = services.tagger
    with services.admit():
        body = await read_embed_body(request, services)
        if isinstance(body, bytes):
            log["bytes"] = len(body)
            embedding = await asyncio.to_thread(tagger.embed_image, body)
        else:
            log["texts"] = len(body.all_texts)
            embedding = await asyncio.to_thread(tagger.embed_texts, body.all_texts)
    vectors = [[round(value, _EMBEDDING_DIGITS) for value in vector] for vector in embedding.vectors.tolist()]
    is_list = not isinstance(body, bytes) and body.texts is not None
    content = {
        **({"embeddings": vectors} if is_list else {"embedding": vectors[0]}),
        "dim": embedding.vectors.shape[1],
        "model": tagger.manifest.model_name,
    }
    return _answer(content, embedding, log)


def _answer(content: object, result: Tagging | Embedding, log: dict[str, object]) -> JSONResponse:
    """Return `content` with the phases in its `Server-Timing` header; add the phases and the image to the log line."""
    log |= {f"{phase}_ms": round(value, 2) for phase, value in result.milliseconds.items()}
    if result.image:
        log |= {"format": result.image.format, "pixels": result.image.width * result.image.height}
    timing = ", ".join(f"{phase};dur={value:.1f}" for phase, value in result.milliseconds.items())
    return JSONResponse(content, headers={"Server-Timing": timing})


@router.post(
    "/uploads",
    status_code=201,
    summary="Get an upload form for a large image",
    responses=openapi.upload_responses(),
)
async def uploads(services: ServicesDep) -> UploadTarget:
    """Return a form that uploads one image that is too large for a request.

    Post a form to `url` with all of `fields`, then `Content-Type` (an image type), then `file` as the last field.
    After that, `POST /tag` with `{"inputs": "<inputs>"}`.
    """
    return await asyncio.to_thread(services.upload_bucket.create_target)


@router.get("/labels", summary="List the labels")
async def labels(services: ServicesDep) -> Labels:
    """Return the groups of labels this service tags, with their prompts."""
    label_set = services.tagger.bank.labels
    groups = [LabelGroup(**{**asdict(group), "labels": list(group.labels)}) for group in label_set.groups]
    return Labels(digest=label_set.digest, groups=groups)


@router.get("/health", summary="Check the service and its model")
async def health(services: ServicesDep) -> Health:
    """Return the model that the service has loaded. A service without a model does not start."""
    manifest = services.tagger.manifest
    return Health(
        model=manifest.model_id,
        revision=manifest.revision,
        labels_digest=manifest.labels_digest,
        version=__version__,
    )
