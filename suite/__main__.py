"""The command line behind make: ``python -m suite COMMAND``.

Exit codes: 0 ok, 1 a notebook or check failed, 2 bad parameter or usage, 3 data missing,
130 interrupted.
"""

import sys

from suite.project import FAILED, INTERRUPTED, Stop


def main(words: list[str], start=None) -> int:
    """Run a command; every expected error is one line on stderr.

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
    """
    try:
        from suite import commands  # here, so that Ctrl-C while it loads is one line too

        return commands.run(words, start)
    except Stop as stop:
        print(stop, file=sys.stderr)
        return stop.code
    except KeyboardInterrupt:
        print("interrupted; earlier results are untouched", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        print(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), file=sys.stderr)
        return FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
