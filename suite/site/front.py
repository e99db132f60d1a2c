"""The front pages: findings in README and its Chinese sister, every sentence in ``rendered/``.

``make publish`` writes them from the claims that are published; a reader's first answers are never
typed. ``front`` in the study's sentences names the claim that stands for a sentence there.
"""

import textwrap
from pathlib import Path

from suite.project import FAILED, RENDERED, ROOT, Stop, shown, write_text
from suite.site import sentences

MARKS = ("<!-- findings: made by make publish -->", "<!-- end of findings -->")
README = ROOT / "README.md"
CHINESE = ROOT / "README.zh.md"
EVERY = RENDERED / "README.md"
WIDTH = 118
WORDS = {
    "supported": "成立",
    "harm": "有害",
    "no effect": "无影响",
    "undecided": "未定",
    "cannot tell": "无法判断",
}
HEAD = """# What came out

Written by `make publish` from the claims of the notebooks in this folder. It holds every sentence
of the material, in English and Chinese. One that can be true or false gets an answer from its
primary claims, within the scope beside it. A definition or a description says how it is done, and
what it buys here (gain or loss). Behind each stand its claims: the score of an arm against that of
its baseline, the gain with its 95 % interval, and a link to the figure.

The run took seeds from 10,000 on, which nobody had looked at. Arms, contrasts, margins and rules
were fixed before it; many of them after looks at other seeds, as each claim says. Where a network
lies more than a point below scikit-learn on the same data, the notebook marks a fault: read the
claims on such networks (parts of 03a and 03b) with that in mind.

"""


def findings(claims: list[dict]) -> str:
    """README's bullets: verdict, statement, levels, effect, units, scope, link.

    Parameters
    ----------
    claims : list of dict
        As in ``sentences.sentences``.

    Returns
    -------
    str
        Markdown, one bullet for each sentence whose ``front`` was run.
    """
    return "\n".join(_bullet(_english(claim)) for _, claim in pairs(claims))


def chinese(claims: list[dict]) -> str:
    """The same under the Chinese sentences; see ``findings``."""
    return "\n".join(f"- {_in_chinese(entry, claim)}" for entry, claim in pairs(claims))


def pairs(claims: list[dict]) -> list[tuple[dict, dict]]:
    """Sentences with the claim that stands for each on a front page; see ``findings``."""
    by_id = {claim["id"]: claim for claim in claims}
    entries = sentences.sentences(claims)
    return [(entry, by_id[entry["front"]]) for entry in entries if entry.get("front") in by_id]


def every(claims: list[dict]) -> str:
    """The page of all sentences in ``rendered/``; see ``findings``."""
    return f"{HEAD}{sentences.markdown(claims)}\n"


def refresh() -> None:
    """Write all three from what is published.

    Raises
    ------
    Stop
        FAILED, where a page's marks are not there.
    """
    claims = sentences.published()
    for page, text in _marked(claims).items():
        before, after = _around(page)
        write_text(page, f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}")
    write_text(EVERY, every(claims))


def outdated() -> list[str]:
    """What a front page says that is not published, a line each."""
    claims = sentences.published()
    lines = [
        f"{shown(page)}: its findings are not those of rendered/; make publish writes them"
        for page, text in _marked(claims).items()
        if text not in page.read_text()
    ]
    if not EVERY.is_file() or EVERY.read_text() != every(claims):
        lines.append(f"{shown(EVERY)}: not what rendered/ says; make publish writes it")
    return lines


def _marked(claims: list[dict]) -> dict[Path, str]:
    """Page -> what stands between its marks; a study need not have a Chinese page."""
    texts = {README: findings(claims)}
    if CHINESE.is_file():
        texts[CHINESE] = chinese(claims)
    return texts


def _around(page: Path) -> tuple[str, str]:
    """What stands before and after a page's marks."""
    text = page.read_text()
    if not all(text.count(mark) == 1 for mark in MARKS):
        line = f"{shown(page)}: {' and '.join(MARKS)}, each once, mark the place of the findings"
        raise Stop(FAILED, line)
    before, rest = text.split(MARKS[0])
    return before, rest.split(MARKS[1])[1]


def _bullet(text: str) -> str:
    return textwrap.fill(
        f"- {text}",
        WIDTH,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _english(claim: dict) -> str:
    why = f" ({claim['why']})" if claim["why"] else ""
    return (
        f"*{claim['statement']}* **{claim['verdict'].capitalize()}**{why}: {_measured(claim)} "
        f"over {sentences.units(claim)}. Scope: {claim['scope']}. {_link(claim)}"
    )


def _in_chinese(entry: dict, claim: dict) -> str:
    return (
        f"材料说：“{entry['chinese'].strip('。“”')}。”检验的论断：*{claim['statement']}* "
        f"**{WORDS[claim['verdict']]}**（{claim['verdict']}）：{_measured(claim)}，"
        f"{sentences.units(claim)}。范围：{claim['scope']}。{_link(claim)}"
    )


def _measured(claim: dict) -> str:
    return f"{sentences.levels(claim)}, gain {sentences.effect(claim)}"


def _link(claim: dict) -> str:
    return f"([{claim['id']}](rendered/{claim['page']}/figures/{claim['figure']}.png))"
