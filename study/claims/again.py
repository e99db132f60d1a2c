"""A/A checks: the baseline of an experiment against itself, trained again with its own choices."""

from dataclasses import dataclass

from study import stats


@dataclass(frozen=True)
class Panel:
    """One A/A check.

    Parameters
    ----------
    tested : stats.Tested
        Trained again, minus trained once.
    margin : float
        The smallest difference that matters there.
    """

    tested: stats.Tested
    margin: float

    @property
    def fails(self) -> bool:
        """Whether two equals differ: not 0, and not surely below what matters."""
        return self.tested.excludes_zero() and not self.tested.within(self.margin)

    @property
    def size(self) -> float:
        """The difference in margins where its interval excludes 0, else 0."""
        return abs(self.tested.effect) / self.margin if self.tested.excludes_zero() else 0.0


def tally(panels: dict[str, Panel]) -> stats.Tally:
    """How many of a notebook's A/A intervals exclude 0, and how many chance gives."""
    return stats.tally([panel.tested for panel in panels.values()])


def doubts(panels: dict[str, Panel]) -> tuple[str, ...]:
    """Why a notebook's A/A checks forbid its verdicts; empty if they hold."""
    counted = tally(panels)
    if counted.in_range():
        return ()
    return (
        f"{counted.excluding} of the notebook's {counted.panels} A/A intervals exclude 0, chance "
        f"gives {counted.least} to {counted.most}",
    )


def noise(panels: dict[str, Panel]) -> float:
    """The largest difference between equals in a notebook, in margins; 0 if none is beyond chance.

    An effect that is no larger is no finding: something other than the arm gave as much.
    """
    return max((panel.size for panel in panels.values()), default=0.0)


def in_words(panels: dict[str, Panel]) -> str:
    """The A/A checks of a notebook in one paragraph."""
    counted = tally(panels)
    if not counted.panels:
        return "No A/A check: nothing here is trained twice."
    held = "as chance gives"
    if not counted.in_range():
        held = "more or fewer than chance gives: every verdict is *cannot tell*"
    return (
        f"A/A checks: the baseline against itself, trained again, in {counted.panels} panels; "
        f"{counted.excluding} of the intervals exclude 0. The binomial 95 % range is "
        f"{counted.least} to {counted.most}: {held}."
    )
