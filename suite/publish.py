"""``make publish``: executed notebooks, figures and claims of a profile, for a code host.

The front pages are made of what is published.
"""

import json
import os
import shutil
from pathlib import Path

from suite import plan
from suite.project import FAILED, OK, RENDERED, Stop, read_json, write_text
from suite.site import front, sentences

FILES = ("notebook.ipynb", "metrics.json", "claims.json", "provenance.json")


def publish(home: Path, resolved: dict[str, dict]) -> int:
    """Copy results to ``rendered/``, and gather all claims there.

    Parameters
    ----------
    home : Path
        The results folder.
    resolved : dict
        Section -> its checked parameters, for every section to publish.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    Stop
        If a result is missing or out of date.
    """
    for section, params in resolved.items():
        why = plan.differences(home / section, section, params)
        if why:
            raise Stop(FAILED, f"{section}: {why[0]}; run make PROFILE={home.name} {section} first")
    for section in resolved:
        _copy(home / section, RENDERED / section)
    claims = json.dumps(sentences.published(), indent=1, ensure_ascii=False)
    write_text(RENDERED / "claims.json", claims + "\n")
    front.refresh()
    return OK


def _copy(source: Path, target: Path) -> None:
    """Replace a published section as a whole."""
    partial = target.with_name(f".partial-{target.name}")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "figures").mkdir(parents=True)
    for name in FILES:
        shutil.copyfile(source / name, partial / name)
    for figure in (source / "figures").glob("*.png"):
        shutil.copyfile(figure, partial / "figures" / figure.name)
    shutil.rmtree(target, ignore_errors=True)
    os.rename(partial, target)


def check(resolved: dict[str, dict]) -> int:
    """``make publish-check``, before a release: is what is published what sources would give?

    Prints what differs, one line each; nothing is run.

    Parameters
    ----------
    resolved : dict
        Section -> its checked parameters.

    Returns
    -------
    int
        FAILED if ``rendered/`` is not what today's sources would give, or a front page not what
        ``rendered/`` says.
    """
    lines = []
    for section, params in resolved.items():
        lines += [f"rendered/{section}: {line}" for line in _outdated(section, params)]
    lines += front.outdated()
    print("\n".join(lines) or "rendered/ and the front pages are those of today's sources")
    return FAILED if lines else OK


def _outdated(section: str, params: dict) -> list[str]:
    """Why what is published of a section is not what today's sources would give."""
    provenance = read_json(RENDERED / section / "provenance.json")
    if not provenance:
        return ["not published"]
    why = plan.changes(provenance["inputs"], section, params)
    if provenance.get("dirty"):
        why.append("was run with local changes")
    return why
