"""Start and stop MiniStack, which listens on the loopback and on Docker's bridge only."""

import ipaddress
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
REGION = "eu-central-1"
_START_S = 120
_STOP_S = 30


class StackError(Exception):
    """Raised if the stack cannot be started. The message says what to do."""


@dataclass(frozen=True)
class Emulator:
    """A running MiniStack. `pid` is its process group."""

    pid: int
    port: int
    host_for_containers: str

    @property
    def url(self) -> str:
        """Address for programs on this machine."""
        return f"http://localhost:{self.port}"

    @property
    def url_for_containers(self) -> str:
        """Address for functions, and for the upload forms that they sign."""
        return f"http://{self.host_for_containers}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which boto3, the AWS CLI and this project's scripts use the emulator."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }


def start(folder: Path, port: int) -> Emulator:
    """Start MiniStack with its files in `folder`; return when it answers.

    Raises StackError if the port is in use, or if MiniStack does not start.
    """
    bridge = _bridge_address()
    hosts = ["127.0.0.1", *([bridge] if bridge else [])]
    for host in hosts:
        _require_free(host, port)
    _install()
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    host_for_containers = bridge or "host.docker.internal"  # Docker Desktop has no bridge, but this name
    binds = [argument for host in hosts for argument in ("--bind", f"{host}:{port}")]
    with (folder / "ministack.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [ROOT / ".venv-ministack/bin/python", "-m", "hypercorn", "ministack.app:app", "--keep-alive", "75", *binds],
            cwd=folder,
            env={
                **os.environ,
                "GATEWAY_PORT": str(port),
                "AWS_ENDPOINT_URL": f"http://{host_for_containers}:{port}",
                "MINISTACK_REGION": REGION,
                "STATE_DIR": str(folder / "state"),
                "S3_DATA_DIR": str(folder / "s3"),
                "TMPDIR": str(folder / "tmp"),
                "IOT_MTLS_ENABLED": "0",  # otherwise it also listens on 0.0.0.0:8883
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    emulator = Emulator(process.pid, port, host_for_containers)
    (folder / "emulator.json").write_text(json.dumps(asdict(emulator)), encoding="utf-8")
    _wait(emulator, process, folder / "ministack.log")
    return emulator


def running(folder: Path) -> Emulator | None:
    """Return the emulator that was started with `folder`, or None."""
    with suppress(FileNotFoundError):
        return Emulator(**json.loads((folder / "emulator.json").read_text(encoding="utf-8")))
    return None


def stop(folder: Path) -> None:
    """Stop the emulator of `folder`, if there is one; remove its containers and all its files.

    Raises StackError if Docker does not answer, because the containers would remain.
    """
    if emulator := running(folder):
        require_docker()
        if is_alive(emulator):
            os.killpg(emulator.pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_S
        while is_alive(emulator) and time.monotonic() < deadline:
            time.sleep(0.1)
        if is_alive(emulator):
            os.killpg(emulator.pid, signal.SIGKILL)
        if containers := containers_of(emulator):
            subprocess.run(["docker", "rm", "--force", "--volumes", *containers], check=True, capture_output=True)  # noqa: S603, S607
    shutil.rmtree(folder, ignore_errors=True)


def containers_of(emulator: Emulator) -> list[str]:
    """Return the ids of the containers that the emulator has started."""
    label = f"label=ministack.instance={socket.gethostname()}:{emulator.port}"
    command = ["docker", "ps", "--all", "--quiet", "--filter", label]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()  # noqa: S603


def is_alive(emulator: Emulator) -> bool:
    """Return whether the process group still runs MiniStack, and not a later process with the same number."""
    command = ["ps", "-A", "-ww", "-o", "pgid=,stat=,command="]  # -ww: as wide as it gets
    processes = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()  # noqa: S603
    return any(
        fields[0] == str(emulator.pid) and not fields[1].startswith("Z") and "/.venv-ministack/" in fields[2]
        for fields in (line.split(None, 2) for line in processes)
    )


def require_docker() -> None:
    """Raise StackError if Docker is not installed or does not answer."""
    if not shutil.which("docker"):
        raise StackError("Docker is not installed. The functions run in it: https://docs.docker.com/get-docker/")
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode != 0:  # noqa: S607
        raise StackError("Docker does not answer. Start it, and check with: docker info")


def _require_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex((host, port)) == 0:
            raise StackError(
                f"{host}:{port} is in use. Stop what uses it (a stack: make stack-down), or use another port: "
                "make stack PORT=4600"
            )


def _bridge_address() -> str:
    """Return the address of Docker's bridge if this machine has it, which Docker Desktop's host does not."""
    command = ["docker", "network", "inspect", "bridge", "--format", "{{json .IPAM.Config}}"]
    config = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)[0]  # noqa: S603
    address: str = config.get("Gateway") or str(ipaddress.ip_network(config["Subnet"])[1])
    with socket.socket() as probe, suppress(OSError):
        probe.bind((address, 0))
        return address
    return ""


def _install() -> None:
    subprocess.run(["scripts/tool.sh", "ministack", "python", "-c", ""], cwd=ROOT, check=True)  # noqa: S607


def _wait(emulator: Emulator, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(f"{emulator.url}/_ministack/health", timeout=5):  # noqa: S310
            return
        time.sleep(0.2)
    raise StackError(f"MiniStack did not start (exit code {process.poll()}):\n{log.read_text()}")
