"""Tag what is in a bucket already: start a backfill, watch it, stop it, take it up again.

    scripts/backfill start s3://BUCKET[/PREFIX] [--concurrency N] [--tolerated PERCENT]
    scripts/backfill start --manifest s3://BUCKET/INVENTORY/manifest.json
    scripts/backfill watch | stop | resume [EXECUTION]         by default the latest one

The stack is --stack (pet-tagger), its region and account those of the AWS environment. Ctrl-C ends watching only.
Exit codes: 0 done, 1 the backfill failed or was stopped, 2 usage, no stack, no execution.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from tqdm import tqdm

from function.api.upload_bucket import parse_s3_url
from function.errors import TaggerError
from tools.scale_model import pictures

if TYPE_CHECKING:
    from types_boto3_stepfunctions import SFNClient

_POLL_S = 5.0
# As in infra/backfill.asl.yaml.
DEFAULT_CONCURRENCY = 5
_ENDED = {"SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"}


class Impossible(Exception):
    """What was asked for cannot be done; the text says why."""


@dataclass(frozen=True)
class Progress:
    """How far an execution is: `done` objects have a result, `failed` ones have none and will not get one."""

    status: str
    total: int = 0
    done: int = 0
    failed: int = 0


class Backfill:
    """The backfills of one state machine."""

    def __init__(self, client: "SFNClient", state_machine_arn: str) -> None:
        self._client, self._arn = client, state_machine_arn

    def start(self, given: dict[str, Any]) -> str:
        """Start one with that input; return its ARN."""
        name = f"backfill-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 1000:03d}"
        answer = self._client.start_execution(stateMachineArn=self._arn, name=name, input=json.dumps(given))
        return answer["executionArn"]

    def latest(self) -> str:
        """Return the ARN of the one that was started last.

        Raises Impossible if there was none.
        """
        executions = self._client.list_executions(stateMachineArn=self._arn, maxResults=100)["executions"]
        if not executions:
            raise Impossible("there was no backfill yet")
        return max(executions, key=lambda execution: execution["startDate"])["executionArn"]

    def progress(self, execution_arn: str) -> Progress:
        """Return how far it is."""
        status = self._client.describe_execution(executionArn=execution_arn)["status"]
        runs = self._client.list_map_runs(executionArn=execution_arn)["mapRuns"]
        if not runs:
            return Progress(status)
        counts = self._client.describe_map_run(mapRunArn=runs[0]["mapRunArn"])["itemCounts"]
        return Progress(status, counts["total"], counts["succeeded"], counts["failed"] + counts["timedOut"])

    def stop(self, execution_arn: str) -> None:
        """Stop it: batches that run are cut off, what has a result keeps it."""
        self._client.stop_execution(executionArn=execution_arn, cause="scripts/backfill stop")

    def resume(self, execution_arn: str) -> str:
        """Take up one that failed or was stopped; return the ARN of the execution that does the rest.

        Step Functions goes on where it was, for two weeks; after that, or where that is not to be had, a new execution
        goes over all objects and skips those that have a result.
        """
        execution = self._client.describe_execution(executionArn=execution_arn)
        if execution["status"] not in _ENDED:
            return execution_arn
        if execution["status"] == "SUCCEEDED":
            raise Impossible("it has succeeded: there is nothing left to do")
        try:
            self._client.redrive_execution(executionArn=execution_arn)
        except ClientError as error:
            say(f"it cannot go on where it was ({error.response['Error']['Code']}): going over all again")
            return self.start(json.loads(execution["input"]))
        return execution_arn


def watch(
    progress: Callable[[], Progress], dollars_each: float, poll_s: float = _POLL_S, is_shown: bool | None = None
) -> Progress:
    """Show a progress bar (by default on a terminal only) until the execution has ended; return how it ended."""
    with tqdm(unit=" objects", smoothing=0.1, disable=None if is_shown is None else not is_shown) as bar:
        while True:
            now = progress()
            bar.total = now.total or None
            bar.set_postfix_str(
                f"failed {now.failed:,}, about ${(now.total - now.done - now.failed) * dollars_each:,.2f} left"
            )
            bar.update(now.done + now.failed - bar.n)
            if now.status in _ENDED:
                return now
            time.sleep(poll_s)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    given = _parse(arguments)
    try:
        backfill = Backfill(boto3.client("stepfunctions"), given.state_machine or _state_machine(given.stack))
        return _run(given, backfill)
    except (Impossible, TaggerError, ClientError, BotoCoreError) as error:
        say(str(error))
        return 2
    except KeyboardInterrupt:
        say("not watching any more; the backfill goes on. See: scripts/backfill watch, scripts/backfill stop")
        return 130


def _run(given: argparse.Namespace, backfill: Backfill) -> int:
    if given.command == "start":
        say(concurrency_warning(boto3.client("lambda"), given.concurrency or DEFAULT_CONCURRENCY))
    named = None if given.command == "start" else given.execution or backfill.latest()
    execution_arn = named or backfill.start(_input(given))
    if given.command == "stop":
        backfill.stop(execution_arn)
    if given.command == "resume":
        execution_arn = backfill.resume(execution_arn)
    say(execution_arn)
    # The dearer kind: an estimate that turns out too high is the better surprise.
    dollars_each = max(picture.dollars for picture in pictures().values())
    end = watch(lambda: backfill.progress(execution_arn), dollars_each, given.poll_s)
    say(f"{end.status}: {end.done:,} of {end.total:,} objects done, {end.failed:,} failed")
    return 0 if end.status == ("ABORTED" if given.command == "stop" else "SUCCEEDED") else 1


def _input(given: argparse.Namespace) -> dict[str, Any]:
    """Return the input of the state machine that the arguments ask for.

    Raises Impossible or MalformedBody.
    """
    if bool(given.source) == bool(given.manifest):
        raise Impossible("name either s3://BUCKET[/PREFIX] or --manifest s3://BUCKET/KEY")
    options = {"concurrency": given.concurrency, "tolerated": given.tolerated}
    asked: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    if given.manifest:
        manifest = parse_s3_url(given.manifest)
        return {"manifest": {"bucket": manifest.bucket, "key": manifest.key}, **asked}
    bucket, _, prefix = given.source.removeprefix("s3://").partition("/")
    if not given.source.startswith("s3://") or not bucket:
        raise Impossible(f"{given.source} is not s3://BUCKET[/PREFIX]")
    return {"bucket": bucket, "prefix": prefix, **asked}


def concurrency_warning(client: Any, concurrency: int) -> str:
    """Return a warning if the backfill may use over two thirds of the account's concurrent executions, else nothing."""
    try:
        limit = client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    except ClientError as error:
        return f"warning: the account's concurrency is unknown ({error.response['Error']['Code']})"
    if concurrency <= limit * 2 / 3:
        return ""
    return (
        f"warning: this account runs {limit} functions at the same time, and the backfill may use {concurrency} of "
        f"them, so the API may be throttled. Use --concurrency {max(1, limit // 2)}, or request a higher quota."
    )


