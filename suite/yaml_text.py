"""YAML 1.2, with one line for whatever is none."""

import io

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import YAMLError

from suite.project import ROOT, SETTINGS, USAGE, Stop, shown


def load(place: str, text: str | bytes):
    """The content of a YAML text.

    Parameters
    ----------
    place : str
        Where it stands, for messages.
    text : str or bytes
        The text.

    Returns
    -------
    object
        A dict, list, text, number, bool or None.

    Raises
    ------
    Stop
        USAGE, one line.
    """
    source = io.BytesIO(text) if isinstance(text, bytes) else text
    try:
        return YAML(typ="safe", pure=True).load(source)
    except DuplicateKeyError as error:
        problem = str(error.problem).split(" with value")[0]
        line = f"{place}, line {error.problem_mark.line + 1}: {problem}"
    except YAMLError as error:
        line = _not_yaml(place, error)
    except UnicodeDecodeError:
        line = f"{place}: not UTF-8 text"
    except (ValueError, RecursionError) as error:
        # A tag or date that does not hold, a number or nesting without end.
        line = f"{place}: not YAML: {' '.join(str(error).split())[:200]}"
    raise Stop(USAGE, line)


def of_study(name: str):
    """What one of the study's files holds.

    Parameters
    ----------
    name : str
        What ``[tool.suite]`` calls it.

    Returns
    -------
    object
        As of ``load``.

    Raises
    ------
    Stop
        As of ``load``.
    """
    path = ROOT / SETTINGS[name]
    return load(shown(path), path.read_text())


def _not_yaml(place: str, error: YAMLError) -> str:
    """The parser's complaint in one line, with the number of the line it stands in."""
    mark = getattr(error, "problem_mark", None)
    where = f", line {mark.line + 1}" if mark else ""
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"{place}{where}: not YAML: {problem}"
