"""The page of a report: one file that opens offline and prints; its first line is the answer."""

from html import escape

import numpy as np

from mtl_lib.assay.fitting.arms import ABOUT, ALONE, LOW_RANK, POOLED
from mtl_lib.assay.intake.health import counted
from mtl_lib.assay.results import drawings, words
from mtl_lib.assay.results.gains import ENOUGH_TASKS
from mtl_lib.assay.results.style import STYLE
from mtl_lib.assay.results.told import EXPLAINED, PAIRS, short

SAID = {
    "p(x)": "inputs",
    "p(y)": "labels",
    "p(x|y)": "inputs among samples of like label",
    "p(y|x)": "relation of inputs and label",
    "size": "number of samples",
}


def render(report) -> str:
    """The page of a report as text."""
    outcome = report.outcome
    title = report.source.problem.title if report.source else "sites that share no rows"
    sections = [
        *_warnings(report),
        *_gains(report),
        *_sizes(report),
        *_differences(report),
        *_grouping(report),
        *_following(report),
        *_reading(report),
        *_honesty(report),
    ]
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}: what relating its tasks buys</title>\n<style>{STYLE}</style>\n"
        "</head>\n<body>\n<main>\n"
    )
    opening = [
        f'<p class="lead">{escape(report.summary)}</p>',
        f"<h1>{escape(title)}: {len(outcome.names):,} tasks, {outcome.sizes.sum():,} rows</h1>",
    ]
    return head + "\n".join([*opening, *sections]) + "\n</main>\n</body>\n</html>\n"


def _warnings(report) -> list[str]:
    return [f'<p class="warning">{escape(text)}</p>' for text in report.warnings]


def _gains(report) -> list[str]:
    """By how much, and for whom."""
    outcome = report.outcome
    rows = []
    for arm, over in PAIRS:
        if arm in outcome.arms:
            gain = outcome.gain(arm, over)
            values = (100 * gain.value, 100 * gain.low, 100 * gain.high)
            rows.append((f"{short(arm)} over {short(over)}", arm, *values))
    per_task = [
        (f"about the mean over {over}", 100 * outcome.gain(ABOUT, over).per_task)
        for over in (ALONE, POOLED)
    ]
    picture = drawings.intervals(rows, "Gains with their 95 % intervals")
    strip = drawings.dots(per_task, "Gain of each task")
    who = "tasks" if len(outcome.names) >= ENOUGH_TASKS else "folds of just these tasks"
    return [
        "<h2>By how much, and for whom</h2>",
        _figure(picture, f"Gains with 95 % intervals by {who}. Right of 0 is better."),
        *_networks(outcome),
        _figure(strip, "Each dot is a task. Dots left of the line lose."),
        _table(
            ["arm", f"error ({outcome.metric})", "over alone", "over pooled", "tasks that lose"],
            [_arm_row(outcome, arm) for arm in outcome.arms],
        ),
        f'<p class="quiet">Errors of rows held out, each task counting once, after training on '
        f"{100 * outcome.share:.0f} % of the rows. {_unit(outcome.metric)} The last column is the "
        "share of tasks on which an arm is worse than alone, and than pooled.</p>",
        "<dl>",
        *(f"<dt><strong>{a}</strong></dt><dd>{EXPLAINED[a]}</dd>" for a in outcome.arms),
        "</dl>",
    ]


def _networks(outcome) -> list[str]:
    """What sharing a trunk does, where networks were trained."""
    said = words.networks(outcome)
    return [f"<p>{escape(said)}</p>"] if said else []


def _unit(metric: str) -> str:
    """What an error of 1 means."""
    return {
        "nMSE": "Predicting the mean of all has an nMSE of 1.",
        "log-loss": "The log-loss of a fair coin is 0.69.",
        "Poisson deviance": "A Poisson deviance of about 1 is what Poisson noise alone gives.",
    }[metric]


def _arm_row(outcome, arm: str) -> list[str]:
    """An arm in the table of arms."""
    cells = [f"{outcome.error(arm):.4g}"]
    lose = []
    for over in (ALONE, POOLED):
        if arm == over:
            cells.append("")
            continue
        gain = outcome.gain(arm, over)
        cells.append(words.interval(gain) if np.isfinite(gain.value) else "–")
        lose.append(f"{100 * gain.lose:.0f} %")
    return [arm, *cells, " and ".join(lose)]


def _sizes(report) -> list[str]:
    """At which size that changes."""
    outcome = report.outcome
    if not outcome.curve:
        return []
    series: dict[str, list] = {}
    for row in report.gain_rows:
        if row["arm"] in (ALONE, POOLED, ABOUT, LOW_RANK):
            series.setdefault(row["arm"], []).append((row["share"], row["error"]))
    text = "Errors of rows held out, where fewer rows train."
    if len(outcome.curve) > 3:
        tasks = int(np.isfinite(outcome.curve[0][1].errors(ALONE)).sum())
        text += f" The smaller shares were measured on {tasks} of the tasks."
    twice = words.doubled(outcome)
    return [
        "<h2>At which size that changes</h2>",
        _figure(drawings.curves(series, outcome.metric, "Learning curves"), text),
        f"<p>{escape(twice)} A guess from the last two points.</p>" if twice else "",
    ]


