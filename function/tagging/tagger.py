"""The tagger: image bytes in, ranked tags out. All entry points share it."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Self

from PIL import Image
from torch import Tensor

from function.clip.image_encoder import DtypeName, ImageEncoder
from function.clip.inference_thread import available_cpus, inference_thread
from function.clip.normalise import Normalise
from function.clip.text_encoder import TextEncoder
from function.errors import InvalidOption
from function.images.preprocess import PreparedImage, preprocess
from function.model.baked_folder import TOKENIZER, BakedModel
from function.tagging.bank import LabelBank
from function.tagging.options import DEFAULT_MIN_SCORE, TagOptions
from function.tagging.scoring import Tag, custom_scores, label_scores, rank
from function.tagging.stopwatch import Stopwatch

_DEFAULTS = TagOptions()


@dataclass(frozen=True)
class Tagging:
    """The answer for one image: tags, best first; the image; milliseconds by phase."""

    tags: list[Tag]
    image: PreparedImage
    milliseconds: dict[str, float]


@dataclass(frozen=True)
class Embedding:
    """Unit vectors, shape (1, dim) for an image or (texts, dim); the image, if it was one; milliseconds by phase."""

    vectors: Tensor
    image: PreparedImage | None
    milliseconds: dict[str, float]


class Tagger:
    """One loaded model with its labels.

    Safe to call from several threads. The calling thread decodes; all of torch runs on one inference thread, so images
    are encoded one after the other.
    """

    def __init__(self, model: BakedModel, dtype: DtypeName, max_pixels: int, inference: Executor) -> None:
        """Load the weights and encode one blank image, so that the first request is not slower; call on `inference`.

        Raises CheckpointError if the folder does not fit.
        """
        self.manifest, self._preprocess_config = model.manifest, model.preprocess
        self._max_pixels, self._inference = max_pixels, inference
        vision = model.manifest.vision
        self._normalise = Normalise(model.preprocess)
        cpus = available_cpus()
        self._encode_image: Callable[[Tensor], Tensor] = ImageEncoder(
            model.vision_weights(), vision, dtype, threads=cpus
        )
        self._encode_texts = TextEncoder(
            model.text_weights(), model.folder / TOKENIZER, model.manifest.text, threads=cpus
        )
        self.bank = LabelBank.load(
            model.folder, model.manifest.labels_digest, vision.projection_dim, model.manifest.temperatures
        )
        blank = self.decode(_blank_jpeg(2 * model.preprocess.shortest_edge))
        rank(self._label_scores(self._encode([blank])[0]), None, DEFAULT_MIN_SCORE)

    @classmethod
    def load(cls, model_dir: Path, dtype: DtypeName, max_pixels: int) -> Self:
        """Return the tagger for the baked folder `model_dir`.

        Raises CheckpointError if it is not a baked folder, or does not fit.
        """
        return cls.load_in_background(model_dir, dtype, max_pixels).result()

    @classmethod
    def load_in_background(cls, model_dir: Path, dtype: DtypeName, max_pixels: int) -> Future[Self]:
        """Start to load the baked folder `model_dir` on the inference thread; return the future of the tagger.

        The result raises CheckpointError if it is not a baked folder, or does not fit.
        """
        inference = inference_thread()
        return inference.submit(lambda: cls(BakedModel.open(model_dir), dtype, max_pixels, inference))

    def tag(self, data: bytes, options: TagOptions = _DEFAULTS) -> Tagging:
        """Tag one image file. Raises the errors of `preprocess` if it does not decode."""
        stopwatch = Stopwatch()
        image = self.decode(data)
        stopwatch.lap("decode")
        tags = self._inference.submit(self._tag, image, options, stopwatch).result()
        return Tagging(tags, image, stopwatch.milliseconds)

    def decode(self, data: bytes) -> PreparedImage:
        """Return one image file ready for `tag_images`. Raises the errors of `preprocess` if it does not decode."""
        return preprocess(data, self._preprocess_config, self._max_pixels)

    def tag_images(self, images: Sequence[PreparedImage]) -> list[list[Tag]]:
        """Return the tags of each image, best first, as `tag` gives them. At least one image; all are one batch."""

        def run() -> list[list[Tag]]:
            return [rank(self._label_scores(each), None, DEFAULT_MIN_SCORE) for each in self._encode(images)]

        return self._inference.submit(run).result()

    def embed_image(self, data: bytes) -> Embedding:
        """Return the embedding of one image file. Raises the errors of `preprocess` if it does not decode."""
        stopwatch = Stopwatch()
        image = self.decode(data)
        stopwatch.lap("decode")

        def run() -> Tensor:
            stopwatch.lap("wait")
            vectors = self._encode([image])
            stopwatch.lap("encode")
            return vectors

        return Embedding(self._inference.submit(run).result(), image, stopwatch.milliseconds)

    def embed_texts(self, texts: Sequence[str]) -> Embedding:
        """Return the embeddings of `texts`, in their order.

        Raises InvalidOption if a text is longer than the model's context.
        """
        stopwatch = Stopwatch()

        def run() -> Tensor:
            self._check_lengths([f"Text {number}" for number in range(1, len(texts) + 1)], texts, stopwatch)
            return self._embed_texts(texts, stopwatch)

        return Embedding(self._inference.submit(run).result(), None, stopwatch.milliseconds)

    def check_labels(self, options: TagOptions) -> None:
        """Load the text encoder if `options` has labels, and raise InvalidOption if one of them is too long."""
        self._inference.submit(self._prompts, options, Stopwatch()).result()

    def load_text_encoder(self) -> None:
        """Load the text encoder now instead of with the first text."""
        self._inference.submit(self._encode_texts.load).result()

    def renew_inference_thread(self) -> None:
        """Replace the inference thread by one that uses as many CPUs as there are now."""
        self._inference.shutdown(wait=False)
        self._inference = inference_thread()

    # Methods below run on the inference thread.

    def _tag(self, image: PreparedImage, options: TagOptions, stopwatch: Stopwatch) -> list[Tag]:
        """Return the ranked tags of one image; record the phases wait, encode, score and those of own labels."""
        stopwatch.lap("wait")
        prompts = self._prompts(options, stopwatch)
        embedding = self._encode([image])[0]
        stopwatch.lap("encode")
        if options.candidate_labels:
            text_embeddings, scale = self._embed_texts(prompts, stopwatch), self.manifest.logit_scale
            labels = options.candidate_labels
            tags = custom_scores(embedding, labels, text_embeddings, scale, as_logits=options.as_logits)
        else:
            tags = self._label_scores(embedding, options)
        ranked = rank(tags, options.top_k, options.effective_min_score, by_group=options.as_logits)
        stopwatch.lap("score")
        return ranked

    def _prompts(self, options: TagOptions, stopwatch: Stopwatch) -> list[str]:
        """Return the prompts of the request's own labels, and of the labels that compete with them.

        Raises InvalidOption if a prompt is longer than the model's context.
        """
        prompts = options.prompts
        if prompts:
            names = [f"The prompt of label {label!r}" for label in options.competing_labels]
            self._check_lengths(names, prompts, stopwatch)
        return prompts

    def _check_lengths(self, names: Sequence[str], texts: Sequence[str], stopwatch: Stopwatch) -> None:
        """Raise InvalidOption with the name of the first text that is longer than the model's context."""
        self._load_text_encoder(stopwatch)
        limit = self.manifest.text.max_position_embeddings
        for name, tokens in zip(names, self._encode_texts.count_tokens(texts), strict=True):
            if tokens > limit:
                raise InvalidOption(f"{name} has {tokens} tokens. This model reads at most {limit}.")

    def _encode(self, images: Sequence[PreparedImage]) -> Tensor:
        """Return the embeddings of images, shape (n, dim)."""
        return self._encode_image(self._normalise([image.planes for image in images]))

    def _label_scores(self, embedding: Tensor, options: TagOptions = _DEFAULTS) -> list[Tag]:
        """Return the built-in labels with their scores for one image embedding."""
        scale, background = self.manifest.logit_scale, options.background
        return label_scores(embedding, self.bank, scale, background=background, as_logits=options.as_logits)

    def _load_text_encoder(self, stopwatch: Stopwatch) -> None:
        """Load the text encoder on first use, and record the phase load."""
        if not self._encode_texts.is_loaded:
            self._encode_texts.load()
            stopwatch.lap("load")

    def _embed_texts(self, texts: Sequence[str], stopwatch: Stopwatch) -> Tensor:
        """Return text embeddings, shape (len(texts), dim); record the phases text and, on first use, load."""
        self._load_text_encoder(stopwatch)
        embeddings = self._encode_texts(texts)
        stopwatch.lap("text")
        return embeddings


def _blank_jpeg(side: int) -> bytes:
    """Return a JPEG of one colour: decoding it touches what every photo will."""
    file = BytesIO()
    Image.new("RGB", (side, side), "white").save(file, "JPEG")
    return file.getvalue()
