"""Train models/demo from scratch: `make train-demo`.

First the text tower learns which captions say the same; then both learn on drawings and what may be said of them.
"""

import argparse
import json
from pathlib import Path

from tools.demo.captions import CaptionSource
from tools.demo.checkpoint import build_model, build_tokenizer, save
from tools.demo.draw import FIRST_UNSEEN_SEED, PETS
from tools.demo.icons import TRAIN_SETS, fetch
from tools.demo.plot import plot_history
from tools.demo.pool import build
from tools.demo.trainer import Plan, Trainer

UNSEEN_PICTURES = 1500


def train(args: argparse.Namespace) -> None:
    """Draw or read the pictures, train, and write the checkpoint and the plot."""
    icons = [] if args.no_icons else fetch(TRAIN_SETS, args.cache / "icons")
    pool = build(args.cache / "train.npy", range(args.pictures), icons, args.threads)
    unseen_seeds = range(FIRST_UNSEEN_SEED, FIRST_UNSEEN_SEED + UNSEEN_PICTURES)
    unseen = build(args.cache / "unseen.npy", unseen_seeds, [], args.threads)
    captions = CaptionSource(pool.kinds(), set(PETS))
    tokenizer = build_tokenizer(captions.corpus())
    model = build_model(tokenizer, args.seed)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(tokenizer)} tokens")
    plan = Plan(args.steps, args.batch, args.muon_rate, args.adamw_rate, args.report, args.threads, args.cache)
    trainer = Trainer(plan, pool, unseen, captions, tokenizer, model, args.seed)
    if args.resume:
        trainer.go_on()
    else:
        trainer.warm_up_words()
    trainer.run()
    save(trainer.average.module, tokenizer, args.out)
    (args.cache / "history.json").write_text(json.dumps(trainer.history), encoding="utf-8")
    plot_history(trainer.history, args.plot)


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(prog="python -m tools.demo.train", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("models/demo"))
    parser.add_argument("--plot", type=Path, default=Path("models/demo/training.png"))
    parser.add_argument(
        "--cache", type=Path, default=Path("build/demo"), help="pictures, icon sets and the latest state, kept"
    )
    parser.add_argument("--pictures", type=int, default=80_000)
    parser.add_argument("--steps", type=int, default=3200)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--muon-rate", type=float, default=6e-3)
    parser.add_argument("--adamw-rate", type=float, default=2e-3)
    parser.add_argument("--resume", action="store_true", help="go on from the last report of a training broken off")
    parser.add_argument("--report", type=int, default=200, help="steps between two reports")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-icons", action="store_true", help="drawings only, nothing fetched")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
