"""``make publish``: executed notebooks, figures and claims of a profile, for reading on a code host, and README's table of verdicts."""

import json
import os
import shutil
from pathlib import Path

from suite import plan
from suite.project import FAILED, OK, RENDERED, Stop, read_json, write_text
from suite.site import material


def publish(home: Path, resolved: dict[str, dict]) -> int:
    """Copy the results of the sections in ``home`` to ``rendered/``, and gather all claims there.

    Raises Stop if a result is missing or out of date.
    """
    for section, params in resolved.items():
        why = plan.differences(home / section, section, params)
        if why:
            raise Stop(FAILED, f"{section}: {why[0]}; run make PROFILE={home.name} {section} first")
    for section in resolved:
        source, target, partial = (
            home / section,
            RENDERED / section,
            RENDERED / f".partial-{section}",
        )
        shutil.rmtree(partial, ignore_errors=True)
        (partial / "figures").mkdir(parents=True)
        for name in ("notebook.ipynb", "metrics.json", "claims.json", "provenance.json"):
            shutil.copyfile(source / name, partial / name)
        for figure in (source / "figures").glob("*.png"):
            shutil.copyfile(figure, partial / "figures" / figure.name)
        shutil.rmtree(target, ignore_errors=True)
        os.rename(partial, target)
    write_text(
        RENDERED / "claims.json",
        json.dumps(material.published(), indent=1, ensure_ascii=False) + "\n",
    )
    material.refresh_readme()
    return OK


def check(resolved: dict[str, dict]) -> int:
    """``make publish-check``, before a release: whether ``rendered/`` is what today's sources would give, and README what ``rendered/`` says.

    Prints what differs, one line each, and returns FAILED if anything does; nothing is run.
    """
    lines = []
    for section, params in resolved.items():
        provenance = read_json(RENDERED / section / "provenance.json")
        why = (
            plan.changes(provenance["inputs"], section, params) if provenance else ["not published"]
        )
        lines += [f"rendered/{section}: {line}" for line in why]
        if provenance and provenance.get("dirty"):
            lines.append(f"rendered/{section}: was run with local changes")
    if material.markdown(material.published()) not in material.README.read_text():
        lines.append(
            "README.md: its table of verdicts is not that of rendered/; make publish writes it"
        )
    print("\n".join(lines) or "rendered/ and README's verdicts are those of today's sources")
    return FAILED if lines else OK
