"""``make publish``: executed notebooks, figures and claims of a profile, for reading on a code host."""
import json
import shutil

from mtl_lib.suite.project import FAILED, OK, RENDERED, RESULTS, Stop, read_json, write_text


def publish(sections: list[str], profile: str) -> int:
    """Copy ``results/PROFILE`` of the sections to ``rendered/``, and gather their claims.

    Raises Stop if a section has no result.
    """
    for section in sections:
        source, target = RESULTS / profile / section, RENDERED / section
        if not (source / "provenance.json").is_file():
            raise Stop(FAILED, f"{section}: no result in results/{profile}; run make PROFILE={profile} {section}")
        shutil.rmtree(target, ignore_errors=True)
        (target / "figures").mkdir(parents=True)
        for name in ("notebook.ipynb", "claims.json", "provenance.json"):
            shutil.copyfile(source / name, target / name)
        for figure in (source / "figures").glob("*.png"):
            shutil.copyfile(figure, target / "figures" / figure.name)
    claims = [claim for folder in sorted(RENDERED.glob("*/")) for claim in read_json(folder / "claims.json") or []]
    write_text(RENDERED / "claims.json", json.dumps(claims, indent=1, ensure_ascii=False) + "\n")
    return OK
