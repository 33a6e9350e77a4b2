"""Build time: a CLIP checkpoint and `labels.toml` become a baked model folder.

    python -m function.bake --model ID_OR_FOLDER --out DIR     bake
    python -m function.bake --verify DIR                       check every byte of a baked folder
    python -m function.bake --check [--labels FILE]            check labels, bake nothing

Exit codes: 0 done, 2 what was given does not fit, 3 the model hub could not be reached.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from torch import Tensor

from function.clip.text_encoder import TextEncoder
from function.errors import CheckpointError, HubUnreachable, ModelError
from function.model import baked_folder
from function.model.baked_folder import BakedModel, Manifest
from function.model.checkpoint import DEFAULT_MODEL, Checkpoint
from function.model.config import TextConfig
from function.model.digests import describe_files
from function.model.tensor_file import TensorFile
from function.tagging.bank import LabelBank
from function.tagging.labels import LABELS_TOML, LabelSet
from function.tagging.prompts import embed_words


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    options = _parse(arguments)
    try:
        if options.check:
            print("\n".join(summary(options.labels)))
        elif options.verify:
            manifest = baked_folder.verify(options.verify)
            _say(f"{options.verify}: {manifest.model_name}, {len(manifest.files)} files, all as the manifest says")
        else:
            bake(options.model, options.revision, options.labels, options.out)
    except ModelError as error:
        _say(str(error))
        return 3 if isinstance(error, HubUnreachable) else 2
    return 0


def summary(labels_path: Path) -> list[str]:
    """Return what a labels file holds: a line for it all, and one for each group.

    Raises LabelsError if it does not make sense.
    """
    labels = LabelSet.read(labels_path)
    count = sum(len(group.labels) for group in labels.groups)
    lines = [f"{labels_path}: groups {len(labels.groups)}, labels {count}, embeddings {labels.size}"]
    for group in labels.groups:
        line = f"  {group.name}: labels {len(group.labels)}, background {len(group.background)}"
        line += f", templates {len(group.templates)}"
        lines.append(line + (f"; of {group.parent}: {', '.join(group.parent_labels)}" if group.parent else ""))
    return lines


def bake(model: str, revision: str | None, labels_path: Path, out: Path) -> None:
    """Bake `model`, a hub id or a folder, into `out`; nothing happens if that is what `out` already holds.

    `out` is only replaced once all is written and verified. Raises LabelsError, CheckpointError or HubUnreachable.
    """
    labels = LabelSet.read(labels_path)
    if out.exists() and not (out / baked_folder.MANIFEST).is_file() and any(out.iterdir()):
        raise CheckpointError(f"{out}: exists, and is not a baked model folder: it will not be overwritten")
    checkpoint = Checkpoint.named(model, revision)
    if not _holds(out, checkpoint, labels):
        _say(f"looking for {checkpoint.name}")
        checkpoint = checkpoint.download()
    if _holds(out, checkpoint, labels):
        _say(f"{out} already holds {checkpoint.name} with these labels")
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as temporary:
        folder = Path(temporary, "new")
        manifest = _write(checkpoint, labels, folder)
        baked_folder.verify(folder)
        if out.exists():
            out.rename(Path(temporary, "old"))
        folder.rename(out)
    size = sum(entry["bytes"] for entry in manifest.files.values())
    _say(f"baked {checkpoint.name} into {out}: {size / 1e6:.0f} MB")


def _holds(out: Path, checkpoint: Checkpoint, labels: LabelSet) -> bool:
    """Return whether `out` is, for certain, what baking `source` with `labels` would give."""
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
    from function.model import conversion  # noqa: PLC0415 - Transformers takes seconds to import, errors come sooner

    _say("reading the checkpoint")
    model = conversion.convert(checkpoint.files, folder)
    _embed_labels(labels, folder, model.text)
    manifest = Manifest(
        model_id=checkpoint.model_id,
        revision=checkpoint.revision,
        logit_scale=model.logit_scale,
        vision=model.vision,
        text=model.text,
        labels_digest=labels.digest,
        source=checkpoint.digests(),
        versions={name: version(name) for name in ("transformers", "torch", "tokenizers", "safetensors")},
        files=describe_files(folder, without=baked_folder.MANIFEST),
    )
    manifest.write(folder)
    for path in folder.rglob("*"):  # safetensors files come out readable by their owner only
        path.chmod(0o755 if path.is_dir() else 0o644)
    return manifest


def _embed_labels(labels: LabelSet, folder: Path, config: TextConfig) -> None:
    """Write the label bank, encoded with the text tower that `folder` already holds."""
    from tqdm import tqdm  # noqa: PLC0415

    weights = TensorFile(folder / baked_folder.TEXT)
    encode = TextEncoder(weights, folder / baked_folder.TOKENIZER, config)
    with tqdm(desc="bake: labels", unit=" label", total=labels.size, disable=None) as progress:

        def embed(words: str, templates: tuple[str, ...]) -> Tensor:
            progress.update()
            return embed_words(words, templates, encode)

        LabelBank.embed(labels, embed).save(folder)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m function.bake", description="Bake a CLIP checkpoint with labels.")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="hub id or folder (default: %(default)s)")
    parser.add_argument("--revision", help="commit of a hub model (default: the pinned one, or the newest)")
    here = Path.cwd()  # messages name the file as one would type it
    labels = LABELS_TOML.relative_to(here) if LABELS_TOML.is_relative_to(here) else LABELS_TOML
    parser.add_argument("--labels", type=Path, default=labels, help="labels file (default: function/labels.toml)")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--out", type=Path, help="the baked folder to write")
    action.add_argument("--verify", type=Path, metavar="DIR", help="check every byte of a baked folder instead")
    action.add_argument("--check", action="store_true", help="check the labels instead, and say what they are")
    return parser.parse_args(arguments)


def _say(text: str) -> None:
    print(f"bake: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
