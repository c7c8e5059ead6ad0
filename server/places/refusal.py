"""Why a layer is refused: everything found at once, so that a file is mended once."""

_SHOWN = 20


class LayerRefused(ValueError):
    """`problems` are Chinese sentences that name feature and field; nothing was written."""

    def __init__(self, file: str, *problems: str) -> None:
        shown = list(problems[:_SHOWN])
        if len(problems) > _SHOWN:
            shown.append(f"……另有 {len(problems) - _SHOWN} 处")
        words = shown[0] if len(shown) == 1 else f"{len(problems)} 处问题\n" + "\n".join(f"  {one}" for one in shown)
        super().__init__(f"{file}：{words}")
        self.problems = problems
