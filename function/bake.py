"""Converts a CLIP checkpoint and `labels.toml` to a baked model folder. Runs at build time only.

    python -m function.bake --model ID_OR_FOLDER --out DIR     bake
    python -m function.bake --verify DIR                       verify the checksums of a baked folder
    python -m function.bake --check [--labels FILE]            check the labels file only

Exit codes: 0 success, 2 invalid checkpoint, labels or folder, 3 the model hub could not be reached.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from torch import Tensor
from tqdm import tqdm

from function.clip.text_encoder import TextEncoder
from function.errors import CheckpointError, HubUnreachable, LabelsError, ModelError
from function.model.baked_folder import MANIFEST, TEXT, TOKENIZER, BakedModel, Manifest, verify
from function.model.checkpoint import DEFAULT_MODEL, Checkpoint
from function.model.config import TextConfig
from function.model.digests import describe_files
from function.model.tensor_file import TensorFile
from function.model.weight_shapes import text_shapes
from function.tagging.bank import LabelBank
from function.tagging.labels import LABELS_TOML, LabelSet


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = _parse(arguments)
    try:
        if options.check:
            _print_summary(options.labels)
        elif options.verify:
            manifest = verify(options.verify)
            _log(f"{options.verify}: {manifest.model_name}, {len(manifest.files)} files match the manifest")
        else:
            bake(options.model, options.revision, options.labels, options.out)
    except ModelError as error:
        _log(str(error))
        return 3 if isinstance(error, HubUnreachable) else 2
    return 0


def _print_summary(labels_path: Path) -> None:
    """Print the totals of a labels file, then a line for each group. Raises LabelsError if the file is invalid."""
    labels = LabelSet.read(labels_path)
    count = sum(len(group.labels) for group in labels.groups)
    print(f"{labels_path}: groups {len(labels.groups)}, labels {count}, embeddings {labels.size}")
    for group in labels.groups:
        parent = f"; of {group.parent}: {', '.join(group.parent_labels)}" if group.parent else ""
        print(
            f"  {group.name}: labels {len(group.labels)}, background {len(group.background)}, "
            f"context {len(group.context)}, templates {len(group.templates)}{parent}"
        )


def bake(model: str, revision: str | None, labels_path: Path, out: Path) -> None:
    """Bake `model`, a hub id or a folder, into `out`. Does nothing if `out` is up to date.

    `out` is replaced only after the new folder is complete and verified.

    Raises LabelsError, CheckpointError or HubUnreachable.
    """
    labels = LabelSet.read(labels_path)
    if out.exists() and not (out / MANIFEST).is_file() and any(out.iterdir()):
        raise CheckpointError(
            f"{out} exists and is not a baked model folder, so it is not overwritten. Choose another --out."
        )
    checkpoint = Checkpoint.named(model, revision)
    if not _is_baked(out, checkpoint, labels):
        _log(f"loading {checkpoint.name}")
        checkpoint = checkpoint.download()
    if _is_baked(out, checkpoint, labels):
        _log(f"{out} already contains {checkpoint.name} with these labels")
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as temporary:
        folder = Path(temporary, "new")
        manifest = _write(checkpoint, labels, folder)
        verify(folder)
        if out.exists():
            out.rename(Path(temporary, "old"))
        folder.rename(out)
    size = sum(entry["bytes"] for entry in manifest.files.values())
    _log(f"baked {checkpoint.name} into {out}: {size / 1e6:.0f} MB")


def _is_baked(out: Path, checkpoint: Checkpoint, labels: LabelSet) -> bool:
    """Return whether `out` is certainly the result of baking `checkpoint` with `labels`."""
    try:
        manifest = BakedModel.open(out).manifest
    except CheckpointError:
        return False
    if (manifest.model_id, manifest.labels_digest) != (checkpoint.model_id, labels.digest):
        return False
    if checkpoint.revision:
        return manifest.revision == checkpoint.revision
    return checkpoint.folder is not None and manifest.source == checkpoint.digests()


def _write(checkpoint: Checkpoint, labels: LabelSet, folder: Path) -> Manifest:
    """Write the whole baked folder and return its manifest."""
    from function.model import conversion  # noqa: PLC0415 - imports Transformers, which takes seconds

    source = checkpoint.digests()  # first, because it fails if the folder holds no checkpoint
    _log("reading the checkpoint")
    model = conversion.convert(checkpoint.files, folder)
    _embed_labels(labels, folder, model.text)
    manifest = Manifest(
        model_id=checkpoint.model_id,
        revision=checkpoint.revision or "",
        logit_scale=model.logit_scale,
        vision=model.vision,
        text=model.text,
        labels_digest=labels.digest,
        source=source,
        versions={name: version(name) for name in ("transformers", "torch", "tokenizers", "safetensors")},
        files=describe_files(folder, without=MANIFEST),
    )
    manifest.write(folder)
    for path in folder.rglob("*"):  # safetensors writes files that only their owner can read
        path.chmod(0o755 if path.is_dir() else 0o644)
    return manifest


def _embed_labels(labels: LabelSet, folder: Path, config: TextConfig) -> None:
    """Write the label bank, encoded with the text tower in `folder`. Raises LabelsError if a prompt is too long."""
    weights = TensorFile(folder / TEXT, text_shapes(config))
    encoder = TextEncoder(weights, folder / TOKENIZER, config)
    limit = config.max_position_embeddings
    with tqdm(desc="bake: labels", unit=" label", total=labels.size, disable=None) as progress:

        def encode(prompts: Sequence[str]) -> Tensor:
            progress.update()
            for text, tokens in zip(prompts, encoder.count_tokens(prompts), strict=True):
                if tokens > limit:
                    raise LabelsError(f"the prompt {text!r} has {tokens} tokens. This model reads at most {limit}.")
            return encoder(prompts)

        LabelBank.embed(labels, encode).save(folder)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m function.bake", description="Bake a CLIP checkpoint with labels.")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="hub id or folder (default: %(default)s)")
    parser.add_argument("--revision", help="commit of a hub model (default: the pinned one, or the newest)")
    here = Path.cwd()  # messages show the relative path, as a user would type it
    labels = LABELS_TOML.relative_to(here) if LABELS_TOML.is_relative_to(here) else LABELS_TOML
    parser.add_argument("--labels", type=Path, default=labels, help="labels file (default: function/labels.toml)")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--out", type=Path, help="the baked folder to write")
    action.add_argument("--verify", type=Path, metavar="DIR", help="verify the checksums of a baked folder instead")
    action.add_argument("--check", action="store_true", help="check the labels file instead and print a summary")
    return parser.parse_args(arguments)


def _log(text: str) -> None:
    print(f"bake: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
