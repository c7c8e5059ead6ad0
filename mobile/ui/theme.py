"""Colours and sizes. Light paper and near-black ink, since these are what stays readable in the sun; sizes are in dp or sp."""

INK = "#14201A"
INK_SOFT = "#34423A"
PAPER = "#EFF2EA"
SURFACE = "#FFFFFF"
EDGE = "#8E9B90"
BAR = "#0B3D24"
ON_DARK = "#FFFFFF"
AMBER = "#FFD561"
PRIMARY = "#0E5631"
PRESSED = "#D5E3D6"
CHOSEN = "#D9EEDC"
DISABLED = "#DBE0D7"
ON_DISABLED = "#3C4740"
CLASS_ONE = "#9A1515"
PROVINCIAL = "#FBE3E1"
PROVINCIAL_EDGE = "#C65B55"
INVASIVE = "#FFA629"
GOOD = "#0E5631"
WARN = "#6B3F00"
WARN_PAPER = "#FFF0CC"
BAD = "#8E1414"
BAD_PAPER = "#FBE3E1"
INFO = "#143F6B"
GREY = "#3F4A44"

TEXT_PAIRS = (
    (INK, PAPER),
    (INK, SURFACE),
    (INK, PRESSED),
    (INK, CHOSEN),
    (INK_SOFT, PAPER),
    (INK_SOFT, SURFACE),
    (INK_SOFT, CHOSEN),
    (ON_DARK, BAR),
    (AMBER, BAR),
    (ON_DARK, PRIMARY),
    (ON_DISABLED, DISABLED),
    (ON_DARK, CLASS_ONE),
    (BAD, PROVINCIAL),
    (INK, INVASIVE),
    (GOOD, SURFACE),
    (GOOD, PAPER),
    (WARN, SURFACE),
    (WARN, WARN_PAPER),
    (BAD, SURFACE),
    (BAD, BAD_PAPER),
    (ON_DARK, BAD),
    (INFO, SURFACE),
    (GREY, SURFACE),
    (ON_DARK, INFO),
    (ON_DARK, WARN),
    (ON_DARK, GREY),
    (ON_DARK, INK),
)
"""Every pair of text and background that the screens use; each has a contrast of at least 7:1."""

TOUCH = "48dp"

SMALL = "16sp"
BODY = "18sp"
LARGE = "21sp"
TITLE = "24sp"
FIGURE = "38sp"

STYLES = {
    "primary": (PRIMARY, ON_DARK, PRIMARY),
    "plain": (SURFACE, INK, EDGE),
    "chosen": (CHOSEN, INK, PRIMARY),
    "danger": (BAD, ON_DARK, BAD),
    "asking": (WARN_PAPER, WARN, WARN),
    "bar": (BAR, ON_DARK, BAR),
    "disabled": (DISABLED, ON_DISABLED, DISABLED),
}
"""Style of a key → fill, ink, edge."""

MARKS = {
    "国家一级": (CLASS_ONE, ON_DARK, CLASS_ONE),
    "国家二级": (SURFACE, BAD, BAD),
    "省级": (PROVINCIAL, BAD, PROVINCIAL_EDGE),
    "外来入侵": (INVASIVE, INK, INVASIVE),
}
"""Mark of a species → fill, ink, edge: protected ones are red, fuller with their class; invasive ones orange."""
STATE_COLOURS = {
    "draft": GREY,
    "waiting": INFO,
    "sent": INFO,
    "held": GOOD,
    "conflict": WARN,
    "settled": INFO,
    "quarantined": BAD,
    "withdrawn": GREY,
    "pending": INFO,
    "asked": WARN,
    "answered": INFO,
    "confirmed": GOOD,
    "reidentified": GOOD,
    "rejected": BAD,
    "escalated": INFO,
}
MESSAGE_COLOURS = {"": INK, "ok": PRIMARY, "warn": WARN, "error": BAD}


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, WCAG 2.2: 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