def _state_machine(stack: str) -> str:
    """Return the state machine of the stack.

    Raises Impossible if it has none, ClientError if there is no such stack.
    """
    (found,) = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    if "BackfillArn" not in outputs:
        raise Impossible(f"the stack {stack} has no output BackfillArn")
    return outputs["BackfillArn"]


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/backfill", description="Tag what is in a bucket already.")
    parser.add_argument("--stack", default="pet-tagger", help="the stack (default: %(default)s)")
    parser.add_argument("--state-machine", metavar="ARN", help="its state machine, instead of the stack's output")
    parser.add_argument(
        "--poll-s", type=float, default=_POLL_S, help="seconds between two looks (default: %(default)s)"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    start = commands.add_parser("start", help="start one, and watch it")
    start.add_argument("source", nargs="?", metavar="s3://BUCKET[/PREFIX]", help="which objects")
    start.add_argument("--manifest", metavar="s3://BUCKET/KEY", help="those of an S3 inventory instead")
    start.add_argument("--concurrency", type=int, metavar="N", help="maximum number of concurrent batches (default: 5)")
    start.add_argument("--tolerated", type=int, metavar="PERCENT", help="of objects that may fail (default: 5)")
    for name, what in (
        ("watch", "show how far it is"),
        ("stop", "stop it; what is done stays done"),
        ("resume", "take it up again where it was, and watch it"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument("execution", nargs="?", metavar="EXECUTION", help="its ARN (default: the latest)")
    return parser.parse_args(arguments)


def say(text: str) -> None:
    """Print a line to standard error, unless it is empty."""
    if text:
        print(f"backfill: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
