"""Trains models/demo from nothing: `make train-demo`.

First the text tower learns which captions say the same; then both learn on drawings and what may be said of them.
"""
# ruff: noqa: S311 - seeds keep no secrets

import argparse
import json
import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm
from transformers import CLIPModel, CLIPTokenizer

from tools.demo.augment import augment, normalise
from tools.demo.captions import CaptionSource
from tools.demo.checkpoint import build_model, build_tokenizer, save
from tools.demo.draw import FIRST_UNSEEN_SEED, PETS
from tools.demo.icons import TRAIN_SETS, fetch
from tools.demo.loss import TruthTable, contrastive_loss, same_claim
from tools.demo.plot import plot_history
from tools.demo.pool import PicturePool, build

LARGEST_SCALE = 100.0  # openai/CLIP clamps exp(logit_scale) here
WORDS_SCALE, WORDS_RATE, WORDS_STEPS = 14.0, 2e-3, 400
UNSEEN_PICTURES = 1500


def encode_pictures(model: CLIPModel, pixels: Tensor) -> Tensor:
    """Return unit picture embeddings."""
    features = model.vision_model(pixels).pooler_output
    return functional.normalize(model.visual_projection(features), dim=-1)


def encode_captions(model: CLIPModel, tokenizer: CLIPTokenizer, captions: list[str]) -> Tensor:
    """Return unit caption embeddings."""
    tokens = tokenizer(captions, padding=True, return_tensors="pt")
    features = model.text_model(**tokens).pooler_output
    return functional.normalize(model.text_projection(features), dim=-1)


def pixels_of(pool: PicturePool, rows: Tensor) -> Tensor:
    """Return pictures of the pool as values 0 to 1, shape (n, 3, size, size)."""
    return torch.from_numpy(pool.pixels[rows.numpy()]).permute(0, 3, 1, 2).float() / 255


def rate_share(step: int, steps: int) -> float:
    """Return the share of the peak rate at a step: a short warm-up, a plateau, a straight fall over the last 60 %."""
    return min(1.0, (step + 1) / 40, 0.01 + (steps - step) / (0.6 * steps))


def optimizers_of(model: CLIPModel, muon_rate: float, adamw_rate: float) -> list[torch.optim.Optimizer]:
    """Return Muon (Jordan et al. 2024) for the matrices of the layers, and AdamW for all else."""
    inner = {name for name, p in model.named_parameters() if p.ndim == 2 and ".layers." in name}
    matrices = [p for name, p in model.named_parameters() if name in inner]
    others = [p for name, p in model.named_parameters() if name not in inner]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.Muon(matrices, lr=muon_rate, weight_decay=0.02, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=adamw_rate, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.0),
    ]
    for optimizer in optimizers:
        optimizer.param_groups[0]["peak_lr"] = optimizer.param_groups[0]["lr"]
    return optimizers


def averaged(model: CLIPModel) -> AveragedModel:
    """Return the running mean of the model over some fifty steps: it is better than any single step's model."""
    return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.98))  # type: ignore[no-untyped-call] # torch's


