"""What the training computes: unit embeddings, CLIP's loss for several true captions a picture, and augmentation."""

import torch
from torch import Tensor
from torch.nn import functional
from transformers import CLIPModel, CLIPTokenizer

from models.demo.recipe.captions import Claim, Facts, truth
from models.demo.recipe.checkpoint import MEAN, STD

SHIFT_PX = 4
GRAY_SHARE = 0.03


def encode_pictures(model: CLIPModel, pixels: Tensor) -> Tensor:
    """Return unit picture embeddings, shape (n, dim), of pixels in [0, 1], shape (n, 3, size, size)."""
    normal = (pixels - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    with torch.autocast("cpu", torch.bfloat16):
        features = model.visual_projection(model.vision_model(normal).pooler_output)
    return functional.normalize(features.float(), dim=-1)


def encode_captions(model: CLIPModel, tokenizer: CLIPTokenizer, captions: list[str]) -> Tensor:
    """Return unit caption embeddings, shape (n, dim)."""
    tokens = tokenizer(captions, padding=True, truncation=True, return_tensors="pt")
    return functional.normalize(model.text_projection(model.text_model(**tokens).pooler_output), dim=-1)


def contrastive_loss(logits: Tensor, truths: Tensor) -> Tensor:
    """Return CLIP's symmetric loss, extended to several true captions per picture.

    `logits` has shape (pictures, captions), `truths` the same with 1 true, -1 false, 0 unknown. Each true pair competes
    with the false captions of its picture and with the false pictures of its caption. With one true pair a row and
    column, this is openai/CLIP's cross-entropy in both directions.
    """
    true, false = truths > 0, truths < 0
    against = logits.masked_fill(~false, -torch.inf)
    by_picture = functional.softplus(against.logsumexp(1, keepdim=True) - logits)
    by_caption = functional.softplus(against.logsumexp(0, keepdim=True) - logits)
    return (_mean_of_means(by_picture, true, 1) + _mean_of_means(by_caption, true, 0)) / 2


def _mean_of_means(losses: Tensor, where: Tensor, dim: int) -> Tensor:
    """Return the mean over rows (dim 1) or columns (dim 0) of the mean where true, skipping those without any."""
    count = where.sum(dim)
    means = losses.masked_fill(~where, 0.0).sum(dim) / count.clamp(min=1)
    return means[count > 0].mean()


class TruthTable:
    """Looks up whether a claim holds for a picture, for all pictures of a batch at once."""

    def __init__(self, claims: list[Claim], facts: list[Facts]) -> None:
        kinds = {kind: index for index, kind in enumerate(dict.fromkeys(facts))}
        self._row = torch.tensor([kinds[fact] for fact in facts])
        self._column = {claim: index for index, claim in enumerate(claims)}
        self._table = torch.tensor([[truth(claim, kind) for claim in claims] for kind in kinds], dtype=torch.int8)

    def of(self, pictures: Tensor, claims: list[Claim]) -> Tensor:
        """Return 1, -1 or 0 for each picture (rows) and claim (columns)."""
        columns = torch.tensor([self._column[claim] for claim in claims])
        return self._table[self._row[pictures]][:, columns]


def augment(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Return a varied batch. Pictures are not turned or blurred, so that coats keep their strokes."""
    return _light(_moved(pixels, generator), generator)


def _between(n: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return (low + (high - low) * torch.rand(n, generator=generator)).view(-1, 1, 1, 1)


def _moved(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Move each picture by whole pixels, repeat its edge where this leaves a gap, and mirror half of the pictures."""
    n, _, height, width = pixels.shape
    down, right = torch.randint(-SHIFT_PX, SHIFT_PX + 1, (2, n, 1), generator=generator)
    mirrored = torch.rand(n, 1, generator=generator) < 0.5
    across = torch.arange(width)
    rows = (torch.arange(height) + down).clamp(0, height - 1)
    columns = (torch.where(mirrored, across.flip(0), across) + right).clamp(0, width - 1)
    which = torch.arange(n).view(n, 1, 1)
    return pixels.permute(0, 2, 3, 1)[which, rows.unsqueeze(2), columns.unsqueeze(1)].permute(0, 3, 1, 2)


def _light(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Change saturation, contrast and brightness. Few pictures lose their colour. Hues do not change."""
    n = len(pixels)
    saturation = _between(n, 0.6, 1.3, generator)
    saturation[torch.rand(n, generator=generator) < GRAY_SHARE] = 0
    contrast, brightness = _between(n, 0.75, 1.2, generator), _between(n, -0.1, 0.1, generator)
    gray = pixels.mean(1, keepdim=True)
    rest = gray * (contrast * (1 - saturation)) + (0.5 - 0.5 * contrast + brightness)
    return torch.addcmul(rest, pixels, contrast * saturation).clamp_(0, 1)
