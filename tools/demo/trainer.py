"""Train the text tower, then both towers. An interrupted training can be resumed."""

# ruff: noqa: S311 - seeds keep no secrets

import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm
from transformers import CLIPModel, CLIPTokenizer

from tools.demo.augment import augment, normalise
from tools.demo.captions import CaptionSource
from tools.demo.checkpoint import save
from tools.demo.encode import accuracy, encode_captions, encode_pictures, pixels_of
from tools.demo.loss import TruthTable, contrastive_loss, same_claim
from tools.demo.optimizers import averaged, optimizers_of, rate_share
from tools.demo.pool import PicturePool

LARGEST_SCALE = 100.0  # openai/CLIP clamps exp(logit_scale) here
WORDS_SCALE, WORDS_RATE, WORDS_STEPS = 14.0, 2e-3, 400
PARTS = 8  # of a batch, for the threads: the quicker one takes more of them


@dataclass(frozen=True)
class Plan:
    """Length and learning rates of the training, and the folder of its state."""

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
        """Train to the end of the plan and log loss and accuracy regularly."""
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
        seeds = torch.randint(2**62, (PARTS,), generator=self.generator).tolist()
        parts = list(self.threads.map(self._encode_varied, rows.chunk(PARTS), seeds))
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

    def _encode_varied(self, rows: Tensor, seed: int) -> Tensor:
        varied = augment(pixels_of(self.pool, rows), torch.Generator().manual_seed(seed))
        return encode_pictures(self.model, normalise(varied))

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
        seen = self.average.module, self.tokenizer, self.captions, self.unseen
        figures = {"step": self.step, "loss": self.loss, "minutes": self.minutes, **accuracy(*seen)}
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
        """Resume an interrupted training from its last report; steps after the report are repeated."""
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
