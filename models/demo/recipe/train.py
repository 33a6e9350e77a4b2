"""Train models/demo from scratch: `make train-demo`.

First the text tower learns which captions mean the same. Then both towers learn from pictures and captions.
"""

import argparse
import json
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import matplotlib as mpl
import torch
from torch import Tensor
from tqdm import tqdm
from transformers import CLIPModel, CLIPTokenizer

from models.demo.recipe import icons, photographs
from models.demo.recipe.captions import PHOTOGRAPH, CaptionSource, Claim, truth
from models.demo.recipe.checkpoint import build_model, build_tokenizer, save
from models.demo.recipe.dataset import Dataset, build
from models.demo.recipe.draw import FIRST_UNSEEN_SEED, FURRED
from models.demo.recipe.learning import TruthTable, augment, contrastive_loss, encode_captions, encode_pictures

mpl.use("Agg")
from matplotlib import pyplot as plt

UNSEEN_PICTURES = 2000
MAX_SCALE = 100.0  # openai/CLIP clamps exp(logit_scale) here
WORDS_SCALE, WORDS_STEPS = 14.0, 400
MUON_RATE, ADAMW_RATE = 6e-3, 2e-3
WARM_UP_STEPS = 100
PARTS = 8  # of a batch; the faster thread takes more of them


