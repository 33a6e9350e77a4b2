"""Trains models/demo: CLIP's symmetric contrastive loss on drawings and what may be said of them.

A batch holds many pictures of one label, so a caption is true of many of them: the loss compares each true pair with the
false ones only, in both directions, and leaves out what nobody knows. `make train-demo` runs it from nothing.
"""

import argparse
import json
import time
from pathlib import Path
from random import Random

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm
from transformers import CLIPModel, CLIPTokenizer

from tools.demo.augment import augment, normalise
from tools.demo.captions import CaptionSource, Claim, Facts, truth
from tools.demo.checkpoint import build_model, build_tokenizer, save
from tools.demo.draw import FIRST_UNSEEN_SEED, PETS
from tools.demo.icons import TRAIN_SETS, fetch
from tools.demo.plot import plot_history
from tools.demo.pool import PicturePool, build

LARGEST_SCALE = 100.0  # openai/CLIP clamps exp(logit_scale) here


def contrastive_loss(logits: Tensor, truths: Tensor) -> Tensor:
    """Return CLIP's symmetric loss for many true captions a picture.

    `logits` has shape (pictures, captions), `truths` the same with 1 true, -1 false, 0 unknown. Each true pair stands
    against the false captions of its picture and against the false pictures of its caption: with one true pair a row
    and column this is openai/CLIP's cross-entropy both ways.
    """
    true, false = truths > 0, truths < 0
    against = logits.masked_fill(~false, -torch.inf)
    by_picture = functional.softplus(against.logsumexp(1, keepdim=True) - logits)
    by_caption = functional.softplus(against.logsumexp(0, keepdim=True) - logits)
    return (_mean_of_means(by_picture, true, 1) + _mean_of_means(by_caption, true, 0)) / 2


def _mean_of_means(losses: Tensor, where: Tensor, dim: int) -> Tensor:
    """Return the mean over rows (dim 1) or columns (dim 0) of the mean of `losses` where true; empty ones do not count."""
    count = where.sum(dim)
    means = losses.masked_fill(~where, 0.0).sum(dim) / count.clamp(min=1)
    return means[count > 0].mean()


def encode_pictures(model: CLIPModel, pixels: Tensor) -> Tensor:
    """Return unit picture embeddings."""
    features = model.vision_model(pixels).pooler_output
    return functional.normalize(model.visual_projection(features), dim=-1)


def encode_captions(model: CLIPModel, tokenizer: CLIPTokenizer, captions: list[str]) -> Tensor:
    """Return unit caption embeddings."""
    tokens = tokenizer(captions, padding=True, return_tensors="pt")
    features = model.text_model(**tokens).pooler_output
    return functional.normalize(model.text_projection(features), dim=-1)


class TruthTable:
    """Looks up whether a claim holds for a picture, for all of a batch at once."""

    def __init__(self, claims: list[Claim], facts: list[Facts]) -> None:
        kinds = {kind: index for index, kind in enumerate(dict.fromkeys(facts))}
        self._row = torch.tensor([kinds[fact] for fact in facts])
        self._column = {claim: index for index, claim in enumerate(claims)}
        self._table = torch.tensor([[truth(claim, kind) for claim in claims] for kind in kinds], dtype=torch.int8)

    def of(self, pictures: Tensor, claims: list[Claim]) -> Tensor:
        """Return 1, -1 or 0 for each picture (rows) and claim (columns)."""
        columns = torch.tensor([self._column[claim] for claim in claims])
        return self._table[self._row[pictures]][:, columns]


