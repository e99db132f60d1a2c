"""The offline site of a profile: an index with question, claims, gallery and provenance over the sections' pages."""
import functools
import shutil
from pathlib import Path

from mtl_lib.params import SECTIONS
from mtl_lib.suite.project import lock_of, locked, read_json, write_text

ASSETS = Path(__file__).parent / "assets"


def write(home: Path, profile: str) -> Path:
    """Write ``index.html`` and the assets; returns the index. Files that would not change are left alone.

    A page that another version of the template made is made again from its executed notebook.
    """
    with locked(home / ".lock-site"):
        assets(home)
        sections = [found for name in SECTIONS if (found := _section(home, name))]
        claims = [claim | {"page": s["name"]} for s in sections for claim in s["claims"]]
        write_text(home / "index.html", template("index.html.j2").render(profile=profile, sections=sections, claims=claims))
    return home / "index.html"


def assets(home: Path) -> None:
    """Copy stylesheet, script, icon and MathJax beside the pages of ``home``."""
    for source in ASSETS.rglob("*"):
        target = home / "assets" / source.relative_to(ASSETS)
        if source.is_file() and source.suffix != ".j2" and not _same(source, target):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


@functools.cache
def _templates():
    import jinja2  # not needed to find that nothing has changed

    return jinja2.Environment(loader=jinja2.FileSystemLoader(ASSETS), autoescape=True, trim_blocks=True, lstrip_blocks=True,
                              undefined=jinja2.StrictUndefined)


def template(name: str):
    """A template of the assets folder; everything it shows is escaped unless marked safe."""
    return _templates().get_template(name)


def _section(home: Path, name: str) -> dict | None:
    """What the index shows of a section, its page made current first; None without a whole result.

    Where a build holds the section's lock it may be swapping: what it finishes with, it shows itself.
    """
    from mtl_lib.suite import page

    folder = home / name
    with locked(lock_of(home, name), wait=False) as held:
        parts = {part: read_json(folder / f"{part}.json") for part in ("claims", "figures", "provenance")}
        if None in parts.values() or not (folder / "index.html").is_file():
            return None
        if held and not page.current(folder):
            page.write(folder)
    return {"name": name, "title": (SECTIONS[name].__doc__ or name).splitlines()[0], **parts}


def _same(source: Path, target: Path) -> bool:
    return target.is_file() and target.stat().st_size == source.stat().st_size and target.read_bytes() == source.read_bytes()
