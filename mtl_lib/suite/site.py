"""The offline site of a profile: question, map, claims, gallery and provenance over the sections' pages, and the claims as a page and a table."""
import functools
import shutil
from pathlib import Path

from mtl_lib.params import SECTIONS
from mtl_lib.suite import material
from mtl_lib.suite.project import lock_of, locked, read_json, write_text

ASSETS = Path(__file__).parent / "assets"


def write(home: Path, profile: str) -> Path:
    """Write ``index.html``, ``claims.html``, ``claims.csv`` and the assets; returns the index. Files that would not change are left alone.

    A page that another version of the template made, or that stands beside other sections than before, is made again from its executed notebook.
    """
    with locked(home / ".lock-site"):
        assets(home)
        there = pages(home)
        sections = [found for name in there if (found := _section(home, name, there))]
        claims = [claim | {"page": s["name"]} for s in sections for claim in s["claims"]]
        shown = {"profile": profile, "sections": sections, "claims": claims, "sentences": material.sentences(claims), "effect": material.effect}
        for page in ("index.html", "claims.html"):
            write_text(home / page, template(f"{page}.j2").render(**shown))
        write_text(home / "claims.csv", material.table(claims))
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


def pages(home: Path, coming: str | None = None) -> list[str]:
    """The sections that have a page in a results folder, in order, and the one that is about to get one."""
    return [name for name in SECTIONS if name == coming or (home / name / "index.html").is_file()]


def title(name: str) -> str:
    """What a section is called: the first line of its class's docstring."""
    return (SECTIONS[name].__doc__ or name).splitlines()[0] if name in SECTIONS else name


def described(figure: str, alt: str, claims: list[dict]) -> str:
    """A figure's alternative text with what came out: every claim it shows, its effect, interval and verdict. A notebook's last figure,
    "claims", shows them all."""
    shown = claims if figure.endswith("claims") else [claim for claim in claims if claim["figure"] == figure]
    said = [f"{claim['id']}: {material.effect(claim)}, {claim['verdict']}." for claim in shown]
    return " ".join([alt, *said])


def _section(home: Path, name: str, there: list[str]) -> dict | None:
    """What the index shows of a section, its page made current first; None without a whole result. ``there``: the sections that have a page.

    Where a build holds the section's lock it may be swapping: what it finishes with, it shows itself.
    """
    from mtl_lib.suite import page

    folder = home / name
    with locked(lock_of(home, name), wait=False) as held:
        parts = {part: read_json(folder / f"{part}.json") for part in ("claims", "figures", "provenance")}
        if None in parts.values() or not (folder / "index.html").is_file():
            return None
        if held and not page.current(folder, there):
            page.write(folder, there)
    figures = {figure: {**facts, "alt": described(figure, facts["alt"], parts["claims"])} for figure, facts in parts["figures"].items()}
    return {"name": name, "title": title(name), **parts, "figures": figures}


def _same(source: Path, target: Path) -> bool:
    return target.is_file() and target.stat().st_size == source.stat().st_size and target.read_bytes() == source.read_bytes()
