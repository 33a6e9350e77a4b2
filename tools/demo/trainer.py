"""The course of a training: first words, then words and pictures; it can be broken off and gone on with."""

# ruff: noqa: S311 - seeds keep no secrets

import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm
from transformers import CLIPModel, CLIPTokenizer

from tools.demo.augment import augment, normalise
from tools.demo.captions import CaptionSource
from tools.demo.checkpoint import save
from tools.demo.draw import PETS
from tools.demo.loss import TruthTable, contrastive_loss, same_claim
from tools.demo.pool import PicturePool

LARGEST_SCALE = 100.0  # openai/CLIP clamps exp(logit_scale) here
WORDS_SCALE, WORDS_RATE, WORDS_STEPS = 14.0, 2e-3, 400
WARM_UP_STEPS = 60
PARTS = 4  # of a batch, for the threads


def encode_pictures(model: CLIPModel, pixels: Tensor) -> Tensor:
    """Return unit picture embeddings."""
    with torch.autocast("cpu", torch.bfloat16):
        features = model.visual_projection(model.vision_model(pixels).pooler_output)
    return functional.normalize(features.float(), dim=-1)


def encode_captions(model: CLIPModel, tokenizer: CLIPTokenizer, captions: list[str]) -> Tensor:
    """Return unit caption embeddings."""
    tokens = tokenizer(captions, padding=True, return_tensors="pt")
    with torch.autocast("cpu", torch.bfloat16):
        features = model.text_projection(model.text_model(**tokens).pooler_output)
    return functional.normalize(features.float(), dim=-1)


def pixels_of(pool: PicturePool, rows: Tensor) -> Tensor:
    """Return pictures of the pool as values 0 to 1, shape (n, 3, size, size)."""
    return torch.from_numpy(pool.pixels[rows.numpy()]).permute(0, 3, 1, 2).float() / 255


