"""The tagger: image bytes in, ranked tags out. What every entry point of the service shares."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Self

import torch
from PIL import Image
from torch import Tensor

from function.clip.checkpoint import TEXT, BakedModel, Manifest
from function.clip.image_encoder import DtypeName, ImageEncoder
from function.clip.preprocess import DecodedImage, Preprocess
from function.clip.text_encoder import TextEncoder
from function.clip.threads import ComputeThread, available_cpus
from function.tagging.bank import LabelBank
from function.tagging.clock import Clock
from function.tagging.prompts import prompt
from function.tagging.scoring import Tag, custom_scores, label_scores, rank

# Hugging Face's own defaults for zero-shot image classification are this template, and to return every label.
DEFAULT_HYPOTHESIS_TEMPLATE = "This is a photo of {}."
# What is not worth telling: with nine pets and a background, below this it is noise.
DEFAULT_MIN_SCORE = 0.01


@dataclass(frozen=True)
class TagOptions:
    """What a caller may choose; `min_score` None means 0.01, or 0 for the caller's own labels."""

    candidate_labels: tuple[str, ...] = ()
    hypothesis_template: str = DEFAULT_HYPOTHESIS_TEMPLATE
    top_k: int | None = None
    min_score: float | None = None


@dataclass(frozen=True)
class Tagging:
    """The answer for one image: tags best first, what the image was, and milliseconds by phase."""

    tags: list[Tag]
    image: DecodedImage
    milliseconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Embedding:
    """Unit vectors, shape (1, dim) for an image or (texts, dim), and milliseconds by phase; `image` if it was one."""

    vectors: Tensor
    image: DecodedImage | None = None
    milliseconds: dict[str, float] = field(default_factory=dict)


class Tagger:
    """One loaded model with its labels. Safe to call from several threads: one image is encoded at a time."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of a model, put together in `load` alone
        self,
        manifest: Manifest,
        preprocess: Preprocess,
        encode_image: Callable[[Tensor], Tensor],
        encode_texts: TextEncoder,
        bank: LabelBank,
        max_pixels: int,
        compute: ComputeThread,
    ) -> None:
        self.manifest, self.bank = manifest, bank
        self._preprocess, self._max_pixels = preprocess, max_pixels
        self._encode_image, self._encode_texts = encode_image, encode_texts
        self._compute = compute

    @classmethod
    def load(cls, model_dir: Path, dtype: DtypeName, max_pixels: int) -> Self:
        """Load the baked model folder `model_dir` and tag one blank picture, so that the first request is not slower.

        Raises CheckpointError if the folder is not one, or does not fit.
        """
        compute = ComputeThread()
        model = BakedModel.open(model_dir)
        manifest = model.manifest
        encoder = ImageEncoder(model.vision_weights(), manifest.vision, dtype, threads=available_cpus())
        bank = LabelBank.load(model_dir, manifest.labels_digest, manifest.vision.projection_dim)
        tagger = cls(manifest, model.preprocess, encoder, TextEncoder(model_dir / TEXT), bank, max_pixels, compute)
        tagger.tag(_blank_jpeg(2 * model.preprocess.shortest_edge))
        return tagger

    def tag(self, data: bytes, options: TagOptions = TagOptions()) -> Tagging:
        """Tag one image file.

        Raises the errors of `Preprocess` if it does not decode.
        """
        clock = Clock()
        image, embedding = self._embed(data, clock)
        scored = self._score(embedding, options, clock)
        min_score = options.min_score
        if min_score is None:
            min_score = 0.0 if options.candidate_labels else DEFAULT_MIN_SCORE
        tags = rank(scored, options.top_k, min_score)
        clock.lap("score")
        return Tagging(tags, image, clock.milliseconds)

    def decode(self, data: bytes) -> DecodedImage:
        """Return one image file ready for `tag_images`, from whichever thread.

        Raises the errors of `Preprocess` if it does not decode.
        """
        return self._preprocess(data, self._max_pixels)

    def tag_images(self, images: Sequence[DecodedImage]) -> list[list[Tag]]:
        """Return the tags of each image, best first, as `tag` gives them; all are encoded at once, at least one."""
        pixels = torch.stack([image.pixels for image in images])
        embeddings = self._compute(self._encode_image, pixels)
        scored = [label_scores(embedding, self.bank, self.manifest.logit_scale) for embedding in embeddings]
        return [rank(tags, top_k=None, min_score=DEFAULT_MIN_SCORE) for tags in scored]

    def embed_image(self, data: bytes) -> Embedding:
        """Return the embedding of one image file.

        Raises the errors of `Preprocess` if it does not decode.
        """
        clock = Clock()
        image, embedding = self._embed(data, clock)
        return Embedding(embedding.unsqueeze(0), image, clock.milliseconds)

    def embed_texts(self, texts: Sequence[str]) -> Embedding:
        """Return the embeddings of `texts`, in their order; each is cut at the end of the model's context."""
        clock = Clock()
        return Embedding(self._embed_texts(texts, clock), milliseconds=clock.milliseconds)

    def _embed(self, data: bytes, clock: Clock) -> tuple[DecodedImage, Tensor]:
        """Return one image, decoded, and its embedding, (dim,); time decode, wait and encode."""
        image = self._preprocess(data, self._max_pixels)
        clock.lap("decode")
        embedding, encode_ms = self._compute(self._encode, image.pixels)
        clock.lap("wait")
        clock.milliseconds |= {"encode": encode_ms, "wait": clock.milliseconds["wait"] - encode_ms}
        return image, embedding

    def _embed_texts(self, texts: Sequence[str], clock: Clock) -> Tensor:
        """Return the embeddings of `texts`, (len(texts), dim); time text and, if the tower was not there yet, load."""
        if not self._encode_texts.is_loaded:
            self._encode_texts.load()
            clock.lap("load")
        embeddings = self._compute(self._encode_texts, texts)
        clock.lap("text")
        return embeddings

    def _encode(self, pixels: Tensor) -> tuple[Tensor, float]:
        """Return the embedding of one image, (dim,), and the milliseconds it took, without the wait for its turn."""
        clock = Clock()
        embedding = self._encode_image(pixels.unsqueeze(0))[0]
        clock.lap("encode")
        return embedding, clock.milliseconds["encode"]

    def _score(self, embedding: Tensor, options: TagOptions, clock: Clock) -> list[Tag]:
        """Return every label with its score, unordered; embeds the caller's own labels if there are any."""
        if not options.candidate_labels:
            return label_scores(embedding, self.bank, self.manifest.logit_scale)
        texts = [prompt(label, options.hypothesis_template) for label in options.candidate_labels]
        text_embeddings = self._embed_texts(texts, clock)
        return custom_scores(embedding, options.candidate_labels, text_embeddings, self.manifest.logit_scale)


def _blank_jpeg(side: int) -> bytes:
    """Return a JPEG of one colour: decoding it touches what every photo will."""
    file = BytesIO()
    Image.new("RGB", (side, side), "white").save(file, "JPEG")
    return file.getvalue()
