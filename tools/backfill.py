"""Start, watch, stop and resume backfills, which tag the objects that a bucket already contains.

    scripts/backfill start s3://BUCKET[/PREFIX] [--concurrency N] [--tolerated PERCENT]
    scripts/backfill start --manifest s3://BUCKET/INVENTORY/manifest.json
    scripts/backfill watch | stop | resume [EXECUTION]         default: the latest execution

--stack names the stack (default: pet-tagger). Region and account come from the AWS environment. Ctrl-C only stops
watching: the backfill keeps running.
Exit codes: 0 succeeded, 1 the backfill failed or was stopped, 2 wrong usage, no such stack or execution.
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
    """Raised if the command cannot be run. The message contains the reason."""


@dataclass(frozen=True)
class Progress:
    """Progress of an execution: `done` objects have a result, `failed` objects have none.

    `reason` says why the execution failed.
    """

    status: str
    total: int = 0
    done: int = 0
    failed: int = 0
    reason: str = ""


class Backfill:
    """Starts, stops and resumes the executions of one state machine."""

    def __init__(self, client: "SFNClient", state_machine_arn: str) -> None:
        self._client, self._arn = client, state_machine_arn

    def start(self, execution_input: dict[str, Any]) -> str:
        """Start an execution and return its ARN."""
        name = f"backfill-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 1000:03d}"
        answer = self._client.start_execution(stateMachineArn=self._arn, name=name, input=json.dumps(execution_input))
        return answer["executionArn"]

    def latest(self) -> str:
        """Return the ARN of the latest execution.

        Raises Impossible if there is none.
        """
        executions = self._client.list_executions(stateMachineArn=self._arn, maxResults=100)["executions"]
        if not executions:
            raise Impossible("no backfill has been started yet")
        return max(executions, key=lambda execution: execution["startDate"])["executionArn"]

    def progress(self, execution_arn: str) -> Progress:
        """Return the progress of an execution."""
        execution = self._client.describe_execution(executionArn=execution_arn)
        reason = execution.get("cause") or execution.get("error", "")
        runs = self._client.list_map_runs(executionArn=execution_arn)["mapRuns"]
        if not runs:
            return Progress(execution["status"], reason=reason)
        counts = self._client.describe_map_run(mapRunArn=runs[0]["mapRunArn"])["itemCounts"]
        failed = counts["failed"] + counts["timedOut"]
        return Progress(execution["status"], counts["total"], counts["succeeded"], failed, reason)

    def stop(self, execution_arn: str) -> None:
        """Stop an execution. Running batches are aborted. Existing results are kept."""
        self._client.stop_execution(executionArn=execution_arn, cause="stopped by scripts/backfill stop")

    def resume(self, execution_arn: str) -> str:
        """Resume an execution that failed or was stopped, and return the ARN of the execution that continues it.

        Step Functions can redrive an execution for two weeks. If the redrive is refused, a new execution starts, which
        skips all objects that have a result.
        """
        execution = self._client.describe_execution(executionArn=execution_arn)
        if execution["status"] not in _ENDED:
            return execution_arn
        if execution["status"] == "SUCCEEDED":
            raise Impossible("the backfill has succeeded, so there is nothing to resume")
        try:
            self._client.redrive_execution(executionArn=execution_arn)
        except ClientError as error:
            say(f"redrive refused ({error.response['Error']['Code']}): starting a new execution")
            return self.start(json.loads(execution["input"]))
        return execution_arn


def watch(
    progress: Callable[[], Progress], dollars_each: float, poll_s: float = _POLL_S, is_shown: bool | None = None
) -> Progress:
    """Show a progress bar (by default on a terminal only) until the execution ends; return its last progress."""
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
    options = parse(arguments)
    try:
        backfill = Backfill(boto3.client("stepfunctions"), options.state_machine or state_machine_of(options.stack))
        return _run(options, backfill)
    except (Impossible, TaggerError, ClientError, BotoCoreError) as error:
        say(str(error))
        return 2
    except KeyboardInterrupt:
        say("stopped watching; the backfill keeps running. See: scripts/backfill watch, scripts/backfill stop")
        return 130


def _run(options: argparse.Namespace, backfill: Backfill) -> int:
    if options.command == "start":
        say(concurrency_warning(boto3.client("lambda"), options.concurrency or DEFAULT_CONCURRENCY))
    execution_arn = (
        backfill.start(execution_input_of(options))
        if options.command == "start"
        else options.execution or backfill.latest()
    )
    if options.command == "stop":
        backfill.stop(execution_arn)
    if options.command == "resume":
        execution_arn = backfill.resume(execution_arn)
    say(execution_arn)
    # Use the most expensive kind of image, so that the estimate is not too low.
    dollars_each = max(picture.dollars for picture in pictures().values())
    end = watch(lambda: backfill.progress(execution_arn), dollars_each, options.poll_s)
    say(f"{end.status}: {end.done:,} of {end.total:,} objects done, {end.failed:,} failed")
    say(end.reason)
    return 0 if end.status == ("ABORTED" if options.command == "stop" else "SUCCEEDED") else 1


def execution_input_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return the input of the state machine for these options.

    Raises Impossible or MalformedBody.
    """
    if bool(options.source) == bool(options.manifest):
        raise Impossible("pass either s3://BUCKET[/PREFIX] or --manifest s3://BUCKET/KEY")
    limits = {"concurrency": options.concurrency, "tolerated": options.tolerated}
    limits = {name: value for name, value in limits.items() if value is not None}
    if options.manifest:
        manifest = parse_s3_url(options.manifest)
        return {"manifest": {"bucket": manifest.bucket, "key": manifest.key}, **limits}
    bucket, _, prefix = options.source.removeprefix("s3://").partition("/")
    if not options.source.startswith("s3://") or not bucket:
        raise Impossible(f"{options.source} is not s3://BUCKET[/PREFIX]")
    return {"bucket": bucket, "prefix": prefix, **limits}


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


def state_machine_of(stack: str) -> str:
    """Return the ARN of the stack's state machine.

    Raises Impossible if the stack has no such output, ClientError if the stack does not exist.
    """
    (description,) = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}
    if "BackfillArn" not in outputs:
        raise Impossible(f"the stack {stack} has no output BackfillArn")
    return outputs["BackfillArn"]


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/backfill", description="Tag the objects that a bucket already contains."
    )
    parser.add_argument("--stack", default="pet-tagger", help="the stack (default: %(default)s)")
    parser.add_argument("--state-machine", metavar="ARN", help="the state machine (default: the stack's output)")
    parser.add_argument(
        "--poll-s", type=float, default=_POLL_S, help="seconds between two checks (default: %(default)s)"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    start = commands.add_parser("start", help="start a backfill and watch it")
    start.add_argument("source", nargs="?", metavar="s3://BUCKET[/PREFIX]", help="the objects to tag")
    start.add_argument("--manifest", metavar="s3://BUCKET/KEY", help="tag the objects of an S3 inventory instead")
    start.add_argument("--concurrency", type=int, metavar="N", help="maximum number of concurrent batches (default: 5)")
    start.add_argument(
        "--tolerated", type=int, metavar="PERCENT", help="percentage of objects that may fail (default: 5)"
    )
    for name, what in (
        ("watch", "show the progress"),
        ("stop", "stop the backfill; results are kept"),
        ("resume", "resume the backfill and watch it"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument(
            "execution", nargs="?", metavar="EXECUTION", help="ARN of the execution (default: the latest)"
        )
    return parser.parse_args(arguments)


def say(text: str) -> None:
    """Print a line to standard error, unless it is empty."""
    if text:
        print(f"backfill: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
