"""What a careful eye would find wrong with a screen: words cut off, things outside, targets too small or too near."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from mobile.ui import theme
from tests.mobile.ui.driver import seen

Rect = tuple[float, float, float, float]
NEAREST = 8
SMALLEST = 48
SMALLEST_PRIMARY = 64
LINE = 1.4  # a line of this font needs at least so many times its size
SLACK = 1.0


def faults(root: Any, width: float, height: float, density: float = 1.0) -> list[str]:
    found = [
        *_truncated(root),
        *_outside(root, (0, 0, width, height)),
        *_targets(root, density),
        *_too_near(root, density),
    ]
    return [*found, *_over_each_other(root), *_pale(root)]


def rect(widget: Any) -> Rect:
    x, y = widget.to_window(widget.x, widget.y)
    return x, y, x + widget.width, y + widget.height


def clipped(widget: Any) -> Rect:
    """The part that scrolling parents let through."""
    from kivy.uix.scrollview import ScrollView

    left, bottom, right, top = rect(widget)
    parent = widget.parent
    while parent is not None and parent is not parent.parent:
        if isinstance(parent, ScrollView):
            x, y, x2, y2 = rect(parent)
            left, bottom, right, top = max(left, x), max(bottom, y), min(right, x2), min(top, y2)
        parent = parent.parent
    return left, bottom, right, top


def _labels(root: Any) -> Iterator[Any]:
    from kivy.uix.label import Label

    return (widget for widget in seen(root) if isinstance(widget, Label) and widget.text)


def _touchables(root: Any) -> list[Any]:
    from kivy.uix.behaviors import ButtonBehavior
    from kivy.uix.textinput import TextInput

    found = [widget for widget in seen(root) if isinstance(widget, ButtonBehavior | TextInput)]
    return [widget for widget in found if _area(clipped(widget)) > 0]


def _area(area: Rect) -> float:
    return max(0.0, area[2] - area[0]) * max(0.0, area[3] - area[1])


def _name(widget: Any) -> str:
    words = getattr(widget, "text", "") or getattr(widget, "icon", "")
    return f"{type(widget).__name__} “{words}”"


def _truncated(root: Any) -> Iterator[str]:
    for label in _labels(root):
        if label.is_shortened:
            yield f"shortened: {_name(label)}"
        if label.texture_size[0] > label.width + SLACK or label.texture_size[1] > label.height + SLACK:
            yield f"cut off: {_name(label)} {label.texture_size} in {label.size}"
        if label.text_size[1] is not None and label.text_size[1] < label.font_size * LINE - SLACK:
            yield f"no room for a line: {_name(label)} {label.text_size}"


def _outside(root: Any, window: Rect) -> Iterator[str]:
    """Across, nothing may leave the window or its scrolling parent (rows that scroll sideways excepted); up, only what scrolls."""
    from kivy.uix.scrollview import ScrollView

    for widget in (*_labels(root), *_touchables(root)):
        area, box, sideways, scrolls = rect(widget), window, False, False
        parent = widget.parent
        while parent is not None and parent is not parent.parent:
            if isinstance(parent, ScrollView):
                box, scrolls, sideways = rect(parent), True, parent.do_scroll_x
                break
            parent = parent.parent
        if not sideways and (area[0] < box[0] - SLACK or area[2] > box[2] + SLACK):
            yield f"outside across: {_name(widget)} {area} of {box}"
        if not scrolls and (area[1] < box[1] - SLACK or area[3] > box[3] + SLACK):
            yield f"outside up: {_name(widget)} {area} of {box}"
    for key in _touchables(root):
        inside = rect(key)
        for label in _labels(key):
            x, y, x2, y2 = rect(label)
            if x < inside[0] - SLACK or x2 > inside[2] + SLACK or y < inside[1] - SLACK or y2 > inside[3] + SLACK:
                yield f"text leaves its key: {_name(label)} {rect(label)} of {inside}"


def _targets(root: Any, density: float) -> Iterator[str]:
    for widget in _touchables(root):
        primary = getattr(widget, "style", "") == "primary" and type(widget).__name__ != "Chip"
        needed = (SMALLEST_PRIMARY if primary else SMALLEST) * density
        if min(widget.size) < needed - SLACK:
            yield f"too small to touch: {_name(widget)} {widget.size}"


def _too_near(root: Any, density: float) -> Iterator[str]:
    areas = [(widget, clipped(widget)) for widget in _touchables(root)]
    for (one, a), (other, b) in combinations(areas, 2):
        across, up = max(a[0] - b[2], b[0] - a[2]), max(a[1] - b[3], b[1] - a[3])
        if max(across, up) < NEAREST * density - SLACK:
            yield f"too near: {_name(one)} {a} and {_name(other)} {b}"


def _over_each_other(root: Any) -> Iterator[str]:
    areas = [(label, clipped(label)) for label in _labels(root)]
    for (one, a), (other, b) in combinations(areas, 2):
        overlap = (max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3]))
        if overlap[2] - overlap[0] > SLACK and overlap[3] - overlap[1] > SLACK:
            yield f"over each other: {_name(one)} and {_name(other)}"


def _pale(root: Any) -> Iterator[str]:
    for label in _labels(root):
        ground = _ground(label)
        ink = "#" + "".join(
            f"{round(channel * 255):02x}" for channel in (label.disabled_color if label.disabled else label.color)[:3]
        )
        if theme.contrast(ink, ground) < 7:
            yield f"pale: {_name(label)} {ink} on {ground}"


def _ground(widget: Any) -> str:
    from mobile.ui.kit.paint import NONE, Panel

    parent = widget.parent
    while not (isinstance(parent, Panel) and parent.fill != NONE):
        parent = parent.parent
    return str(parent.fill)
