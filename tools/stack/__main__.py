"""Run the stack of template.yaml on this machine, without an AWS account.

    python -m tools.stack up        start it, or update it after a change
    python -m tools.stack down      remove it with its containers and files

It needs Docker. The image is built with the demo model, unless $MODEL_ID names another one.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tools.stack import emulator as emulators
from tools.stack.deployment import IMAGE, api_key, deploy, write_environment
from tools.stack.emulator import ROOT, StackError

STACK = "pet-tagger-local"
PICTURE = "tests/pictures/cat/hand-made-1.png"  # every model tags it, the demo model too


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.stack", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("command", choices=("up", "down"))
    parser.add_argument("--port", type=_port, default=4566, help="port of the emulator (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=ROOT / "build/stack", help="folder of its files")
    parser.add_argument("--no-build", action="store_true", help=f"use the image {IMAGE} without building it again")
    options = parser.parse_args(arguments)
    try:
        if options.command == "down":
            emulators.stop(options.folder)
            say("the stack is removed; the image stays")
        else:
            _up(options.folder, options.port, is_built=options.no_build)
    except (StackError, subprocess.CalledProcessError) as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("interrupted. To continue: make stack. To remove what has started: make stack-down")
        return 130
    return 0


def _port(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= 65_535:
        return int(text)
    raise argparse.ArgumentTypeError("must be a number from 1 to 65535")


def _up(folder: Path, port: int, *, is_built: bool) -> None:
    started = time.monotonic()
    emulators.require_docker()
    emulator = emulators.running(folder)
    if emulator is None or not emulators.is_alive(emulator):
        emulators.stop(folder)  # what a restart of the machine has left
        say(f"1/3 starts MiniStack on port {port}")
        emulator = emulators.start(folder, port)
    else:
        say(f"1/3 uses the running MiniStack on port {emulator.port}")
    say("2/3 builds the image (some minutes the first time)")
    if not is_built:
        build_image(os.environ.get("MODEL_ID", "models/demo"))
    say(f"3/3 deploys template.yaml as {STACK}")
    outputs = deploy(emulator, STACK)
    write_environment(emulator, outputs, folder / "env")
    say(f"ready after {time.monotonic() - started:.0f} s")
    print(_summary(outputs, api_key(emulator, outputs), folder / "env"))


def build_image(model: str) -> None:
    """Build the image with SAM, which reuses the layers of the last build."""
    command = ["scripts/sam.sh", "build", "--parameter-overrides", f"ModelId={model}"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)  # noqa: S603


def _summary(outputs: dict[str, str], key: str, environment: Path) -> str:
    return f"""
URL              {outputs["TagUrl"]}
API key          {key}
upload bucket    {outputs["UploadBucketName"]}
results bucket   {outputs["ResultsBucketName"]}

  curl -H 'x-api-key: {key}' -F file=@{PICTURE} {outputs["TagUrl"]}

  source {os.path.relpath(environment)}        # the AWS CLI and scripts/ then use this stack
  aws s3 cp {PICTURE} s3://{outputs["UploadBucketName"]}/
  aws s3 ls --recursive s3://{outputs["ResultsBucketName"]}/
  make stack-down"""


def say(text: str) -> None:
    """Print a line to standard error."""
    print(f"stack: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
