"""Plain charts: bars by class, and the species accumulation curve."""

import math
from collections.abc import Sequence

from matplotlib.ticker import MaxNLocator

from server.reporting.drawing import EARTH, HAIR, LEAF, SOFT, sheet, to_svg
from server.settings import Settings


def bars(settings: Settings, name: str, labels: Sequence[str], values: Sequence[int], axis_title: str) -> str:
    """Horizontal bars, first label on top, each with its number."""
    height = 0.9 + 0.34 * max(len(labels), 1)
    with sheet(settings, height) as drawn:
        axes = drawn.add_axes((0.2, 0.55 / height, 0.72, 1 - 0.75 / height))
        places = range(len(labels))
        axes.barh(places, values, height=0.62, color=LEAF)
        axes.set_yticks(places, labels)
        axes.invert_yaxis()
        axes.set_xlim(0, max([*values, 1]) * 1.12)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        for place, value in zip(places, values, strict=True):
            axes.text(value + max([*values, 1]) * 0.012, place, str(value), va="center")
        axes.set_xlabel(axis_title)
        axes.tick_params(length=0)
        axes.grid(axis="x", color=HAIR, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right", "left"]].set_visible(False)
        return to_svg(drawn, name)


Curve = tuple[str, Sequence[tuple[int, float, bool]]]
"""(label, [(units, expected species, extrapolated)])."""


def accumulation(settings: Settings, name: str, curves: Sequence[Curve], unit_title: str) -> str:
    """Full line within the sample, broken line beyond it, a dot at what was observed."""
    colours = (LEAF, EARTH, "#2f6690", "#7a5c99", SOFT)
    height = 3.9 + 0.24 * math.ceil(len(curves) / 2)
    with sheet(settings, height) as drawn:
        axes = drawn.add_axes((0.11, 1 - 3.45 / height, 0.85, 3.3 / height))
        for number, (label, points) in enumerate(curves):
            colour = colours[number % len(colours)]
            within = [(u, s) for u, s, beyond in points if not beyond]
            beyond = [within[-1], *((u, s) for u, s, b in points if b)]
            axes.plot(*zip(*within, strict=True), color=colour, linewidth=1.8, label=label)
            axes.plot(*zip(*beyond, strict=True), color=colour, linewidth=1.4, linestyle=(0, (4, 3)))
            axes.plot(*within[-1], color=colour, marker="o", markersize=5)
        axes.set_xlabel(unit_title)
        axes.set_ylabel("期望物种数（种）")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(color=HAIR, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        drawn.legend(frameon=False, loc="lower center", ncols=2, bbox_to_anchor=(0.52, 0), fontsize=8.5)
        return to_svg(drawn, name)
