"""Refusals in words that the user can act on; what was typed stays in the draft."""


class FieldProblem(Exception):
    """Says in Chinese what is missing or wrong; `field` names the input it belongs to."""

    def __init__(self, words: str, field: str = "") -> None:
        super().__init__(words)
        self.field = field


class NotEnrolled(FieldProblem):
    def __init__(self) -> None:
        super().__init__("平板尚未登记：请在“同步”中输入登记码", "device")


class NoSurvey(FieldProblem):
    def __init__(self) -> None:
        super().__init__("尚未选择调查项目：请先同步一次，再选择项目", "survey")


class StorageFull(FieldProblem):
    def __init__(self, free_mb: int) -> None:
        super().__init__(f"平板存储空间不足（剩余 {free_mb} MB）：请先同步并腾出空间，已保存的记录不受影响", "storage")
