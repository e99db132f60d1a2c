"""The page's pictures as SVG text: no library, no file beside the page."""

from html import escape

import numpy as np

WIDTH = 640
COLOURS = {
    "alone": "#6b6b6b",
    "pooled": "#b35900",
    "about the mean": "#0072b2",
    "low rank about the mean": "#00785a",
    "intercept only": "#8c6bb1",
    "boosting": "#b0447f",
}


def _svg(height: int, title: str, body: list[str]) -> str:
    """A picture with its title for those who do not see it."""
    inside = "".join(body)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{inside}</svg>"
    )


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> str:
    marked = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{marked}>{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def _ticks(low: float, high: float, count: int = 5) -> np.ndarray:
    """Round numbers between two ends."""
    span = max(high - low, 1e-12)
    raw = span / count
    power = 10.0 ** np.floor(np.log10(raw))
    step = power * min((1, 2, 5, 10), key=lambda m: abs(m * power - raw))
    return np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step


def _number(value: float) -> str:
    """A tick's label."""
    return f"{round(value, 12) + 0.0:.6g}".replace("-", "−")  # + 0: no tick is called −0


class Axis:
    """Where values lie on the page.

    Parameters
    ----------
    low, high : float
        The values at the ends.
    start, end : float
        Where these are drawn.
    """

    def __init__(self, low: float, high: float, start: float, end: float):
        if high <= low:
            high = low + 1.0
        self.low, self.high = low, high
        self.start, self.end = start, end

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, -0.02), 1.02) * (self.end - self.start)


def intervals(rows: list[tuple[str, str, float, float, float]], title: str) -> str:
    """A line per row: (label, colour key, value, low, high), in percent."""
    rows = [row for row in rows if np.all(np.isfinite(row[2:]))]
    if not rows:
        return ""
    low = min(0.0, *(row[3] for row in rows))
    high = max(0.0, *(row[4] for row in rows))
    clipped_low, clipped_high = max(low, -150.0), min(high, 100.0)
    axis = Axis(clipped_low, clipped_high, 290, WIDTH - 20)
    height = 26 * len(rows) + 44
    body = []
    for tick in _ticks(clipped_low, clipped_high):
        body.append(_line(axis(tick), 8, axis(tick), height - 34, "zero" if tick == 0 else "grid"))
        body.append(_text(axis(tick), height - 18, _number(tick), "middle"))
    body.append(_text(WIDTH - 20, height - 2, "% of the reference's error saved", "end"))
    for k, (label, arm, value, least, most) in enumerate(rows):
        y = 22 + 26 * k
        colour = COLOURS.get(arm, "#333")
        body.append(_text(280, y + 4, label, "end"))
        body.append(
            f'<line x1="{axis(least):.1f}" y1="{y}" x2="{axis(most):.1f}" y2="{y}" '
            f'stroke="{colour}" stroke-width="3"/>'
        )
        body.append(f'<circle cx="{axis(value):.1f}" cy="{y}" r="5" fill="{colour}"/>')
    return _svg(height, title, body)


def dots(rows: list[tuple[str, np.ndarray]], title: str) -> str:
    """A dot for each task, one strip per row: (label, gains in percent)."""
    rows = [(label, np.sort(values[np.isfinite(values)])) for label, values in rows]
    rows = [(label, values) for label, values in rows if len(values)]
    if not rows:
        return ""
    every = np.concatenate([values for _, values in rows])
    low = min(0.0, np.quantile(every, 0.01))
    high = max(0.0, np.quantile(every, 0.99))
    axis = Axis(low, high, 20, WIDTH - 20)
    height = 96 * len(rows) + 40
    body = []
    for tick in _ticks(low, high):
        body.append(_line(axis(tick), 8, axis(tick), height - 36, "zero" if tick == 0 else "grid"))
        body.append(_text(axis(tick), height - 20, _number(tick), "middle"))
    for k, (label, values) in enumerate(rows):
        top = 96 * k
        body.append(_text(22, top + 18, label, "start", "strong"))
        for place, value in enumerate(values):
            y = top + 34 + 46 * ((place * 0.618034) % 1)
            body.append(f'<circle cx="{axis(value):.1f}" cy="{y:.1f}" r="3.2" class="dot"/>')
    text = "gain on the task, in % of the reference's mean error (ends are cut at 1 %)"
    body.append(_text(WIDTH - 20, height - 2, text, "end"))
    return _svg(height, title, body)


def curves(series: dict[str, list[tuple[float, float]]], unit: str, title: str) -> str:
    """Errors against the share of rows: arm -> [(share, error)]."""
    points = [point for line in series.values() for point in line]
    if len({share for share, _ in points}) < 2:
        return ""
    shares = sorted({share for share, _ in points})
    errors = [error for _, error in points if np.isfinite(error)]
    low = min(errors)
    high = min(max(errors), 4 * low + 1e-12)
    across = Axis(np.log(shares[0]), np.log(shares[-1]), 60, WIDTH - 210)
    up = Axis(low, high, 236, 16)
    body = []
    for tick in _ticks(low, high):
        body.append(_line(60, up(tick), WIDTH - 210, up(tick), "grid"))
        body.append(_text(54, up(tick) + 4, _number(tick), "end"))
    for share in shares:
        body.append(_text(across(np.log(share)), 256, f"{100 * share:.0f} %", "middle"))
    body.append(_text((60 + WIDTH - 210) / 2, 274, "share of the rows that trains", "middle"))
    body.append(_text(4, 12, unit, "start", "strong"))
    for k, (arm, line) in enumerate(series.items()):
        body += _curve(arm, line, across, up, 30 + 22 * k)
    return _svg(280, title, body)


def _curve(arm: str, line, across: Axis, up: Axis, y: float) -> list[str]:
    """One line of ``curves`` and its entry in the legend."""
    colour = COLOURS.get(arm, "#333")
    places = [(across(np.log(share)), up(error)) for share, error in line if np.isfinite(error)]
    path = " ".join(f"{x:.1f},{height:.1f}" for x, height in places)
    left = WIDTH - 196
    right = left + 18
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>',
        *(f'<circle cx="{x:.1f}" cy="{h:.1f}" r="3.5" fill="{colour}"/>' for x, h in places),
        f'<line x1="{left}" y1="{y}" x2="{right}" y2="{y}" stroke="{colour}" stroke-width="3"/>',
        _text(left + 24, y + 4, arm),
    ]
