"""CLIP's vision tower on torch alone, written for one thing: few images, soon.

Computes what `transformers.CLIPVisionModelWithProjection` computes. It is faster because

- weights are reordered once, at load, into the blocks that oneDNN's matrix products read;
- bias, activation and residual are added while a product's result is still in cache;
- query, key and value are one product;
- QuickGELU, `x * sigmoid(1.702 x)`, is swish, `x * sigmoid(x)`, 1.702 and its inverse folded into what is around it;
- of the last layer only the class token is computed, and no keys and values: nothing reads the others.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from function.clip.linear import Linear, LinearAdd, linear, linear_add
from function.clip.weight_reader import Matrix, WeightReader
from function.model.config import VisionConfig

DtypeName = Literal["float32", "bfloat16", "auto"]

# Hendrycks & Gimpel, "Gaussian Error Linear Units", 2016, section 2: GELU(x) is about x * sigmoid(1.702 x).
_QUICK_GELU = 1.702
# Each activation: the factor folded into what comes before it (and out of what comes after), and its name to oneDNN.
_ACTIVATIONS = {"quick_gelu": (_QUICK_GELU, "swish"), "gelu": (1.0, "gelu")}


class ImageEncoder:
    """Images to unit vectors.

    `weights` are named and shaped as in `CLIPVisionModelWithProjection`; each is asked for once and copied, by up to
    `threads` threads at a time, a layer each.
    """

    def __init__(
        self, weights: Mapping[str, Tensor], config: VisionConfig, dtype: DtypeName = "float32", threads: int = 1
    ) -> None:
        self.config = config
        self.dtype = _resolve(dtype)
        read = WeightReader(weights, self.dtype)
        position = read.copy("vision_model.embeddings.position_embedding.weight")
        patch = read.matrix("vision_model.embeddings.patch_embedding.weight")
        self._patch = linear_add(patch, torch.zeros(config.hidden_size, dtype=self.dtype))
        self._class_token = (read.copy("vision_model.embeddings.class_embedding") + position[0]).view(1, 1, -1)
        self._patch_positions = position[1:]
        self._pre_norm = _norm(read, "vision_model.pre_layrnorm", config)
        names = [f"vision_model.encoder.layers.{i}." for i in range(config.num_hidden_layers)]
        with _packing_threads(threads) as pool:
            layers = [pool.submit(_Layer, read, name, config) for name in names[:-1]]
            last_layer = pool.submit(_LastLayer, read, names[-1], config)
            self._layers, self._last_layer = [layer.result() for layer in layers], last_layer.result()
        self._post_norm = _norm(read, "vision_model.post_layernorm", config)
        self._projection = linear(read.matrix("visual_projection.weight"), None)

    @torch.inference_mode()
    def __call__(self, pixels: Tensor) -> Tensor:
        """Return the image embeddings, unit length, shape (n, projection_dim), float32.

        `pixels` has shape (n, 3, image_size, image_size), normalised as the checkpoint's preprocessing does.
        """
        n = len(pixels)
        tokens = self._pre_norm(self._embed(pixels.to(self.dtype)))  # (n * tokens, hidden)
        for layer in self._layers:
            tokens = layer(tokens, n)
        features = self._projection(self._post_norm(self._last_layer(tokens, n)))  # (n, projection_dim)
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


class _Layer:
    """One transformer layer over all tokens."""

    def __init__(self, read: WeightReader, name: str, config: VisionConfig) -> None:
        self._heads, self._scale = config.num_attention_heads, config.query_scale
        self._norm1 = _norm(read, f"{name}layer_norm1", config)
        self._qkv = linear(*_projections(read, f"{name}self_attn.", "qkv"))
        self._out = linear_add(*_projections(read, f"{name}self_attn.", ["out"]))
        self._norm2, self._up, self._down = _mlp(read, name, config)

    def __call__(self, x: Tensor, n: int) -> Tensor:
        qkv = self._qkv(self._norm1(x)).view(n, -1, 3, self._heads, x.shape[1] // self._heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).flatten(1, 2)  # each (n * heads, tokens, head_dim)
        x = self._out(_attend(q, k, v, self._scale, n), x)
        return self._down(self._up(self._norm2(x)), x)


class _LastLayer:
    """The last transformer layer, of which only the class token is wanted.

    It alone asks, so keys and values of all tokens need not be computed. A score is q . (W_k x) = (W_k^T q) . x, each
    head's mean of values W_v (mean of x): products with one row an image instead of one a token. The keys' bias
    adds the same to all scores of a head, which softmax takes away again; the values' comes through whole.
    """

    def __init__(self, read: WeightReader, name: str, config: VisionConfig) -> None:
        self._heads = config.num_attention_heads
        self._norm1 = _norm(read, f"{name}layer_norm1", config)
        self._q = linear(*_projections(read, f"{name}self_attn.", "q"))
        self._k = self._by_head(read.copy(f"{name}self_attn.k_proj.weight").mul_(config.query_scale))
        values = self._by_head(read.copy(f"{name}self_attn.v_proj.weight")).transpose(1, 2)
        self._v = values.clone(memory_format=torch.contiguous_format)
        self._v_bias = read.copy(f"{name}self_attn.v_proj.bias")
        self._out = linear_add(*_projections(read, f"{name}self_attn.", ["out"]))
        self._norm2, self._up, self._down = _mlp(read, name, config)

    def __call__(self, x: Tensor, n: int) -> Tensor:
        normed = self._norm1(x)
        tokens = normed.view(n, -1, x.shape[1])
        q = self._q(_class_tokens(normed, n)).view(n, self._heads, -1).transpose(0, 1)
        queries = (q @ self._k).transpose(0, 1)  # (n, heads, hidden)
        weights = (queries @ tokens.transpose(1, 2)).softmax(-1)  # (n, heads, tokens)
        means = (weights @ tokens).transpose(0, 1)  # (heads, n, hidden)
        attended = (means @ self._v).transpose(0, 1).flatten(1) + self._v_bias  # (n, hidden)
        x = self._out(attended, _class_tokens(x, n))
        return self._down(self._up(self._norm2(x)), x)

    def _by_head(self, weight: Tensor) -> Tensor:
        """Return a projection's matrix as one for each head, (heads, head_dim, hidden)."""
        return weight.view(self._heads, -1, weight.shape[1])


