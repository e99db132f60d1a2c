"""How a build is followed: one line a section, with a bar and the minutes that it takes.

In a terminal the lines of running sections are redrawn in place. Elsewhere a section says when it
starts and when it is done. ``VERBOSE=1`` gives a line for every cell instead.
"""

import os
import shutil
import sys
import threading
import time
from pathlib import Path

from suite.project import RENDERED, read_json

BAR = 20  # characters
TICK = 1.0  # seconds between two drawings
SLACK = 0.97  # the fullest bar of a section that still runs


class Screen:
    """Where sections show their lines; a context that draws them anew as time passes.

    Parameters
    ----------
    verbose : bool, optional
        A line for every cell. By default, what the environment's VERBOSE says.
    live : bool, optional
        Whether lines are redrawn in place. By default, where stdout is a terminal.
    """

    def __init__(self, verbose: bool | None = None, live: bool | None = None):
        asked = os.environ.get("VERBOSE", "") not in ("", "0")
        self.verbose = asked if verbose is None else verbose
        self.live = (sys.stdout.isatty() if live is None else live) and not self.verbose
        self._running = {}
        self._drawn = 0
        self._lock = threading.Lock()
        self._over = threading.Event()

    def __enter__(self):
        if self.live:
            threading.Thread(target=self._tick, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._over.set()
        with self._lock:
            self._erase()

    def put(self, section: str, progress: "Progress | None") -> None:
        """Show a section's line from now on, or with None no longer."""
        with self._lock:
            self._running.pop(section, None)
            if progress:
                self._running[section] = progress
            self._draw()

    def say(self, line: str, file=None) -> None:
        """Print a line that stays, above those of running sections."""
        with self._lock:
            self._erase()
            print(line, file=file or sys.stdout, flush=True)
            self._draw()

    def _tick(self) -> None:
        while not self._over.wait(TICK):
            with self._lock:
                self._draw()

    def _erase(self) -> None:
        if self._drawn:
            print(f"\x1b[{self._drawn}A\x1b[J", end="", flush=True)
            self._drawn = 0

    def _draw(self) -> None:
        if not self.live or self._over.is_set():
            return
        self._erase()
        width = shutil.get_terminal_size().columns - 1
        for progress in self._running.values():
            print(progress.line()[:width])
        self._drawn = len(self._running)
        sys.stdout.flush()


class Progress:
    """How far a section is.

    Parameters
    ----------
    section : str
        The notebook's name.
    screen : Screen
        Where it is shown.
    expected : float, optional
        Seconds that it took the last time; without them the bar counts cells.
    """

    def __init__(self, section: str, screen: Screen, expected: float | None = None):
        self.section = section
        self.screen = screen
        self.expected = expected
        self.start = time.time()
        self.share = 0.0
        self.title = ""

    @property
    def seconds(self) -> float:
        """Since it started."""
        return time.time() - self.start

    def begin(self) -> None:
        """The notebook starts."""
        if not self.screen.verbose and not self.screen.live:
            about = f", about {minutes(self.expected)}" if self.expected else ""
            self.screen.say(f"{self.section}: running{about}")
        self.screen.put(self.section, self)

    def cell(self, place, of: int | None, title: str) -> None:
        """A cell starts: its number, that of the last one if it is known, and what it is about."""
        if self.screen.verbose:
            number = f"{place}/{of}" if of else place
            self(f"cell {number}  {title}")
        self.title = title
        if of:
            self.share = (place - 1) / of
        if self.screen.live:
            self.screen.put(self.section, self)

    def done(self) -> None:
        """The result is in its place."""
        self.screen.put(self.section, None)
        if self.screen.verbose:
            self("done")
        else:
            self.screen.say(f"{self.section:<40}  [{'#' * BAR}]  {minutes(self.seconds)}")

    def stop(self) -> None:
        """It ended otherwise: somebody else says how."""
        self.screen.put(self.section, None)

    def complain(self, line: str) -> None:
        """What went wrong, on stderr."""
        self.screen.say(line, sys.stderr)

    def line(self) -> str:
        """Its line while it runs: a bar, minutes, and the heading of the cell that runs."""
        share = self.seconds / self.expected if self.expected else self.share
        full = int(BAR * min(share, SLACK))
        bar = "#" * full + "." * (BAR - full)
        of = f" of about {minutes(self.expected)}" if self.expected else ""
        return f"{self.section:<40}  [{bar}]  {minutes(self.seconds)}{of}  {self.title}"

    def __call__(self, text: str) -> None:
        """An event: section, seconds since it started, what."""
        self.screen.say(f"{self.section}  {self.seconds:5.0f} s  {text}")


def expected(place: Path, profile: str) -> float | None:
    """Seconds that a section took the last time.

    Parameters
    ----------
    place : Path
        Where its result is.
    profile : str
        Of the build; what is published is of the default one.

    Returns
    -------
    float or None
        From its last result, else from what is published; None where neither is there.
    """
    places = [place] + ([RENDERED / place.name] if profile == "default" else [])
    for folder in places:
        provenance = read_json(folder / "provenance.json")
        if provenance and "seconds" in provenance:
            return provenance["seconds"]
    return None


def minutes(seconds: float) -> str:
    """``45 s`` or ``3.2 min``."""
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.1f} min"