@dataclass
class Trainer:
    """The two towers, what they learn from, and the course of their training."""

    model: CLIPModel
    tokenizer: CLIPTokenizer
    captions: CaptionSource
    dataset: Dataset
    unseen: Dataset
    seed: int
    steps: int
    batch: int
    thread_count: int
    history: list[dict[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng, self.generator = Random(self.seed), torch.Generator().manual_seed(self.seed)
        torch.set_num_threads(1)  # for one operator: the batch is divided between `threads`
        self.threads = ThreadPoolExecutor(self.thread_count)
        self.truths = TruthTable(self.captions.claims, self.dataset.facts)

    def learn_words(self, steps: int = WORDS_STEPS) -> None:
        """Teach the text tower alone which captions mean the same.

        Without this, all captions have nearly the same embedding (cosine 0.98), and the pictures learn slowly.
        """
        optimizer = torch.optim.AdamW(self._tower("text_"), weight_decay=0.0)
        for step in tqdm(range(steps), desc="words", mininterval=1):
            claims, captions = zip(*self.captions.sample(self.rng), strict=True)
            again = [self.captions.write(claim, self.rng) for claim in claims]
            truths = torch.tensor([[_same(a, b) for b in claims] for a in claims])
            first, second = (encode_captions(self.model, self.tokenizer, list(texts)) for texts in (captions, again))
            optimizer.param_groups[0]["lr"] = ADAMW_RATE * (1 - step / steps)
            optimizer.zero_grad()
            torch.autograd.backward(contrastive_loss(WORDS_SCALE * first @ second.T, truths))
            optimizer.step()

    def _tower(self, *prefixes: str) -> list[Tensor]:
        return [parameter for name, parameter in self.model.named_parameters() if name.startswith(prefixes)]

    def run(self, report: int) -> None:
        """Train both towers. Log loss and accuracy every `report` steps."""
        optimizers = self._optimizers()
        order, loss, began = torch.empty(0, dtype=torch.long), math.nan, time.monotonic()
        for step in tqdm(range(1, self.steps + 1), desc="training", mininterval=1):
            if len(order) < self.batch:
                order = torch.randperm(len(self.dataset.facts), generator=self.generator)
            rows, order = order[: self.batch], order[self.batch :]
            self.model.zero_grad()
            batch_loss = self._backward(rows)
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            for optimizer, peak in optimizers.items():
                optimizer.param_groups[0]["lr"] = peak * rate_share(step, self.steps)
                optimizer.step()
            with torch.no_grad():
                self.model.logit_scale.clamp_(max=math.log(MAX_SCALE))
            loss = batch_loss if math.isnan(loss) else 0.98 * loss + 0.02 * batch_loss
            if step % report == 0 or step == self.steps:
                minutes = (time.monotonic() - began) / 60
                self.history.append({"step": step, "loss": loss, "minutes": minutes, **self.accuracy()})
                tqdm.write(" ".join(f"{name} {value:.3f}" for name, value in self.history[-1].items()))

    def _optimizers(self) -> dict[torch.optim.Optimizer, float]:
        """Return the optimizers and their peak learning rates: Muon for the matrices of the layers, AdamW for the rest.

        Muon learns faster here than AdamW alone, so the training needs fewer steps.
        """
        inner: list[Tensor] = []
        outer: list[Tensor] = []
        for name, parameter in self.model.named_parameters():
            (inner if parameter.ndim == 2 and ".layers." in name else outer).append(parameter)
        return {
            torch.optim.Muon(inner, weight_decay=0.02, adjust_lr_fn="match_rms_adamw"): MUON_RATE,
            torch.optim.AdamW(outer, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.0): ADAMW_RATE,
        }

    def _backward(self, rows: Tensor) -> float:
        """Compute the gradients of one batch, and return its loss.

        Each thread runs the image tower on a part of the batch, because on a busy machine torch's own threads wait for
        each other at every operator. The loss is over the whole batch; its gradient then goes back part by part.
        """
        claims, captions = zip(*self.captions.sample(self.rng), strict=True)
        parts = list(self.threads.map(self._encode, augment(self.dataset.batch(rows), self.generator).chunk(PARTS)))
        pictures = torch.cat(parts).detach().requires_grad_()
        texts = encode_captions(self.model, self.tokenizer, list(captions))
        logits = self.model.logit_scale.exp() * pictures @ texts.T
        loss = contrastive_loss(logits, self.truths.of(rows, list(claims)))
        torch.autograd.backward(loss)
        if pictures.grad is None:
            raise RuntimeError("the loss does not depend on the pictures")
        tower = self._tower("vision_", "visual_")
        pairs = zip(parts, pictures.grad.chunk(PARTS), strict=True)
        gradients = self.threads.map(lambda pair: torch.autograd.grad(pair[0], tower, pair[1]), pairs)
        for parameter, *shares in zip(tower, *gradients, strict=True):
            parameter.grad = torch.stack(shares).sum(0)
        return loss.item()

    def _encode(self, pixels: Tensor) -> Tensor:
        return encode_pictures(self.model, pixels)

    @torch.no_grad()
    def accuracy(self) -> dict[str, float]:
        """Return the shares of unseen pictures with the right label, pet with context, and coat."""
        facts = self.unseen.facts
        parts = torch.split(torch.arange(len(facts)), 256)
        pictures = torch.cat([encode_pictures(self.model, self.unseen.batch(part)) for part in parts])

        def share(claims: list[Claim], rows: list[int]) -> float:
            """Return the share of `rows` for which the best of `claims` is true."""
            captions = [self.captions.pet_templates[0].replace("{}", claim.words[0]) for claim in claims]
            best = (pictures[rows] @ encode_captions(self.model, self.tokenizer, captions).T).argmax(1).tolist()
            return sum(truth(claims[i], facts[row]) == 1 for i, row in zip(best, rows, strict=True)) / max(1, len(rows))

        photographs = [row for row, known in enumerate(facts) if PHOTOGRAPH in known.details]
        scenes = [row for row, known in enumerate(facts) if known.context]
        alone = sorted({*range(len(facts))} - {*photographs} - {*scenes})
        coats = [
            share(
                [claim for claim in self.captions.furs if claim.label == pet],
                [i for i in alone if facts[i].label == pet],
            )
            for pet in FURRED
        ]
        return {
            "label": share(self.captions.labels, alone),
            "photograph": share(self.captions.labels, photographs),
            "pair": share([*self.captions.pairs, *self.captions.labels], scenes),
            "coat": sum(coats) / len(coats),
        }


def _same(a: Claim, b: Claim) -> int:
    """Return 1 for the same claim, 0 for claims that can both be true of a picture, -1 for claims that cannot."""
    if a == b:
        return 1
    plain = [claim for claim in (a, b) if claim.detail is None and claim.context is None]
    if a.label == b.label:
        return 0 if plain or (a.context is None) != (b.context is None) else -1
    return 0 if any(claim.label in (a.context, b.context) for claim in plain) else -1


def rate_share(step: int, steps: int) -> float:
    """Return the learning rate relative to its peak: a warm-up, a plateau, a linear decay over the last 70 %."""
    return min(1.0, step / WARM_UP_STEPS, 0.01 + (steps - step) / (0.7 * steps))


def plot_history(history: list[dict[str, float]], path: Path) -> None:
    """Write loss and accuracy on unseen pictures to a PNG file."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3), dpi=90)
    steps = [entry["step"] for entry in history]
    left.plot(steps, [entry["loss"] for entry in history], color="black")
    left.set(title="contrastive loss (training)", xlabel="step", ylim=(0, None))
    for name, words in (
        ("label", "label"),
        ("pair", "pet with a context"),
        ("coat", "coat"),
        ("photograph", "photograph"),
    ):
        right.plot(steps, [entry[name] for entry in history], label=words)
    right.set(title="top-1 on unseen pictures", xlabel="step", ylim=(0, 1))
    right.grid(alpha=0.3)
    right.legend(loc="lower right")
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def main() -> None:
    """Read the command line; fetch, draw, train; write the checkpoint and the plot."""
    parser = argparse.ArgumentParser(prog="python -m models.demo.recipe.train", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("models/demo"))
    parser.add_argument("--cache", type=Path, default=Path("build/demo"), help="fetched packages and training pictures")
    parser.add_argument("--pictures", type=int, default=80_000)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--report", type=int, default=200, help="steps between two reports")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    began = time.monotonic()
    icon_set = icons.fetch(icons.TRAIN_SETS, args.cache)
    training, held_out = (
        photographs.fetch(sources, args.cache) for sources in (photographs.TRAIN, photographs.HELD_OUT)
    )
    dataset = build(args.cache / "train.npy", range(args.pictures), icon_set, training, args.threads)
    unseen_seeds = range(FIRST_UNSEEN_SEED, FIRST_UNSEEN_SEED + UNSEEN_PICTURES)
    unseen = build(args.cache / "unseen.npy", unseen_seeds, [], held_out, args.threads)
    captions = CaptionSource(dataset.details())
    tokenizer = build_tokenizer(captions.corpus())
    model = build_model(tokenizer, args.seed)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(tokenizer)} tokens")
    trainer = Trainer(model, tokenizer, captions, dataset, unseen, args.seed, args.steps, args.batch, args.threads)
    trainer.learn_words()
    trainer.run(args.report)
    save(model, tokenizer, args.out)
    (args.cache / "history.json").write_text(json.dumps(trainer.history), encoding="utf-8")
    plot_history(trainer.history, args.out / "training.png")
    print(f"{(time.monotonic() - began) / 60:.0f} minutes")


if __name__ == "__main__":
    main()