def _packing_threads(count: int) -> ThreadPoolExecutor:
    """Return threads that each use one CPU, to pack one layer each."""
    return ThreadPoolExecutor(count, thread_name_prefix="pack", initializer=torch.set_num_threads, initargs=(1,))


def _class_tokens(x: Tensor, n: int) -> Tensor:
    """Return the first token of each image: (n * tokens, hidden_size) -> (n, hidden_size)."""
    return x.view(n, -1, x.shape[1])[:, 0].contiguous()


def _attend(q: Tensor, k: Tensor, v: Tensor, scale: float, n: int) -> Tensor:
    """Return attention of (n * heads, tokens, head_dim), the heads side by side: (n * tokens, hidden_size).

    So few tokens are sooner done as two products and a softmax than by torch's fused kernel.
    """
    scores = torch.baddbmm(q.new_empty(1), q, k.transpose(1, 2), beta=0, alpha=scale)  # beta=0: what is added is unread
    attended = torch.bmm(scores.softmax(-1), v)
    return attended.view(n, -1, *attended.shape[1:]).transpose(1, 2).flatten(2).flatten(0, 1)


def _norm(read: WeightReader, name: str, config: VisionConfig, times: float = 1.0) -> Callable[[Tensor], Tensor]:
    """Return layer normalisation over the last axis, multiplied by `times`."""
    weight, bias = read.copy(f"{name}.weight").mul_(times), read.copy(f"{name}.bias").mul_(times)
    shape, eps = weight.shape, config.layer_norm_eps
    return lambda x: torch.layer_norm(x, shape, weight, bias, eps)


def _mlp(read: WeightReader, name: str, config: VisionConfig) -> tuple[Callable[[Tensor], Tensor], Linear, LinearAdd]:
    """Return the feed-forward block: norm, product with activation, product with residual."""
    times, activation = _ACTIVATIONS[config.hidden_act]
    norm = _norm(read, f"{name}layer_norm2", config, times)
    up = linear(read.matrix(f"{name}mlp.fc1.weight"), read.copy(f"{name}mlp.fc1.bias").mul_(times), activation)
    down = linear_add(read.matrix(f"{name}mlp.fc2.weight"), read.copy(f"{name}mlp.fc2.bias"), times=1 / times)
    return norm, up, down


def _projections(read: WeightReader, name: str, which: Sequence[str]) -> tuple[Matrix, Tensor]:
    """Return weight and bias of the attention projections `which`, of q, k, v and out."""
    weight = read.matrix(*(f"{name}{each}_proj.weight" for each in which))
    return weight, torch.cat([read.copy(f"{name}{each}_proj.bias") for each in which])


def _resolve(dtype: DtypeName) -> torch.dtype:
    """Return the torch type; auto is bfloat16 where the CPU multiplies it (AVX-512 BF16; all with AMX have that)."""
    if dtype == "auto":
        return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32
    return torch.bfloat16 if dtype == "bfloat16" else torch.float32
