"""Matplotlib to inline SVG whose text stays text, set in the report's own typeface; the same drawing gives the same bytes."""

import contextlib
import functools
import hashlib
import io
import re
from collections.abc import Iterator
from typing import Any

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Sheet
from matplotlib.font_manager import FontEntry, fontManager

from server.reporting.fonts import FAMILY, font_file
from server.settings import Settings

INK, SOFT, HAIR, LEAF, EARTH = "#1c2421", "#55625c", "#c9d2cd", "#1f5b43", "#8a3b12"
WIDTH_IN = 6.6
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "xiangye",
    "font.family": [FAMILY],
    "font.size": 9.5,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "axes.linewidth": 0.8,
    "axes.unicode_minus": False,
    "figure.dpi": 72,
    "path.simplify": False,
}
_FONT_NAMES = re.compile(r"(font(?:-family)?: [^;\"]*?)'[^']+'(?:, ?'[^']+')*")


@contextlib.contextmanager
def sheet(settings: Settings, height_in: float) -> Iterator[Sheet]:
    """A sheet of the text's width, drawn on within the report's style."""
    for weight, numeric in (("Regular", 400), ("Bold", 700)):
        _register(str(font_file(settings, weight).path), numeric)  # type: ignore[arg-type]
    with matplotlib.rc_context(_STYLE):
        yield Sheet(figsize=(WIDTH_IN, height_in), facecolor="white")


def to_svg(drawn: Sheet, name: str) -> str:
    """One <svg> element. Its ids begin with a mark of `name`, since several stand in one page."""
    written = io.StringIO()
    canvas: Any = FigureCanvasSVG(drawn)
    canvas.print_svg(written, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = written.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace("<svg ", '<svg style="stroke-linejoin: round; stroke-linecap: butt" ', 1)
    svg = re.sub(r'^(<svg[^>]*?) width="[^"]*"', r"\1", svg)
    svg = re.sub(r'^(<svg[^>]*?) height="[^"]*"', r"\1", svg)
    svg = _FONT_NAMES.sub(rf"\1'{FAMILY}'", svg)
    mark = "g" + hashlib.sha256(name.encode()).hexdigest()[:6]
    svg = re.sub(r'\bid="', f'id="{mark}-', svg)
    return re.sub(r'(url\(#|href="#)', rf"\1{mark}-", svg)


@functools.cache
def _register(path: str, weight: int) -> None:
    """Matplotlib measures by this file; the page draws with the subset it embeds, which has the same metrics."""
    fontManager.ttflist.append(
        FontEntry(
            fname=path, name=FAMILY, style="normal", variant="normal", weight=weight, stretch="normal", size="scalable"
        )
    )
