"""CLIP's vision tower on torch alone, written for one thing: few images, soon.

Computes what `transformers.CLIPVisionModelWithProjection` computes. It is faster because

- weights are reordered once, at load, into the blocks that oneDNN's matrix products read;
- bias, activation and residual are added while a product's result is still in cache;
- query, key and value are one product;
- QuickGELU, `x * sigmoid(1.702 x)`, is oneDNN's swish, 1.702 and its inverse folded into the two products around it;
- of the last layer only the class token is computed: nothing reads the others.

Where torch has no oneDNN for a product (other builds, other CPUs), the same steps run on plain torch.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from function.errors import CheckpointError

DtypeName = Literal["float32", "bfloat16", "auto"]

# Hendrycks & Gimpel, "Gaussian Error Linear Units", 2016, section 2: GELU(x) is about x * sigmoid(1.702 x).
_QUICK_GELU = 1.702


@dataclass(frozen=True)
class VisionConfig:
    """The shape of a vision tower, in the names of Hugging Face's `CLIPVisionConfig`.

    Raises CheckpointError for an activation that is not computed here.
    """

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    image_size: int
    patch_size: int
    projection_dim: int
    hidden_act: str
    layer_norm_eps: float

    def __post_init__(self) -> None:
        if self.hidden_act not in _ACTIVATIONS:
            raise CheckpointError(f"hidden_act {self.hidden_act!r} is not one of {', '.join(_ACTIVATIONS)}")


class ImageEncoder:
    """Images to unit vectors.

    `weights` are named and shaped as in `CLIPVisionModelWithProjection`; each is asked for once and copied.
    """

    def __init__(self, weights: Mapping[str, Tensor], config: VisionConfig, dtype: DtypeName = "float32") -> None:
        self.config = config
        self.dtype = _resolve(dtype)
        read = _Reader(weights, self.dtype)
        position = read.vector("vision_model.embeddings.position_embedding.weight")
        self._patch = _linear(read.matrix("vision_model.embeddings.patch_embedding.weight"), None)
        self._class_token = (read.vector("vision_model.embeddings.class_embedding") + position[0]).view(1, 1, -1)
        self._patch_positions = position[1:]
        self._pre_norm = _Norm(read, "vision_model.pre_layrnorm", config)
        names = [f"vision_model.encoder.layers.{i}." for i in range(config.num_hidden_layers)]
        self._layers = [_Layer(read, name, config) for name in names[:-1]]
        self._last_layer = _LastLayer(read, names[-1], config)
        self._post_norm = _Norm(read, "vision_model.post_layernorm", config)
        self._projection = _linear(read.matrix("visual_projection.weight"), None)

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
        positions = self._patch_positions.repeat(n, 1)
        embedded = self._patch(patches.reshape(n * grid * grid, -1), plus=positions)
        class_tokens = self._class_token.expand(n, 1, -1)
        return torch.cat([class_tokens, embedded.view(n, grid * grid, -1)], dim=1).flatten(0, 1)


class _Reader:
    """Reads weights in the encoder's arithmetic, one by one: there is never a second copy of all in memory.

    All matrices pass through one buffer. Copies made and freed between those that stay would leave holes in the heap:
    a tenth of the weights' size, for as long as the process lives.
    """

    def __init__(self, weights: Mapping[str, Tensor], dtype: torch.dtype) -> None:
        self._weights = weights
        self._buffer = torch.empty(0, dtype=dtype)

    def vector(self, name: str) -> Tensor:
        """Return a copy of a small weight, of whatever shape."""
        return self._weights[name].to(self._buffer.dtype, copy=True)

    def matrix(self, *names: str, times: float = 1.0) -> Tensor:
        """Return matrices one below the other, multiplied by `times`; the next call overwrites what this one returns.

        A convolution kernel, (out, in, height, width), counts as a matrix of shape (out, in * height * width).
        """
        parts = [self._weights[name].flatten(1) for name in names]
        rows, columns = sum(len(part) for part in parts), parts[0].shape[1]
        if self._buffer.numel() < rows * columns:
            self._buffer = self._buffer.new_empty(rows * columns)
        stacked = self._buffer[: rows * columns].view(rows, columns)
        start = 0
        for part in parts:
            stacked[start : start + len(part)].copy_(part)
            start += len(part)
        return stacked if times == 1.0 else stacked.mul_(times)


class _Norm:
    """Layer normalisation over the last axis."""

    def __init__(self, read: _Reader, name: str, config: VisionConfig) -> None:
        self._weight, self._bias = read.vector(f"{name}.weight"), read.vector(f"{name}.bias")
        self._eps = config.layer_norm_eps

    def __call__(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, self._weight.shape, self._weight, self._bias, self._eps)


class _Mlp:
    """The feed-forward block of one layer, added to its residual."""

    def __init__(self, read: _Reader, name: str, config: VisionConfig) -> None:
        before, self._activation = _ACTIVATIONS[config.hidden_act]
        self._up = _linear(read.matrix(f"{name}fc1.weight", times=before), read.vector(f"{name}fc1.bias") * before)
        self._down = _linear(read.matrix(f"{name}fc2.weight", times=1 / before), read.vector(f"{name}fc2.bias"))

    def __call__(self, x: Tensor, residual: Tensor) -> Tensor:
        return self._down(self._up(x, then=self._activation), plus=residual)


class _Layer:
    """One transformer layer over all tokens."""

    def __init__(self, read: _Reader, name: str, config: VisionConfig) -> None:
        self._heads = config.num_attention_heads
        self._norm1 = _Norm(read, f"{name}layer_norm1", config)
        self._norm2 = _Norm(read, f"{name}layer_norm2", config)
        self._qkv = _projections(read, f"{name}self_attn.", "qkv")
        self._out = _projections(read, f"{name}self_attn.", ["out"])
        self._mlp = _Mlp(read, f"{name}mlp.", config)

    def __call__(self, x: Tensor, n: int) -> Tensor:
        qkv = self._qkv(self._norm1(x)).view(n, -1, 3, self._heads, x.shape[1] // self._heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (n, heads, tokens, head_dim)
        x = self._out(_attend(q, k, v), plus=x)
        return self._mlp(self._norm2(x), residual=x)


class _LastLayer:
    """The last transformer layer, of which only the class token is wanted."""

    def __init__(self, read: _Reader, name: str, config: VisionConfig) -> None:
        self._heads = config.num_attention_heads
        self._norm1 = _Norm(read, f"{name}layer_norm1", config)
        self._norm2 = _Norm(read, f"{name}layer_norm2", config)
        self._q = _projections(read, f"{name}self_attn.", "q")
        self._kv = _projections(read, f"{name}self_attn.", "kv")
        self._out = _projections(read, f"{name}self_attn.", ["out"])
        self._mlp = _Mlp(read, f"{name}mlp.", config)

    def __call__(self, x: Tensor, n: int) -> Tensor:
        head_dim = x.shape[1] // self._heads
        normed = self._norm1(x)
        q = self._q(_class_tokens(normed, n)).view(n, 1, self._heads, head_dim).transpose(1, 2)
        k, v = self._kv(normed).view(n, -1, 2, self._heads, head_dim).permute(2, 0, 3, 1, 4)
        x = self._out(_attend(q, k, v), plus=_class_tokens(x, n))
        return self._mlp(self._norm2(x), residual=x)


def _class_tokens(x: Tensor, n: int) -> Tensor:
    """Return the first token of each image: (n * tokens, hidden_size) -> (n, hidden_size)."""
    return x.view(n, -1, x.shape[1])[:, 0].contiguous()


def _attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Return scaled dot-product attention with the heads side by side, (n * queries, hidden_size)."""
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2).flatten(0, 1)