def accuracy(model: CLIPModel, tokenizer: CLIPTokenizer, pool: PicturePool, captions: CaptionSource) -> dict[str, float]:
    """Return top-1 among all labels and among the coats of the right animal, with the first template only."""
    model.eval()
    with torch.no_grad():
        pictures = torch.cat([encode_pictures(model, normalise(_pixels(pool, rows))) for rows in torch.arange(len(pool.facts)).split(256)])
        words = [captions.pet_templates[0].replace("{}", claim.words[0]) for claim in captions.labels]
        best = (pictures @ encode_captions(model, tokenizer, words).T).argmax(1)
        coats = [captions.fur_templates[0].replace("{}", claim.words[0]) for claim in captions.furs]
        by_coat = pictures @ encode_captions(model, tokenizer, coats).T
    model.train()
    right = [captions.labels[int(i)].label == facts.label for i, facts in zip(best, pool.facts, strict=True)]
    pets = [hit for hit, facts in zip(right, pool.facts, strict=True) if facts.label in PETS]
    furs = []
    for scores, facts in zip(by_coat, pool.facts, strict=True):
        mine = [i for i, claim in enumerate(captions.furs) if claim.label == facts.label]
        if mine and facts.complete:
            furs.append(captions.furs[max(mine, key=lambda i: float(scores[i]))].detail in facts.details)
    return {"all": sum(right) / len(right), "pet": sum(pets) / len(pets), "fur": sum(furs) / len(furs)}


def _pixels(pool: PicturePool, rows: Tensor) -> Tensor:
    return torch.from_numpy(pool.pixels[rows.numpy()]).permute(0, 3, 1, 2).float() / 255


def rate_share(step: int, steps: int) -> float:
    """Return the share of the peak rate at a step: a short warm-up, a plateau, a straight fall over the last 60 %."""
    return min(1.0, (step + 1) / 40, 0.01 + (steps - step) / (0.6 * steps))


def _optimizers(model: CLIPModel, muon_rate: float, adamw_rate: float) -> list[torch.optim.Optimizer]:
    """Return Muon (Jordan et al. 2024) for the matrices of the layers, and AdamW for all else."""
    inner = {name for name, p in model.named_parameters() if p.ndim == 2 and ".layers." in name}
    matrices = [p for name, p in model.named_parameters() if name in inner]
    others = [p for name, p in model.named_parameters() if name not in inner]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.Muon(matrices, lr=muon_rate, weight_decay=0.02, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=adamw_rate, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.0),
    ]
    for optimizer in optimizers:
        optimizer.param_groups[0]["initial_lr"] = optimizer.param_groups[0]["lr"]
    return optimizers


def warm_up_words(model: CLIPModel, tokenizer: CLIPTokenizer, captions: CaptionSource, steps: int, rng: Random) -> None:
    """Teach the text tower alone which captions say the same thing.

    Untrained, it gives all captions nearly one embedding (cosine 0.98), and pictures have nothing to be drawn to: without
    this, 300 steps on pictures were hardly better than chance. Two wordings of a claim are a true pair; a label and its
    details are left out.
    """
    text = [p for name, p in model.named_parameters() if name.startswith("text_")]
    optimizer = torch.optim.AdamW(text, lr=2e-3, weight_decay=0.0)
    for step in tqdm(range(steps), desc="words"):
        claims, once = zip(*captions.sample(rng), strict=True)
        again = [captions.write(claim, rng) for claim in claims]
        truths = torch.tensor([[_same(a, b) for b in claims] for a in claims])
        logits = 14 * encode_captions(model, tokenizer, list(once)) @ encode_captions(model, tokenizer, again).T
        loss = contrastive_loss(logits, truths)
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * (1 - step / steps)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def _same(a: Claim, b: Claim) -> int:
    if a == b:
        return 1
    return 0 if a.label == b.label and None in (a.detail, b.detail) else -1


