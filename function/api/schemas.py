"""JSON bodies of requests and answers."""

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from function.tagging.options import MAX_CANDIDATE_LABELS, Text


class TagRequest(BaseModel):
    """A picture with options as JSON, in the shape of Hugging Face's zero-shot image classification."""

    SHAPE: ClassVar = '{"inputs": "<base64>", "parameters": {}}'
    model_config = ConfigDict(extra="forbid")

    inputs: str = Field(
        description="The image file, base64 (a data: URL will do), or s3:// of a picture in the upload bucket.",
        examples=["iVBORw0KGgoAAAANSUhEUg=="],
    )
    parameters: dict[str, Any] | None = Field(default=None, description="Options: see TagParameters.")


class UploadTarget(BaseModel):
    """Where one picture may be uploaded, as a form."""

    url: str = Field(description="Post the form here, as multipart/form-data.")
    fields: dict[str, str] = Field(
        description="Fields of the form; after them come `Content-Type`, an image type, and `file`, the picture."
    )
    inputs: str = Field(description="What `POST /tag` takes as `inputs` once the picture is there.")
    max_bytes: int = Field(description="A larger file is refused.")
    expires_in_s: int = Field(description="For so many seconds the form is taken.")


class EmbedRequest(BaseModel):
    """What to embed, as JSON: one of the three."""

    SHAPE: ClassVar = '{"inputs": "<base64>"}, {"text": "..."} or {"texts": ["..."]}'
    model_config = ConfigDict(extra="forbid")

    inputs: str | None = Field(
        default=None,
        description="An image file, base64 (a data: URL will do), or s3:// of a picture in the upload bucket.",
        examples=["iVBORw0KGgoAAAANSUhEUg=="],
    )
    text: Text | None = Field(default=None, description="A text.", examples=["a photo of a cat"])
    texts: list[Text] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_CANDIDATE_LABELS,
        description="Several texts.",
        examples=[["a photo of a cat", "a photo of a dog"]],
    )

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("give one of inputs, text and texts")
        return self


class EmbeddingResult(BaseModel):
    """The embedding of one picture or text."""

    embedding: list[float] = Field(description="A vector of unit length.")
    dim: int = Field(description="Its length in numbers.")
    model: str = Field(description="The model that made it: embeddings of different models do not compare.")


class EmbeddingsResult(BaseModel):
    """The embeddings of several texts."""

    embeddings: list[list[float]] = Field(description="Vectors of unit length, in the order of the texts.")
    dim: int = Field(description="The length of each in numbers.")
    model: str = Field(description="The model that made them: embeddings of different models do not compare.")


class TagResult(BaseModel):
    """One tag."""

    label: str = Field(description="The label.")
    score: float = Field(ge=0, le=1, description="Its probability within its group.")
    group: str = Field(description="The group it belongs to: pet, fur, or custom for your own labels.")


class LabelGroup(BaseModel):
    """One group of labels that exclude each other."""

    name: str
    labels: list[str] = Field(description="What can be returned.")
    background: list[str] = Field(description="What competes with the labels and is never returned.")
    templates: list[str] = Field(description="The prompts; {} stands for a label's words.")
    parent: str | None = Field(description="The group this one depends on.")
    parent_labels: list[str] = Field(description="The labels of the parent it applies to.")


class Labels(BaseModel):
    """What this service tags."""

    digest: str = Field(description="SHA-256 of the labels: equal digests mean equal labels and prompts.")
    groups: list[LabelGroup]


class Health(BaseModel):
    """The service is up, with this model."""

    status: str = Field(default="ok", description="Always ok: a service that cannot tag does not start.")
    model: str = Field(description="Hub id or folder of the checkpoint.")
    revision: str = Field(description="Its commit on the hub; empty for a folder.")
    labels_digest: str
    version: str = Field(description="Version of the service.")
