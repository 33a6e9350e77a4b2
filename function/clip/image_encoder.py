"""CLIP's vision tower on torch alone, built to encode few images quickly.

Computes what `transformers.CLIPVisionModelWithProjection` computes. It is faster because

- weights are reordered once, at load, into the blocks that oneDNN's matrix products read;
- bias, activation and residual are added while a product's result is still in the cache;
- query, key and value are one product;
- the last layer computes only the class token, and no keys or values (`transformer.py`).
"""

from collections.abc import Mapping
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from function.clip.linear import linear, linear_add
from function.clip.transformer import Group, Transformer, layer_norm
from function.clip.weight_reader import WeightReader
from function.model.config import VisionConfig

DtypeName = Literal["float32", "bfloat16", "auto"]
_CLASS_TOKEN = 0


class ImageEncoder:
    """Images to unit vectors.

    `weights` have the names and shapes of `CLIPVisionModelWithProjection`. Each weight is read once and copied, by up
    to `threads` threads at a time.
    """

    def __init__(
        self, weights: Mapping[str, Tensor], config: VisionConfig, dtype: DtypeName = "float32", threads: int = 1
    ) -> None:
        self.config = config
        self.dtype = _resolve(dtype)
        read = WeightReader(weights, self.dtype)
        position = read.copy("vision_model.embeddings.position_embedding.weight")
        # A reader of its own, whose buffer is freed before the threads of the transformer make theirs.
        patch = WeightReader(weights, self.dtype).matrix("vision_model.embeddings.patch_embedding.weight")
        self._patch = linear_add(patch, torch.zeros(config.hidden_size, dtype=self.dtype))
        del patch
        self._class_token = (read.copy("vision_model.embeddings.class_embedding") + position[0]).view(1, 1, -1)
        self._patch_positions = position[1:]
        self._pre_norm = layer_norm(read, "vision_model.pre_layrnorm", config)
        self._transformer = Transformer(read, "vision_model.", config, token=_CLASS_TOKEN, threads=threads)
        self._post_norm = layer_norm(read, "vision_model.post_layernorm", config)
        self._projection = linear(read.matrix("visual_projection.weight"), None)

    @torch.inference_mode()
    def __call__(self, pixels: Tensor) -> Tensor:
        """Return the image embeddings, unit length, shape (n, projection_dim), float32.

        `pixels` has shape (n, 3, image_size, image_size), normalised as the checkpoint's preprocessing does.
        """
        n = len(pixels)
        tokens = self._pre_norm(self._embed(pixels.to(self.dtype)))  # (n * tokens, hidden)
        class_tokens = self._transformer(tokens, [Group(n, len(tokens) // n)])
        features = self._projection(self._post_norm(class_tokens))  # (n, projection_dim)
        return F.normalize(features.float(), dim=-1)

    def _embed(self, pixels: Tensor) -> Tensor:
        """Return class token and patch embeddings with their positions, (n * tokens, hidden_size)."""
        n, side, patch = len(pixels), self.config.image_size, self.config.patch_size
        grid = side // patch
        covered = pixels[..., : grid * patch, : grid * patch]
        patches = covered.reshape(n, 3, grid, patch, grid, patch).permute(0, 2, 4, 1, 3, 5)
        embedded = self._patch(patches.reshape(n * grid * grid, -1), self._patch_positions.repeat(n, 1))
        class_tokens = self._class_token.expand(n, 1, -1)
        return torch.cat([class_tokens, embedded.view(n, grid * grid, -1)], dim=1).flatten(0, 1)


def _resolve(dtype: DtypeName) -> torch.dtype:
    """Return the torch type; auto is bfloat16 if the CPU multiplies it (AVX-512 BF16; CPUs with AMX have it too)."""
    if dtype == "auto":
        return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32
    return torch.bfloat16 if dtype == "bfloat16" else torch.float32
