"""How numbers and arms are called: names of metrics, shares in per cent."""

import re


def plain(name: str) -> str:
    """A name as that of a metric or an A/A panel.

    Parameters
    ----------
    name : str
        In words, such as ``"exam/nmse/single task, penalised intercept"``.

    Returns
    -------
    str
        Lower case; one "-" for every run of other characters than letters, digits, ".", "/", "=".
    """
    return re.sub("[^a-z0-9./=]+", "-", name.lower()).strip("-")


def percent(share: float) -> str:
    """A share in per cent, with a space that no line breaks at.

    Parameters
    ----------
    share : float
        0.1 is "10 %".

    Returns
    -------
    str
        With as many digits as the share has, six at most.
    """
    return f"{100 * share:g}\N{NO-BREAK SPACE}%"
