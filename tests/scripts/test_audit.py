"""The audit fails on a known vulnerability. If the database is unreachable, it reports a skip, or fails if required."""

import json
import subprocess
from collections.abc import Callable

from tests.support.http_server import Answer, Request, http_server
from tests.support.programs import completed
from tools.server_process import free_port


def osv(vulnerable: str) -> Callable[[Request], Answer]:
    """Return a database in OSV's form that knows a vulnerability of one package."""

    def answer(request: Request) -> Answer:
        query = json.loads(request.body or "{}")
        vulnerabilities = []
        if query and query["package"]["name"] == vulnerable:
            package = {"name": vulnerable, "ecosystem": "PyPI"}
            affected = [{"package": package, "ranges": [], "versions": [query["version"]]}]
            vulnerabilities = [{"id": "PYSEC-0000-1", "summary": "made up", "affected": affected}]
        return 200, json.dumps({"vulns": vulnerabilities} if vulnerabilities else {}).encode(), {}

    return answer


def audit(url: str, required: str = "") -> subprocess.CompletedProcess[str]:
    environment = {"OSV_URL": url, "REQUIRE_AUDIT": required, "no_proxy": "*"}
    return completed("scripts/audit.sh", environment=environment, timeout_s=300)


def test_fails_on_a_known_vulnerability() -> None:
    with http_server(osv(vulnerable="torch")) as url:
        result = audit(f"{url}/v1/query")
    assert result.returncode == 1
    assert "PYSEC-0000-1" in result.stdout + result.stderr


def test_reports_skipped_packages_if_the_database_is_unreachable() -> None:
    url = f"http://127.0.0.1:{free_port()}/v1/query"
    passed_over, required = audit(url), audit(url, required="1")
    assert (passed_over.returncode, required.returncode) == (0, 1)
    assert "SKIPPED" in passed_over.stderr
