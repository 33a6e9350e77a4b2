"""The transformer that both towers of CLIP share. Each tower uses a single token of its output.

Sequences may have different lengths. Their tokens are the rows of one tensor, without padding, so a linear layer is one
product for all of them. Only attention computes sequences apart, all those of one length together.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from function.clip.linear import linear, linear_add
from function.clip.weight_reader import Matrix, WeightReader
from function.model.config import TowerConfig

# Hendrycks & Gimpel, "Gaussian Error Linear Units", 2016, section 2: GELU(x) is about x * sigmoid(1.702 x). This is
# swish, x * sigmoid(x), with 1.702 multiplied into the layer before it and divided out of the layer after it.
_QUICK_GELU = 1.702
# For each activation: that factor, and the name of the operation that is left.
_ACTIVATIONS = {"quick_gelu": (_QUICK_GELU, "swish"), "gelu": (1.0, "gelu")}


@dataclass(frozen=True)
class Group:
    """`count` sequences with `length` tokens each, one after the other in the rows of a tensor.

    `mask` is added to the attention scores, shape (length, length). None if each token attends to all tokens.
    """

    count: int
    length: int
    mask: Tensor | None = None


class Transformer:
    """All layers of a tower. Returns token number `token` of each sequence, because CLIP uses no other token.

    `name` is the start of the weights' names, such as "text_model.". `threads` threads read one layer each.
    """

    def __init__(self, read: WeightReader, name: str, config: TowerConfig, token: int, threads: int) -> None:
        names = [f"{name}encoder.layers.{i}." for i in range(config.num_hidden_layers)]
        with _packing_threads(threads) as pool:
            layers = [pool.submit(_Layer, read, each, config) for each in names[:-1]]
            last_layer = pool.submit(_LastLayer, read, names[-1], config, token)
            self._layers, self._last_layer = [layer.result() for layer in layers], last_layer.result()

    def __call__(self, x: Tensor, groups: Sequence[Group]) -> Tensor:
        """Return one token of each sequence, (sequences, hidden_size); `x` has shape (all tokens, hidden_size)."""
        for layer in self._layers:
            x = layer(x, groups)
        return self._last_layer(x, groups)


class _Layer:
    """One transformer layer over all tokens."""

    def __init__(self, read: WeightReader, name: str, config: TowerConfig) -> None:
        self._heads, self._scale = config.num_attention_heads, config.query_scale
        self._norm1 = layer_norm(read, f"{name}layer_norm1", config)
        self._qkv = linear(*_projections(read, f"{name}self_attn.", "qkv"))
        self._out = linear_add(*_projections(read, f"{name}self_attn.", ["out"]))
        self._mlp = _mlp(read, name, config)

    def __call__(self, x: Tensor, groups: Sequence[Group]) -> Tensor:
        parts = _sequences(self._qkv(self._norm1(x)), groups)
        attended = [self._attend(part, group) for part, group in zip(parts, groups, strict=True)]
        x = self._out(_join(attended), x)
        return self._mlp(x)

    def _attend(self, qkv: Tensor, group: Group) -> Tensor:
        """Return the attention of one group, (count * length, hidden_size), from (count, length, 3 * hidden_size).

        For so few tokens, two products and a softmax are faster than torch's fused kernel.
        """
        q, k, v = qkv.view(group.count, group.length, 3, self._heads, -1).permute(2, 0, 3, 1, 4).flatten(1, 2)
        # With beta=0 torch does not read the tensor to add.
        mask, beta = (q.new_empty(1), 0) if group.mask is None else (group.mask, 1)
        scores = torch.baddbmm(mask, q, k.transpose(1, 2), beta=beta, alpha=self._scale)
        attended = torch.bmm(scores.softmax(-1), v).view(group.count, self._heads, group.length, -1)
        return attended.transpose(1, 2).flatten(2).flatten(0, 1)


class _LastLayer:
    """The last transformer layer, computed for one token of each sequence. That token attends to the whole sequence.

    Only this token has a query, so keys and values of all tokens need not be computed. A score is
    q . (W_k x) = (W_k^T q) . x, and each head's mean of values is W_v (mean of x): products with one row for each
    sequence instead of one for each token. The bias of the keys adds the same number to all scores of a head, so
    softmax cancels it. The bias of the values is added unchanged, because the weights of a mean sum to one.
    """

    def __init__(self, read: WeightReader, name: str, config: TowerConfig, token: int) -> None:
        self._heads, self._token = config.num_attention_heads, token
        self._norm1 = layer_norm(read, f"{name}layer_norm1", config)
        self._q = linear(*_projections(read, f"{name}self_attn.", "q"))
        self._k = self._by_head(read.copy(f"{name}self_attn.k_proj.weight").mul_(config.query_scale))
        values = self._by_head(read.copy(f"{name}self_attn.v_proj.weight")).transpose(1, 2)
        self._v = values.clone(memory_format=torch.contiguous_format)
        self._v_bias = read.copy(f"{name}self_attn.v_proj.bias")
        self._out = linear_add(*_projections(read, f"{name}self_attn.", ["out"]))
        self._mlp = _mlp(read, name, config)

    def __call__(self, x: Tensor, groups: Sequence[Group]) -> Tensor:
        normed = _sequences(self._norm1(x), groups)
        q = self._q(self._selected(normed))  # (sequences, hidden)
        queries = (q.view(len(q), self._heads, -1).transpose(0, 1) @ self._k).transpose(0, 1)
        by_group = torch.split(queries, [group.count for group in groups])  # each (count, heads, hidden)
        means = [
            (each @ tokens.transpose(1, 2)).softmax(-1) @ tokens for each, tokens in zip(by_group, normed, strict=True)
        ]
        values = _join(means).transpose(0, 1) @ self._v  # (heads, sequences, head_dim)
        x = self._out(values.transpose(0, 1).flatten(1) + self._v_bias, self._selected(_sequences(x, groups)))
        return self._mlp(x)

    def _selected(self, sequences: Sequence[Tensor]) -> Tensor:
        """Return the one token of each sequence, (sequences, hidden)."""
        return torch.cat([tokens[:, self._token] for tokens in sequences])

    def _by_head(self, weight: Tensor) -> Tensor:
        """Return the matrix of a projection as one matrix for each head, (heads, head_dim, hidden)."""
        return weight.view(self._heads, -1, weight.shape[1])


def layer_norm(read: WeightReader, name: str, config: TowerConfig, times: float = 1.0) -> Callable[[Tensor], Tensor]:
    """Return the function that normalises the last axis and multiplies the result by `times`."""
    weight, bias = read.copy(f"{name}.weight").mul_(times), read.copy(f"{name}.bias").mul_(times)
    shape, eps = weight.shape, config.layer_norm_eps
    return lambda x: torch.layer_norm(x, shape, weight, bias, eps)


def _packing_threads(count: int) -> ThreadPoolExecutor:
    """Return threads that use one CPU each."""
    return ThreadPoolExecutor(count, thread_name_prefix="pack", initializer=torch.set_num_threads, initargs=(1,))


def _sequences(x: Tensor, groups: Sequence[Group]) -> list[Tensor]:
    """Return the rows of each group, (count, length, columns)."""
    parts = torch.split(x, [group.count * group.length for group in groups])
    return [part.view(group.count, group.length, -1) for part, group in zip(parts, groups, strict=True)]


def _join(parts: list[Tensor]) -> Tensor:
    """Return the parts one below the other; a single part is not copied."""
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _mlp(read: WeightReader, name: str, config: TowerConfig) -> Callable[[Tensor], Tensor]:
    """Return the feed-forward block: norm, product with activation, product with the block's input as residual."""
    times, activation = _ACTIVATIONS[config.hidden_act]
    norm = layer_norm(read, f"{name}layer_norm2", config, times)
    up = linear(read.matrix(f"{name}mlp.fc1.weight"), read.copy(f"{name}mlp.fc1.bias").mul_(times), activation)
    down = linear_add(read.matrix(f"{name}mlp.fc2.weight"), read.copy(f"{name}mlp.fc2.bias"), times=1 / times)
    return lambda x: down(up(norm(x)), x)


def _projections(read: WeightReader, name: str, which: Sequence[str]) -> tuple[Matrix, Tensor]:
    """Return weight and bias of the attention projections `which`: of q, k, v and out."""
    weight = read.matrix(*(f"{name}{each}_proj.weight" for each in which))
    return weight, torch.cat([read.copy(f"{name}{each}_proj.bias") for each in which])
