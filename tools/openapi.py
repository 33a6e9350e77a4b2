"""Write the API's OpenAPI document to docs/openapi.json, or check that the file is up to date.

python -m tools.openapi [--check]
"""

import argparse
import json
import sys
from pathlib import Path

from function.api.app import openapi_document

DOCUMENT = Path(__file__).parent.parent / "docs/openapi.json"


def main() -> int:
    """Run the command line; return its exit code: 1 if the check finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m tools.openapi", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail if the file differs")
    check = parser.parse_args().check
    document = json.dumps(openapi_document(), indent=2, ensure_ascii=False) + "\n"
    if not check:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(document, encoding="utf-8")
    elif not DOCUMENT.exists() or DOCUMENT.read_text(encoding="utf-8") != document:
        print("docs/openapi.json is out of date: run `python -m tools.openapi` and commit", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