class _PlainLinear:
    """`activation(x W^T + b) + residual` on plain torch."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self._weight, self._bias = weight.clone(), bias

    def __call__(self, x: Tensor, then: str = "none", plus: Tensor | None = None) -> Tensor:
        y = _PLAIN_ACTIVATIONS[then](F.linear(x, self._weight, self._bias))
        return y if plus is None else y.add_(plus)


class _PackedLinear:
    """The same on oneDNN, the weight reordered once and everything after the product fused into it."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self._weight, self._bias = torch.ops.mkldnn._reorder_linear_weight(weight), bias

    def __call__(self, x: Tensor, then: str = "none", plus: Tensor | None = None) -> Tensor:
        product = torch.ops.mkldnn._linear_pointwise
        if plus is not None:
            return product.binary(x, plus, self._weight, self._bias, "add")  # type: ignore[no-any-return]
        algorithm = "none" if then == "gelu" else ""  # the exact GELU, not its tanh approximation
        return product(x, self._weight, self._bias, then, [], algorithm)  # type: ignore[no-any-return]


_Linear = _PlainLinear | _PackedLinear
# Each activation: the factor folded into the product before it (and out of the one after), and its name to oneDNN.
_ACTIVATIONS = {"quick_gelu": (_QUICK_GELU, "swish"), "gelu": (1.0, "gelu")}
_PLAIN_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"none": lambda x: x, "swish": F.silu, "gelu": F.gelu}


def _linear(weight: Tensor, bias: Tensor | None) -> _Linear:
    """Return the fastest linear layer that this build of torch can run on this CPU; it copies the weight."""
    return (_PackedLinear if _has_packed_linear(weight.dtype) else _PlainLinear)(weight, bias)


def _projections(read: _Reader, name: str, which: Sequence[str]) -> _Linear:
    """Return the attention projections `which`, of q, k, v and out, as one product."""
    weight = read.matrix(*(f"{name}{each}_proj.weight" for each in which))
    return _linear(weight, torch.cat([read.vector(f"{name}{each}_proj.bias") for each in which]))


@cache
def _has_packed_linear(dtype: torch.dtype) -> bool:
    """Return whether `_PackedLinear` works here: by trying, for builds differ in more than they declare."""
    x = torch.ones(2, 16, dtype=dtype)
    try:
        linear = _PackedLinear(torch.ones(16, 16, dtype=dtype), torch.ones(16, dtype=dtype))
        return bool((linear(x) == 17).all() and (linear(x, plus=x) == 18).all())
    except (AttributeError, RuntimeError):
        return False


def _resolve(dtype: DtypeName) -> torch.dtype:
    """Return the torch type; auto is bfloat16 only with matrix tiles (AMX), without which float32 is as fast."""
    if dtype == "auto":
        return torch.bfloat16 if torch.cpu._is_amx_tile_supported() else torch.float32
    return torch.bfloat16 if dtype == "bfloat16" else torch.float32