def _p(p: float) -> str:
    """A p value; a dash where there is none."""
    if not np.isfinite(p):
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.2g}"


def _differences(report) -> list[str]:
    """How the tasks differ."""
    if not report.measures:
        return []
    rows = []
    for name, measured in report.measures.items():
        shown = _p(measured["p"])
        effect = measured["effect"]
        rows.append(
            [
                SAID[name],
                f"{effect:.3f}" if np.isfinite(effect) else "–",
                shown,
                ". ".join(filter(None, [measured["note"], measured["sees"]])),
            ]
        )
    return [
        "<h2>How the tasks differ</h2>",
        "<p>These explain; the fits above decide. p comes from permuted task labels: 0.005 is the "
        "smallest that 199 permutations can give.</p>",
        _table(["what differs", "effect", "p", "what it sees, and does not"], rows),
    ]


def _grouping(report) -> list[str]:
    """Which tasks go together."""
    if not report.grouping:
        return []
    groups = report.grouping["groups"]
    listed = [
        f"<li>{len(names)}: {escape(', '.join(names[:40]))}{' ...' if len(names) > 40 else ''}</li>"
        for names in groups
    ]
    return [
        "<h2>Which tasks go together</h2>",
        f"<p>{escape(report.grouping['text'])}</p>",
        f"<details><summary>The groups</summary><ol>{''.join(listed)}</ol></details>",
    ]


def _following(report) -> list[str]:
    """What to run next."""
    lines = [
        f"<p>{escape(text)}</p><pre><code>{escape(command)}</code></pre>"
        if command
        else f"<p>{escape(text)}</p>"
        for text, command in report.following
    ]
    return ["<h2>What to run next</h2>", *lines] if lines else []


SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars", " ": "blanks"}
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": "Windows-1252",
    "gb18030": "GB18030",
    "parquet": "columns with types",
}


def _file(table) -> str:
    """How a file was read: rows, encoding, separator, rows that were dropped."""
    cells = f"{table.rows_read:,} rows, {ENCODINGS[table.encoding]}"
    if table.separator:
        separator = SEPARATORS.get(table.separator, table.separator)
        decimal = "comma" if table.decimal == "," else "point"
        cells += f", separated by {separator}, decimal {decimal}"
    dropped = ", ".join(
        f"{counted(count, 'row')} with {why}" for why, count in table.reasons.items()
    )
    return f"{cells}. {f'Dropped: {dropped}.' if dropped else 'No row was dropped.'}"


def _reading(report) -> list[str]:
    """How the data were read, and what was left out."""
    parts = ["<h2>How the data were read</h2>"]
    table = report.source.table if report.source else None
    if table is not None:
        parts.append(f"<p>{escape(_file(table))}</p>")
    target = "; ".join(f"{name} {value}" for name, value in report.target.items())
    if target:
        parts.append(f"<p>Target: {escape(target)}.</p>")
    sizes = report.outcome.sizes
    parts.append(
        f"<p>Tasks have {sizes.min():,} to {sizes.max():,} rows, median "
        f"{int(np.median(sizes)):,}.</p>"
    )
    if report.notes:
        items = "".join(f"<li>{escape(note)}</li>" for note in report.notes)
        parts.append(f"<ul>{items}</ul>")
    if table is not None:
        rows = [
            [c.name, c.kind, f"{c.count:,}", f"{100 * c.missing:.1f} %", c.note]
            for c in table.columns
        ]
        parts.append(_table(["column", "kind", "distinct", "missing", "note"], rows))
    return parts


def _honesty(report) -> list[str]:
    """What the numbers rest on."""
    outcome = report.outcome
    splits = len(outcome.rounds)
    lines = [words.again(outcome), words.power(outcome)]
    lines.append(
        f"Strengths were chosen on training rows alone, by {outcome.tuned:,} of the "
        f"{len(outcome.names):,} tasks. Splits were drawn "
        f"{'once' if splits == 1 else f'{splits} times'}, seed {report.seed}; "
        f"{report.seconds:.0f} seconds."
    )
    shown = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
    rows = [
        [
            row["task"],
            f"{row['rows']:,}",
            *(_signed(row[f"gain over {o}"]) for o in (ALONE, POOLED)),
        ]
        for row in report.task_rows[:200]
    ]
    cut = " (the first 200; all are in the JSON file)" if len(report.task_rows) > 200 else ""
    return [
        "<h2>How sure this is</h2>",
        shown,
        f"<details><summary>Task by task{cut}</summary>",
        _table(["task", "rows", "gain over alone", "gain over pooled"], rows),
        "</details>",
    ]


def _signed(value: float) -> str:
    return f"{words.percent(value, True)} %" if np.isfinite(value) else "not tested"


def _figure(picture: str, caption: str) -> str:
    return (
        f"<figure>{picture}<figcaption>{escape(caption)}</figcaption></figure>" if picture else ""
    )


def _table(heads: list[str], rows: list[list[str]]) -> str:
    """A table; cells that begin with a digit or a sign are numbers."""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(
        "<tr>" + "".join(f"<td{_kind(cell)}>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return (
        f'<div class="table" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _kind(cell: str) -> str:
    is_number = bool(cell) and len(cell) < 12 and (cell[0].isdigit() or cell[0] in "−+–")
    return ' class="number"' if is_number else ""
