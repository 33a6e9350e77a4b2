"""Replaces `aws` and `docker` while a test runs a deployment script."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.programs import ROOT

_AWS = """#!{python}
import json, pathlib, sys
import jmespath
answers = json.loads(pathlib.Path({answers!r}).read_text())
words = sys.argv[1:]
with open({calls!r}, "a") as calls:
    calls.write(json.dumps(words) + "\\n")
option = lambda name: words[words.index(name) + 1] if name in words else ""
name = option("--stack-name") or option("--function-name")
for key in (" ".join(words[:2] + [name]).strip(), " ".join(words[:2])):
    if key in answers:
        answer = answers[key]
        break
else:
    sys.exit(f"fake aws: no answer for {{words}}")
if isinstance(answer, str):
    print(answer)
elif query := option("--query"):
    value = jmespath.search(query, answer)
    print("None" if value is None else "\\t".join(map(str, value)) if isinstance(value, list) else value)
"""


@dataclass
class FakeAws:
    """A folder of stand-ins, first on PATH. `answers` maps "service operation [name]" to a response or to text."""

    folder: Path
    answers: dict[str, Any] = field(default_factory=dict)
    image: dict[str, str] = field(default_factory=lambda: {"architecture": "amd64", "base": ""})

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script with the stand-ins."""
        (self.folder / "answers.json").write_text(json.dumps(self.answers))
        files = {name: str(self.folder / f"{name}.json") for name in ("answers", "calls")}
        self._write("aws", _AWS.format(python=sys.executable, **files))
        architecture, base = self.image["architecture"], self.image["base"]
        self._write(
            "docker", f'#!/bin/sh\ncase "$*" in *Architecture*) echo {architecture} ;; *) echo {base} ;; esac\n'
        )
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}"
        variables = {**kept, "PATH": path, "no_proxy": "*", "AWS_REGION": "eu-central-1", **environment}
        return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False, timeout=60)

    def calls(self, operation: str) -> list[list[str]]:
        """Return the arguments of every call of an operation, such as "lambda delete-function"."""
        file = self.folder / "calls.json"
        calls = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return [call[2:] for call in calls if " ".join(call[:2]) == operation]

    def _write(self, name: str, program: str) -> None:
        file = self.folder / name
        file.write_text(program)
        file.chmod(0o755)


def outputs(**values: str) -> dict[str, Any]:
    """Return what describe-stacks answers for a stack with these outputs."""
    return {"Stacks": [{"Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in values.items()]}]}
