"""The JSON bodies of requests and answers."""

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from function.tagging.options import MAX_CANDIDATE_LABELS, Text


class TagRequest(BaseModel):
    """An image with options, in the format of Hugging Face's zero-shot image classification."""

    SHAPE: ClassVar = '{"inputs": "<base64>", "parameters": {}}'
    model_config = ConfigDict(extra="forbid")

    inputs: str = Field(
        description="The image file as base64 or data: URL, or the s3:// URL of an image in the upload bucket.",
        examples=["iVBORw0KGgoAAAANSUhEUg=="],
    )
    parameters: dict[str, Any] | None = None  # `openapi.schemas` describes it


class UploadTarget(BaseModel):
    """A form that uploads one image."""

    url: str = Field(description="Post the form to this URL as multipart/form-data.")
    fields: dict[str, str] = Field(
        description="Fields of the form. Add `Content-Type` (an image type) and then `file` (the image) after them."
    )
    inputs: str = Field(description="Send this as `inputs` to `POST /tag` after the upload.")
    max_bytes: int = Field(description="Maximum size of the file.")
    expires_in_s: int = Field(description="The form is valid for this many seconds.")


class EmbedRequest(BaseModel):
    """The image or the texts to embed: one of the three fields."""

    SHAPE: ClassVar = '{"inputs": "<base64>"}, {"text": "..."} or {"texts": ["..."]}'
    model_config = ConfigDict(extra="forbid")

    inputs: str | None = Field(
        default=None,
        description="An image file as base64 or data: URL, or the s3:// URL of an image in the upload bucket.",
        examples=["iVBORw0KGgoAAAANSUhEUg=="],
    )
    text: Text | None = Field(default=None, description="One text.", examples=["a photo of a cat"])
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
            raise ValueError("send exactly one of inputs, text and texts")
        return self

    @property
    def all_texts(self) -> list[str]:
        """The texts to embed; empty if the request has an image."""
        return self.texts or ([self.text] if self.text else [])


class EmbeddingResult(BaseModel):
    """The embedding of one image or text."""

    embedding: list[float] = Field(description="A vector of unit length.")
    dim: int = Field(description="The number of dimensions.")
    model: str = Field(description="The model that made the embedding. Embeddings of different models do not compare.")


class EmbeddingsResult(BaseModel):
    """The embeddings of several texts."""

    embeddings: list[list[float]] = Field(description="Vectors of unit length, in the order of the texts.")
    dim: int = Field(description="The number of dimensions.")
    model: str = Field(description="The model that made the embeddings. Embeddings of different models do not compare.")


class TagResult(BaseModel):
    """One tag."""

    label: str = Field(description="The label.")
    score: float = Field(description="A probability from 0 to 1, or a logit if `function_to_apply` is `none`.")
    group: str = Field(description="The group of the label: pet, fur, or custom for your own labels.")
    of: str | None = Field(default=None, description="Fur types only: the pet that the fur type belongs to.")


class LabelGroup(BaseModel):
    """One group of labels that exclude each other."""

    name: str
    labels: list[str] = Field(description="The labels that can be returned.")
    background: list[str] = Field(
        description="Things in images without the labels. They compete and are never returned."
    )
    context: list[str] = Field(
        description="Things beside a label in images. They compete when they are alone, and are never returned."
    )
    templates: list[str] = Field(description="The prompts. {} stands for the label.")
    parent: str | None = Field(description="The group that this group depends on.")
    parent_labels: list[str] = Field(description="The labels of the parent group that this group applies to.")


class Labels(BaseModel):
    """The labels that this service tags."""

    digest: str = Field(description="SHA-256 of the labels and prompts. Equal digests mean equal labels and prompts.")
    groups: list[LabelGroup]


class Health(BaseModel):
    """The service is up and has loaded this model."""

    status: str = Field(default="ok", description="Always ok, because a service that cannot tag does not start.")
    model: str = Field(description="The checkpoint: its id on the Hugging Face hub, or its folder.")
    revision: str = Field(description="The commit of the checkpoint on the hub; empty for a folder.")
    labels_digest: str
    version: str = Field(description="The version of the service.")
