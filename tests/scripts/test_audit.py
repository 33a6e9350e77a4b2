"""The audit fails on a known vulnerability. If the database is unreachable, it reports a skip, or fails if required."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from tests.support.programs import ROOT
from tools.server_process import free_port


@contextmanager
def osv(vulnerable: str) -> Iterator[str]:
    """Serve a database, in OSV's form, that knows a vulnerability of one package; yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            package = {"name": asked["package"]["name"], "ecosystem": "PyPI"}
            affected = [{"package": package, "ranges": [], "versions": [asked["version"]]}]
            known = {"id": "PYSEC-0000-1", "summary": "made up", "affected": affected}
            self._answer({"vulns": [known]} if package["name"] == vulnerable else {})

        def _answer(self, body: object) -> None:
            content = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/query"
        finally:
            server.shutdown()


def audit(url: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["scripts/audit.sh"],
        cwd=ROOT,
        env={**os.environ, "OSV_URL": url, "REQUIRE_AUDIT": "", "no_proxy": "*", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_fails_on_a_known_vulnerability() -> None:
    with osv(vulnerable="torch") as url:
        result = audit(url)
    assert result.returncode == 1
    assert "PYSEC-0000-1" in result.stdout + result.stderr


def test_reports_skipped_packages_if_the_database_is_unreachable() -> None:
    url = f"http://127.0.0.1:{free_port()}/v1/query"
    passed_over, required = audit(url), audit(url, REQUIRE_AUDIT="1")
    assert (passed_over.returncode, required.returncode) == (0, 1)
    assert "SKIPPED" in passed_over.stderr
