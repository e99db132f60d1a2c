"""Server and nodes of a federation on Flower, one terminal each.

Telemetry is off, and nothing is written outside ``.flower/home``.

    .flower/bin/python flower/start.py server --clients 2 --method FedEM
    .flower/bin/python flower/start.py node --name C01 --table mine.csv --server 127.0.0.1:8000

The server listens on this machine only; README shows how nodes elsewhere reach it. When the run is
over, the server ends all it has started.
"""

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
OFF = {"FLWR_TELEMETRY_ENABLED": "0", "RAY_USAGE_STATS_ENABLED": "0", "PYTHONUNBUFFERED": "1"}


def environment(home: Path) -> dict:
    """What a process of Flower sees: its own folder for configuration and apps, and one thread."""
    home.mkdir(parents=True, exist_ok=True)
    return {
        "OMP_NUM_THREADS": "1",
        **os.environ,
        **OFF,
        "FLWR_HOME": str(home),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    }


def superlink(port: int, home: Path, **options) -> subprocess.Popen:
    """A SuperLink on this machine, listening; ``end`` it.

    Raises RuntimeError where it does not start.
    """
    variables = environment(home)
    (home / "config.toml").write_text(
        f'[superlink.here]\naddress = "127.0.0.1:{port}"\ninsecure = true\n'
    )
    flags = ["--insecure", "--disable-runtime-dependency-installation", "--port", str(port)]
    process = subprocess.Popen(
        [BIN / "flower-superlink", *flags], env=variables, start_new_session=True, **options
    )
    while process.poll() is None:
        if listening(f"127.0.0.1:{port}"):
            return process
        time.sleep(0.2)
    raise RuntimeError(f"flower-superlink ended with {process.returncode}; is port {port} taken?")


def supernode(server: str, config: dict, home: Path, **options) -> subprocess.Popen:
    """A SuperNode of ``server`` (address:port) with ``config`` for its app; ``end`` it."""
    command = [
        BIN / "flower-supernode",
        "--insecure",
        "--superlink",
        server,
        "--port",
        str(free_port()),
        "--node-config",
        settings(config),
    ]
    return subprocess.Popen(command, env=environment(home), start_new_session=True, **options)


def run(app: Path, config: dict, home: Path, **options) -> bool:
    """Run an app on the SuperLink that was started with ``home``, showing what it prints.

    Returns whether it came to its end.
    """
    flwr = BIN / "flwr"
    variables = environment(home)
    command = [flwr, "run", app, "here", "--stream", "--run-config", settings(config)]
    subprocess.run(command, env=variables, **options)
    question = [flwr, "ls", "here", "--limit", "1", "--format", "json"]
    listed = subprocess.run(question, env=variables, capture_output=True, text=True)
    return json.loads(listed.stdout)["runs"][0]["status"] == "finished:completed"


def settings(config: dict) -> str:
    """A configuration in the form of Flower's command line."""
    return " ".join(f"{name}={json.dumps(value)}" for name, value in config.items())


def stay(process: subprocess.Popen, server: str, patience: float = 60.0) -> int:
    """Wait for a SuperNode; 0 when the server is gone for ``patience`` seconds.

    Flower's own limit, --max-wait-time, leaves it running.
    """
    heard = time.monotonic()
    while process.poll() is None:
        time.sleep(1)
        heard = time.monotonic() if listening(server) else heard
        if time.monotonic() > heard + patience:
            print(f"no server at {server} for {patience:g} s: the node ends")
            return 0
    return process.returncode


def listening(address: str) -> bool:
    """Whether somebody listens at address:port."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 5).close()
    except OSError:
        return False
    return True


def end(process: subprocess.Popen) -> None:
    """End a process of Flower and all it has started in its group.

    A ClientApp whose SuperNode was killed would stay for good.
    """
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # the group that start_new_session made


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def parser() -> argparse.ArgumentParser:
    """The command line."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    roles = words.add_subparsers(dest="role", required=True)
    server = roles.add_parser("server", help="wait for all nodes, run, show what they tell, end")
    server.add_argument("--clients", type=int, default=2, help="how many nodes to wait for")
    server.add_argument("--method", default="FedEM", help="one of METHODS in flower/federation.py")
    patience = "seconds a round waits for the others once a node has answered"
    server.add_argument("--timeout", type=float, default=120, help=patience)
    server.add_argument("--port", type=int, default=8000)
    server.add_argument("--seed", type=int, default=0, help="of the assay's splits")
    smaller = "the assay with its learning curve: nodes send small cells, which show single rows"
    server.add_argument("--curve", action="store_true", help=smaller)
    server.add_argument("--page", default="", help="where the assay writes its page")
    node = roles.add_parser("node", help="one client; Ctrl-C ends it")
    node.add_argument("--name", required=True)
    node.add_argument("--table", required=True, help="a CSV file on this machine")
    node.add_argument("--server", default="127.0.0.1:8000", help="address:port")
    return words


def begin(options) -> tuple[subprocess.Popen, partial]:
    """(the process of a role, what is done while it lives: returns an exit status)."""
    home = BIN.parent / "home"
    if options.role == "server":
        own = home / f"server-{options.port}"
        process = superlink(options.port, own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        config = {name: getattr(options, name) for name in ("method", "clients", "timeout")}
        config |= {"assay-seed": options.seed, "assay-curve": options.curve}
        config["assay-page"] = str(Path(options.page).resolve()) if options.page else ""
        return process, partial(run_and_report, config, own)
    config = {"name": options.name, "table": str(Path(options.table).resolve())}
    process = supernode(options.server, config, home / f"node-{os.getpid()}")
    return process, partial(stay, process, options.server)


def run_and_report(config: dict, home: Path) -> int:
    """Run the app of this folder; 0 where it came to its end."""
    return 0 if run(HERE, config, home) else 1


def main(words: list[str]) -> int:
    """Parse and run; 0 where all went well."""
    options = parser().parse_args(words)
    if options.role == "node" and not Path(options.table).is_file():
        parser().error(f"no file {options.table}")
    process, work = begin(options)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return work()
    except KeyboardInterrupt:
        return 130
    finally:
        end(process)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