def train(args: argparse.Namespace) -> None:
    """Draw or read the pictures, train, and write the checkpoint and the plot."""
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    icons = [] if args.no_icons else fetch(TRAIN_SETS, args.cache / "icons")
    pool = build(args.cache / "train.npy", range(args.pictures), icons, args.threads)
    unseen = build(args.cache / "unseen.npy", range(FIRST_UNSEEN_SEED, FIRST_UNSEEN_SEED + 1500), [], args.threads)
    captions = CaptionSource(pool.kinds(), set(PETS))
    tokenizer = build_tokenizer(captions.corpus())
    model = build_model(tokenizer, args.seed)
    with torch.no_grad():
        model.logit_scale.fill_(2.6593)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(tokenizer)} tokens")
    warm_up_words(model, tokenizer, captions, 400, Random(args.seed))
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.99))
    claims = [*captions.labels, *captions.furs, *captions.details]
    history = _loop(args, pool, unseen, captions, tokenizer, model, average, TruthTable(claims, pool.facts))
    save(average.module, tokenizer, args.out)
    (args.cache / "history.json").write_text(json.dumps(history), encoding="utf-8")
    plot_history(history, args.plot)


def _loop(  # noqa: PLR0913 one call, every part named
    args: argparse.Namespace, pool: PicturePool, unseen: PicturePool, captions: CaptionSource, tokenizer: CLIPTokenizer,
    model: CLIPModel, average: AveragedModel, table: TruthTable,
) -> list[dict[str, float]]:  # fmt: skip
    optimizers, generator, rng = _optimizers(model, args.muon_rate, args.adamw_rate), torch.Generator().manual_seed(args.seed), Random(args.seed)
    history, losses, began = [], 0.0, time.monotonic()
    order = torch.randperm(len(pool.facts), generator=generator)
    progress = tqdm(range(args.steps), desc="training")
    for step in progress:
        if len(order) < args.batch:
            order = torch.randperm(len(pool.facts), generator=generator)
        rows, order = order[: args.batch], order[args.batch :]
        loss = _step(args, step, rows, pool, captions, tokenizer, model, optimizers, table, generator, rng)
        average.update_parameters(model)
        losses += (loss - losses) * max(0.02, 1 / (step + 1))
        if (step + 1) % args.report == 0 or step + 1 == args.steps:
            found = accuracy(average.module, tokenizer, unseen, captions)
            history.append({"step": step + 1, "loss": losses, "minutes": (time.monotonic() - began) / 60, **found})
            scale = float(model.logit_scale.detach().exp())
            progress.write(f"step {step + 1}: loss {losses:.3f} scale {scale:.1f} " + " ".join(f"{k} {v:.3f}" for k, v in found.items()))
            save(average.module, tokenizer, args.cache / "latest")
    return history


def _step(  # noqa: PLR0913 one call, every part named
    args: argparse.Namespace, step: int, rows: Tensor, pool: PicturePool, captions: CaptionSource, tokenizer: CLIPTokenizer,
    model: CLIPModel, optimizers: list[torch.optim.Optimizer], table: TruthTable, generator: torch.Generator, rng: Random,
) -> float:  # fmt: skip
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"] * rate_share(step, args.steps)
    claims, sentences = zip(*captions.sample(rng), strict=True)
    pictures = encode_pictures(model, normalise(augment(_pixels(pool, rows), generator)))
    texts = encode_captions(model, tokenizer, list(sentences))
    loss = contrastive_loss(model.logit_scale.exp() * pictures @ texts.T, table.of(rows, list(claims)))
    model.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        optimizer.step()
    with torch.no_grad():
        model.logit_scale.clamp_(max=float(torch.tensor(LARGEST_SCALE).log()))
    return float(loss.detach())


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("models/demo"))
    parser.add_argument("--plot", type=Path, default=Path("tools/demo/training.png"))
    parser.add_argument("--cache", type=Path, default=Path("build/demo"), help="pictures and icon sets, kept between runs")
    parser.add_argument("--pictures", type=int, default=60_000)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--muon-rate", type=float, default=6e-3)
    parser.add_argument("--adamw-rate", type=float, default=2e-3)
    parser.add_argument("--report", type=int, default=200, help="steps between two reports")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-icons", action="store_true", help="drawings only, nothing fetched")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