@dataclass
class Trainer:
    """The two towers, what they learn from, and the course of their training."""

    pool: PicturePool
    unseen: PicturePool
    captions: CaptionSource
    tokenizer: CLIPTokenizer
    model: CLIPModel
    seed: int
    rng: Random = field(init=False)
    generator: torch.Generator = field(init=False)
    average: AveragedModel = field(init=False)
    table: TruthTable = field(init=False)
    history: list[dict[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng, self.generator = Random(self.seed), torch.Generator().manual_seed(self.seed)
        self.table = TruthTable([*self.captions.labels, *self.captions.furs, *self.captions.details], self.pool.facts)
        self.average = averaged(self.model)

    def warm_up_words(self) -> None:
        """Teach the text tower alone which captions say the same thing.

        Untrained, it gives all captions nearly one embedding (cosine 0.98), and pictures have nothing to be drawn to.
        Two wordings of a claim are a true pair; a label and its details are left out.
        """
        text = [p for name, p in self.model.named_parameters() if name.startswith("text_")]
        optimizer = torch.optim.AdamW(text, lr=WORDS_RATE, weight_decay=0.0)
        for step in tqdm(range(WORDS_STEPS), desc="words"):
            claims, once = zip(*self.captions.sample(self.rng), strict=True)
            again = [self.captions.write(claim, self.rng) for claim in claims]
            truths = torch.tensor([[same_claim(a, b) for b in claims] for a in claims])
            first = encode_captions(self.model, self.tokenizer, list(once))
            second = encode_captions(self.model, self.tokenizer, again)
            loss = contrastive_loss(WORDS_SCALE * first @ second.T, truths)
            optimizer.param_groups[0]["lr"] = WORDS_RATE * (1 - step / WORDS_STEPS)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
        self.average = averaged(self.model)

    def run(self, args: argparse.Namespace) -> None:
        """Train for `args.steps` batches, noting loss and accuracy now and then."""
        optimizers = optimizers_of(self.model, args.muon_rate, args.adamw_rate)
        losses, began, order = 0.0, time.monotonic(), torch.empty(0, dtype=torch.long)
        for step in tqdm(range(args.steps), desc="training"):
            if len(order) < args.batch:
                order = torch.randperm(len(self.pool.facts), generator=self.generator)
            rows, order = order[: args.batch], order[args.batch :]
            for optimizer in optimizers:
                optimizer.param_groups[0]["lr"] = optimizer.param_groups[0]["peak_lr"] * rate_share(step, args.steps)
            loss = self._step(rows, optimizers, args.augment)
            losses += (loss - losses) * max(0.02, 1 / (step + 1))
            if (step + 1) % args.report == 0 or step + 1 == args.steps:
                minutes = (time.monotonic() - began) / 60
                self.history.append({"step": step + 1, "loss": losses, "minutes": minutes, **self.accuracy()})
                tqdm.write(" ".join(f"{name} {value:.3f}" for name, value in self.history[-1].items()))
                save(self.average.module, self.tokenizer, args.cache / "latest")

    def _step(self, rows: Tensor, optimizers: list[torch.optim.Optimizer], vary: bool) -> float:
        """Learn from one batch and return its loss."""
        claims, sentences = zip(*self.captions.sample(self.rng), strict=True)
        pixels = pixels_of(self.pool, rows)
        pictures = encode_pictures(self.model, normalise(augment(pixels, self.generator) if vary else pixels))
        texts = encode_captions(self.model, self.tokenizer, list(sentences))
        logits = self.model.logit_scale.exp() * pictures @ texts.T
        loss = contrastive_loss(logits, self.table.of(rows, list(claims)))
        self.model.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        with torch.no_grad():
            self.model.logit_scale.clamp_(max=math.log(LARGEST_SCALE))
        self.average.update_parameters(self.model)
        return float(loss.detach())

    @torch.no_grad()
    def accuracy(self) -> dict[str, float]:
        """Return top-1 on unseen seeds among all labels, and among the right animal's coats; first templates only."""
        model, captions = self.average.module, self.captions
        batches = torch.split(torch.arange(len(self.unseen.facts)), 256)
        pictures = torch.cat([encode_pictures(model, normalise(pixels_of(self.unseen, rows))) for rows in batches])
        words = [captions.pet_templates[0].replace("{}", claim.words[0]) for claim in captions.labels]
        coats = [captions.fur_templates[0].replace("{}", claim.words[0]) for claim in captions.furs]
        best = (pictures @ encode_captions(model, self.tokenizer, words).T).argmax(1).tolist()
        by_coat = (pictures @ encode_captions(model, self.tokenizer, coats).T).tolist()
        facts = self.unseen.facts
        right = [captions.labels[i].label == known.label for i, known in zip(best, facts, strict=True)]
        pets = [hit for hit, known in zip(right, facts, strict=True) if known.label in PETS]
        furs = []
        for scores, known in zip(by_coat, facts, strict=True):
            own = [
                (score, claim) for score, claim in zip(scores, captions.furs, strict=True) if claim.label == known.label
            ]
            if own:
                furs.append(max(own, key=lambda pair: pair[0])[1].detail in known.details)
        return {name: sum(hits) / len(hits) for name, hits in (("all", right), ("pet", pets), ("fur", furs))}


def train(args: argparse.Namespace) -> None:
    """Draw or read the pictures, train, and write the checkpoint and the plot."""
    torch.set_num_threads(args.threads)
    icons = [] if args.no_icons else fetch(TRAIN_SETS, args.cache / "icons")
    pool = build(args.cache / "train.npy", range(args.pictures), icons, args.threads)
    unseen_seeds = range(FIRST_UNSEEN_SEED, FIRST_UNSEEN_SEED + UNSEEN_PICTURES)
    unseen = build(args.cache / "unseen.npy", unseen_seeds, [], args.threads)
    captions = CaptionSource(pool.kinds(), set(PETS))
    tokenizer = build_tokenizer(captions.corpus())
    model = CLIPModel.from_pretrained(args.resume) if args.resume else build_model(tokenizer, args.seed)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(tokenizer)} tokens")
    trainer = Trainer(pool, unseen, captions, tokenizer, model, args.seed)
    if not args.resume:
        trainer.warm_up_words()
    trainer.run(args)
    save(trainer.average.module, tokenizer, args.out)
    (args.cache / "history.json").write_text(json.dumps(trainer.history), encoding="utf-8")
    plot_history(trainer.history, args.plot)


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(prog="python -m tools.demo.train", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("models/demo"))
    parser.add_argument("--plot", type=Path, default=Path("models/demo/training.png"))
    parser.add_argument(
        "--cache", type=Path, default=Path("build/demo"), help="pictures and icon sets, kept between runs"
    )
    parser.add_argument("--pictures", type=int, default=60_000)
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--muon-rate", type=float, default=6e-3)
    parser.add_argument("--adamw-rate", type=float, default=2e-3)
    parser.add_argument("--augment", action="store_true", help="vary the pictures once more: for very long trainings")
    parser.add_argument("--resume", type=Path, help="go on from this checkpoint of the same recipe")
    parser.add_argument("--report", type=int, default=200, help="steps between two reports")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-icons", action="store_true", help="drawings only, nothing fetched")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
