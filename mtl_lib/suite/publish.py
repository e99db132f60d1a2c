"""``make publish``: executed notebooks, figures and claims of a profile, for reading on a code host."""
import json
import os
import shutil
from pathlib import Path

from mtl_lib.suite import plan
from mtl_lib.suite.project import FAILED, OK, RENDERED, Stop, read_json, write_text


def publish(home: Path, resolved: dict[str, dict]) -> int:
    """Copy the results of the sections in ``home`` to ``rendered/``, and gather all claims there.

    Raises Stop if a result is missing or out of date.
    """
    for section, params in resolved.items():
        why = plan.differences(home / section, section, params)
        if why:
            raise Stop(FAILED, f"{section}: {why[0]}; run make PROFILE={home.name} {section} first")
    for section in resolved:
        source, target, partial = home / section, RENDERED / section, RENDERED / f".partial-{section}"
        shutil.rmtree(partial, ignore_errors=True)
        (partial / "figures").mkdir(parents=True)
        for name in ("notebook.ipynb", "metrics.json", "claims.json", "provenance.json"):
            shutil.copyfile(source / name, partial / name)
        for figure in (source / "figures").glob("*.png"):
            shutil.copyfile(figure, partial / "figures" / figure.name)
        shutil.rmtree(target, ignore_errors=True)
        os.rename(partial, target)
    claims = [claim for folder in sorted(RENDERED.glob("*/")) for claim in read_json(folder / "claims.json") or []]
    write_text(RENDERED / "claims.json", json.dumps(claims, indent=1, ensure_ascii=False) + "\n")
    return OK
