"""Chapter 结论与建议: what the figures say, and what is still missing; written from the figures alone."""

from server.baselines.draft import Draft
from server.baselines.methods import recorded_cells, surveyed_cells
from server.baselines.study import method_zh
from server.reporting.document import Block, Inline, Listing, Section
from shared.vocabulary import GROUP_NAMES_ZH

_EXPECTED = tuple(name for name in GROUP_NAMES_ZH if name != "其他")


def conclusions(draft: Draft) -> tuple[Block, ...]:
    return (
        Section("主要结论", (Listing(tuple(_findings(draft))),)),
        Section("建议", (Listing(tuple(_advice(draft))),)),
    )


def _findings(draft: Draft) -> list[tuple[Inline, ...]]:
    found: list[tuple[Inline, ...]] = [
        (
            f"{draft.county}共记录物种",
            draft.species,
            f"种，其中国家重点保护{len(draft.protected)}种、外来入侵{len(draft.invasive)}种。",
        )
    ]
    for line in draft.effort:
        length = f"，里程{line.kilometres:.2f} km" if line.kilometres is not None else ""
        found.append((f"{line.group}：完成{method_zh(line.method)}{len(line.units)}次{length}。",))
    return found


def _advice(draft: Draft) -> list[tuple[Inline, ...]]:
    cells, surveyed = draft.study.snapshot.context.cells, surveyed_cells(draft)
    empty = len(cells) - len(surveyed | recorded_cells(draft))
    advice: list[tuple[Inline, ...]] = []
    if len(surveyed) < len(cells):
        advice.append(
            (
                f"{len(cells)}个网格中有{len(cells) - len(surveyed)}个尚未开展调查事件，其中{empty}个没有任何记录，宜优先安排。",
            )
        )
    missing = [name for name in _EXPECTED if name not in draft.groups]
    if missing:
        advice.append((f"没有记录的类群：{'、'.join(missing)}；没有记录不等于没有分布。",))
    weak = [one for one in draft.completeness if one.method and one.percent is None]
    if weak:
        told = "、".join(dict.fromkeys(f"{one.group}{method_zh(one.method or '')}" for one in weak))
        advice.append((f"重复次数不足、不能估计完整性的调查：{told}；宜增加重复调查。",))
    advice.append(("植被群系、社会经济与生态保护红线资料尚缺，补充后可完成区域生物多样性评价。",))
    return advice