def rate_share(step: int, steps: int) -> float:
    """Return the share of the peak rate at a step: a short warm-up, a plateau, a straight fall over the last 60 %."""
    return min(1.0, (step + 1) / WARM_UP_STEPS, 0.01 + (steps - step) / (0.6 * steps))


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


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train, and where to note the course of it."""

    steps: int
    batch: int
    muon_rate: float
    adamw_rate: float
    report: int
    threads: int
    folder: Path


@dataclass
class Trainer:
    """The two towers, what they learn from, and the course of their training."""

    plan: Plan
    pool: PicturePool
    unseen: PicturePool
    captions: CaptionSource
    tokenizer: CLIPTokenizer
    model: CLIPModel
    seed: int
    step: int = 0
    minutes: float = 0.0
    loss: float = 0.0
    order: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.long))
    history: list[dict[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng, self.generator = Random(self.seed), torch.Generator().manual_seed(self.seed)
        self.table = TruthTable([*self.captions.labels, *self.captions.furs, *self.captions.details], self.pool.facts)
        torch.set_num_threads(1)  # within an operator; the batch is what is shared out
        self.threads = ThreadPoolExecutor(self.plan.threads)
        self.model.set_attn_implementation("eager")  # in bfloat16 on a CPU twice as fast as the fused one
        self.average = averaged(self.model)
        self.optimizers = optimizers_of(self.model, self.plan.muon_rate, self.plan.adamw_rate)

    def warm_up_words(self) -> None:
        """Teach the text tower alone which captions say the same thing.

        Untrained, it gives all captions nearly one embedding (cosine 0.98), and pictures have nothing to be drawn to.
        Two wordings of a claim are a true pair; a label and its details are left out.
        """
        text = [p for name, p in self.model.named_parameters() if name.startswith("text_")]
        optimizer = torch.optim.AdamW(text, lr=WORDS_RATE, weight_decay=0.0)
        for step in tqdm(range(WORDS_STEPS), desc="words", mininterval=1):
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

    def run(self) -> None:
        """Train to the end of the plan, noting loss and accuracy now and then."""
        began = time.monotonic() - 60 * self.minutes
        for step in tqdm(
            range(self.step, self.plan.steps), initial=self.step, total=self.plan.steps, desc="training", mininterval=1
        ):
            for optimizer in self.optimizers:
                group = optimizer.param_groups[0]
                group["lr"] = group["peak_lr"] * rate_share(step, self.plan.steps)
            self.loss += (self._learn(self._next_rows()) - self.loss) * max(0.02, 1 / (step + 1))
            self.step, self.minutes = step + 1, (time.monotonic() - began) / 60
            if self.step % self.plan.report == 0 or self.step == self.plan.steps:
                self._report()

    def _next_rows(self) -> Tensor:
        """Return a batch's rows of the pool; every epoch has an order of its own."""
        if len(self.order) < self.plan.batch:
            self.order = torch.randperm(len(self.pool.facts), generator=self.generator)
        rows, self.order = self.order[: self.plan.batch], self.order[self.plan.batch :]
        return rows

    def _learn(self, rows: Tensor) -> float:
        """Learn from one batch and return its loss.

        The picture tower runs in parts of the batch, one a thread: on a busy machine that is faster than operators
        that wait for all threads each time. The loss is over the whole batch, and its gradient goes back part by part.
        """
        claims, sentences = zip(*self.captions.sample(self.rng), strict=True)
        pixels = normalise(augment(pixels_of(self.pool, rows), self.generator))
        parts = list(self.threads.map(partial(encode_pictures, self.model), pixels.chunk(PARTS)))
        pictures = torch.cat(parts).detach().requires_grad_()
        texts = encode_captions(self.model, self.tokenizer, list(sentences))
        logits = self.model.logit_scale.exp() * pictures @ texts.T
        loss = contrastive_loss(logits, self.table.of(rows, list(claims)))
        self.model.zero_grad()
        torch.autograd.backward(loss)
        self._back_through_pictures(parts, pictures.grad)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
        with torch.no_grad():
            self.model.logit_scale.clamp_(max=math.log(LARGEST_SCALE))
        self.average.update_parameters(self.model)
        return float(loss.detach())

    def _back_through_pictures(self, parts: list[Tensor], gradient: Tensor | None) -> None:
        """Give the picture tower its gradients, those of the parts added up in their order."""
        if gradient is None:
            raise RuntimeError("the loss does not depend on the pictures")
        tower = [p for name, p in self.model.named_parameters() if name.startswith(("vision_", "visual_"))]
        gradients = self.threads.map(
            lambda part: torch.autograd.grad(part[0], tower, part[1]), zip(parts, gradient.chunk(PARTS), strict=True)
        )
        for parameter, *shares in zip(tower, *gradients, strict=True):
            parameter.grad = torch.stack(shares).sum(0)

    def _report(self) -> None:
        figures = {"step": self.step, "loss": self.loss, "minutes": self.minutes, **self.accuracy()}
        self.history.append(figures)
        tqdm.write(" ".join(f"{name} {value:.3f}" for name, value in figures.items()))
        save(self.average.module, self.tokenizer, self.plan.folder / "latest")
        torch.save(self._state(), self.plan.folder / "state.pt")

    def _state(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(), "average": self.average.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "rng": self.rng.getstate(), "generator": self.generator.get_state(), "order": self.order,
            "step": self.step, "minutes": self.minutes, "loss": self.loss, "history": self.history,
        }  # fmt: skip

    def go_on(self) -> None:
        """Go back to the last report of a training that was broken off: its end is as if it had not been."""
        state = torch.load(self.plan.folder / "state.pt", weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        version, numbers, gauss = state["rng"]
        self.rng.setstate((version, tuple(numbers), gauss))
        self.generator.set_state(state["generator"])
        self.order, self.step, self.minutes = state["order"], state["step"], state["minutes"]
        self.loss, self.history = state["loss"], state["history"]

    @torch.no_grad()
    def accuracy(self) -> dict[str, float]:
        """Return top-1 on unseen seeds among all labels, and among the right animal's coats; first templates only."""
        model, captions, facts = self.average.module, self.captions, self.unseen.facts
        batches = torch.split(torch.arange(len(facts)), 256)
        pictures = torch.cat([encode_pictures(model, normalise(pixels_of(self.unseen, rows))) for rows in batches])
        words = [captions.pet_templates[0].replace("{}", claim.words[0]) for claim in captions.labels]
        coats = [captions.fur_templates[0].replace("{}", claim.words[0]) for claim in captions.furs]
        best = (pictures @ encode_captions(model, self.tokenizer, words).T).argmax(1).tolist()
        by_coat = (pictures @ encode_captions(model, self.tokenizer, coats).T).tolist()
        right = [captions.labels[i].label == known.label for i, known in zip(best, facts, strict=True)]
        pets = [hit for hit, known in zip(right, facts, strict=True) if known.label in PETS]
        furs = []
        for scores, known in zip(by_coat, facts, strict=True):
            own = [pair for pair in zip(scores, captions.furs, strict=True) if pair[1].label == known.label]
            if own:
                furs.append(max(own, key=lambda pair: pair[0])[1].detail in known.details)
        return {name: sum(hits) / len(hits) for name, hits in (("all", right), ("pet", pets), ("fur", furs))}
