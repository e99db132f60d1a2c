"""The commands of ``python -m suite COMMAND``, and what each does."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from suite import build, parameters, plan, process, publish, reference, sweep, verify
from suite.project import OK, PROFILES, RESULTS, USAGE

JOBS = "how many at a time"


def run(words: list[str], start=None) -> int:
    """Parse and dispatch.

    Parameters
    ----------
    words : list of str
        The command line without the program.
    start : callable, optional
        How a notebook's process is started: see ``process.Running``.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    Stop
        For every expected error: the code, and one line.
    """
    options = _parser().parse_args(words, argparse.Namespace(start=start))
    return options.run(options)


def _parser() -> argparse.ArgumentParser:
    """All commands; each says in ``run`` what it does."""
    parser = _Parser(prog="python -m suite", description="The command line behind make.")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    for name, (text, action) in SECTION_COMMANDS.items():
        command = commands.add_parser(name, help=text)
        command.set_defaults(run=action)
        command.add_argument("sections", nargs="*")
        command.add_argument("--profile", default="default")
        command.add_argument("--jobs", type=int, default=1, help=JOBS)
        if action in (_build, _why):
            command.add_argument(
                "--set", default="", help="parameters for this run: 'splits=4 n_lams=12'"
            )
            command.add_argument(
                "--table", default="", help="a table of yours, after make diagnose"
            )
            for word in ("task", "target"):
                command.add_argument(f"--{word}", default="", help="which reading of the table")
        if action is _build:  # a worker of a sweep: end when it does
            command.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    _add_sweep(commands)
    command = commands.add_parser("data", help="fetch every archive of a profile")
    command.set_defaults(run=_data)
    command.add_argument("--profile", choices=PROFILES, default="default")
    command = commands.add_parser(
        "data-list", help="what is there, what is missing and how to get it"
    )
    command.set_defaults(run=_data_list)
    return parser


def _add_sweep(commands) -> None:
    """The command of sweeps."""
    command = commands.add_parser(
        "sweep", help="a grid of parameters and seeds over one section, on Dask"
    )
    command.set_defaults(run=_sweep)
    command.add_argument("file", nargs="?", default="", help="params/sweeps/NAME.yaml")
    command.add_argument("--profile", default="", help="instead of the file's")
    command.add_argument("--set", default="", help="not for sweeps: refused with a hint")
    command.add_argument(
        "--scheduler",
        default="",
        help="tcp://HOST:PORT of a Dask scheduler; without it, processes of this machine",
    )
    command.add_argument("--jobs", type=int, default=2, help=JOBS)


@dataclass(frozen=True)
class _Request:
    """What a command is about: checked parameters by section, and the results folder."""

    resolved: dict[str, dict]
    home: Path


def _request(options) -> _Request:
    """Check everything that was asked for, before anything runs."""
    sections = parameters.sections(options.sections)
    overrides = parameters.parse_set(getattr(options, "set", ""))
    reading = [getattr(options, word, "") for word in ("table", "task", "target")]
    table = parameters.ready(*reading)
    resolved = {
        section: parameters.resolve(section, options.profile, overrides, table)
        for section in sections
    }
    variant = parameters.variant(options.profile, {**table, **overrides}, resolved)
    return _Request(resolved, RESULTS / variant)


def _run_stale(request: _Request, options) -> int:
    return build.build(request.home, options.profile, request.resolved, options.jobs, options.start)


def _build(options) -> int:
    if options.parent:
        process.die_with(options.parent)
    request = _request(options)
    return _run_stale(request, options)


def _why(options) -> int:
    request = _request(options)
    for section, params in request.resolved.items():
        lines = plan.differences(request.home / section, section, params)
        print(f"{section}: {'would run' if lines else 'up to date'}")
        for line in lines:
            print(f"  {line}")
    return OK


def _verify(options) -> int:
    request = _request(options)
    code = _run_stale(request, options)
    return code or verify.verify(request.home, list(request.resolved), options.profile)


def _reference(options) -> int:
    request = _request(options)
    code = _run_stale(request, options)
    return code or reference.write(request.home, list(request.resolved), options.profile)


def _publish(options) -> int:
    request = _request(options)
    return publish.publish(request.home, request.resolved)


def _publish_check(options) -> int:
    return publish.check(_request(options).resolved)


def _sweep(options) -> int:
    return sweep.main(options.file, options.profile, options.scheduler, options.set, options.jobs)


def _data(options) -> int:
    from suite import archives  # the data sets bring NumPy, which planning does without

    return archives.fetch_all(options.profile)


def _data_list(options) -> int:
    from suite import archives

    return archives.show()


SECTION_COMMANDS = {
    "build": ("run what is out of date", _build),
    "why": ("say why sections would run", _why),
    "verify": ("build, then compare with reference/", _verify),
    "reference": ("build, and make reference/ of it", _reference),
    "publish": ("copy results of the default profile to rendered/", _publish),
    "publish-check": ("say whether rendered/ is up to date", _publish_check),
}


class _Parser(argparse.ArgumentParser):
    """argparse, saying what is wrong in one line."""

    def error(self, message):
        print(f"{self.prog}: {message} (make help)", file=sys.stderr)
        raise SystemExit(USAGE)
