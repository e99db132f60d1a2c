"""The command line behind make: ``python -m suite COMMAND``.

Exit codes: 0 ok, 1 a notebook or check failed, 2 bad parameter or usage, 3 data missing, 130 interrupted.
"""

import argparse
import sys

from suite.project import INTERRUPTED, OK, RESULTS, USAGE, Stop


def main(words: list[str]) -> int:
    """Parse and dispatch; every expected error is one line on stderr."""
    parser = _Parser(prog="python -m suite", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    for name, text in (
        ("build", "run what is out of date"),
        ("why", "say why sections would run"),
        ("verify", "build, then compare with reference/"),
        ("reference", "make reference/ anew"),
        ("publish", "copy results of the full profile to rendered/"),
        ("publish-check", "say whether rendered/ is up to date"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("sections", nargs="*")
        command.add_argument("--profile", default="default")
        if name in ("build", "why"):
            command.add_argument(
                "--set", default="", help="parameters for this run: 'splits=4 n_lams=12'"
            )
            command.add_argument(
                "--table", default="", help="a table of yours, after make diagnose"
            )
        command.add_argument("--jobs", type=int, default=1)
        if name == "build":
            command.add_argument(
                "--parent", type=int, help=argparse.SUPPRESS
            )  # a worker of a sweep: end when it does
    command = commands.add_parser(
        "sweep", help="a grid of parameters and seeds over one section, on Dask"
    )
    command.add_argument("file", nargs="?", default="", help="params/sweeps/NAME.yaml")
    command.add_argument("--profile", default="", help="instead of the file's")
    command.add_argument("--set", default="", help="not for sweeps: refused with a hint")
    command.add_argument(
        "--scheduler",
        default="",
        help="tcp://HOST:PORT of a Dask scheduler; without it, processes of this machine",
    )
    command.add_argument("--jobs", type=int, default=2, help="so many")
    command = commands.add_parser("data", help="fetch every archive of a profile")
    command.add_argument("--profile", choices=("smoke", "default", "full"), default="default")
    commands.add_parser("data-list", help="what is there, what is missing and how to get it")
    options = parser.parse_args(words)
    try:
        return _run(options)
    except Stop as stop:
        print(stop, file=sys.stderr)
        return stop.code
    except KeyboardInterrupt:
        print("interrupted; earlier results are untouched", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        print(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), file=sys.stderr)
        return 1


def _run(options) -> int:
    if options.command in ("data", "data-list"):
        from suite import archives

        return archives.fetch_all(options.profile) if options.command == "data" else archives.show()
    if options.command == "sweep":
        from suite import sweep

        return sweep.main(
            options.file, options.profile, options.scheduler, options.set, options.jobs
        )
    from suite import build, parameters, plan, verify

    if getattr(options, "parent", None):
        from suite import execute

        execute.die_with(options.parent)
    sections = parameters.sections(options.sections)
    overrides = parameters.parse_set(getattr(options, "set", ""))
    table = parameters.ready(getattr(options, "table", ""))
    resolved = {
        section: parameters.resolve(section, options.profile, overrides, table)
        for section in sections
    }  # refuses before anything runs
    home = RESULTS / parameters.variant(options.profile, {**table, **overrides}, resolved)
    if options.command == "build":
        return build.build(home, options.profile, resolved, options.jobs)
    if options.command == "why":
        for section in sections:
            lines = plan.differences(home / section, section, resolved[section])
            print(
                "\n".join(
                    [
                        f"{section}: {'up to date' if not lines else 'would run'}",
                        *(f"  {line}" for line in lines),
                    ]
                )
            )
        return OK
    if options.command == "reference":
        from suite import reference

        return reference.make_reference(resolved, options.profile)
    if options.command in ("publish", "publish-check"):
        from suite import publish

        return (
            publish.publish(home, resolved)
            if options.command == "publish"
            else publish.check(resolved)
        )
    return build.build(home, options.profile, resolved, options.jobs) or verify.verify(
        home, sections, options.profile
    )


class _Parser(argparse.ArgumentParser):
    """argparse, saying what is wrong in one line."""

    def error(self, message):
        raise SystemExit(_usage(f"{self.prog}: {message} (make help)"))


def _usage(line: str) -> int:
    print(line, file=sys.stderr)
    return USAGE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
