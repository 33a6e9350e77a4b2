"""Runtime hooks of Lambda SnapStart: prepare the process for its snapshot, and renew every process restored from it.

All restored processes begin with the same memory, so nothing that must be unique or that expires may be in it:
    * The random state of Python is shared, so a restored process gets a new one. Ids come from the operating system.
    * The CPUs may differ, so a restored process counts them again.
    * AWS clients and credentials are not in the snapshot, because the first request that needs S3 creates them.
See https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html.
"""

import gc
import random
import time
from importlib import import_module

from function.start import Start
from function.tagging.tagger import Tagger

# Value of AWS_LAMBDA_INITIALIZATION_TYPE.
SNAP_START = "snap-start"


def register_hooks(tagger: Tagger, start: Start) -> None:
    """Register the hooks. Raises ModuleNotFoundError outside of AWS's base images, which have the package."""
    hooks = import_module("snapshot_restore_py")
    hooks.register_before_snapshot(before_snapshot, tagger)
    hooks.register_after_restore(after_restore, tagger, start)


def before_snapshot(tagger: Tagger) -> None:
    """Load what the first requests need, because no request waits for it here."""
    tagger.load_text_encoder()
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def after_restore(tagger: Tagger, start: Start) -> None:
    """Renew what a restored process may not share, and record the restore as this process's start."""
    started = time.perf_counter()
    random.seed()
    tagger.renew_inference_thread()
    start.record("restore", (time.perf_counter() - started) * 1000)
