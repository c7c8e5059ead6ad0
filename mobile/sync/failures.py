"""Why a sync did not come through, in words; what was to be sent stays in the outbox."""


class SyncFailure(Exception):
    """`again` tells whether trying again soon can help."""

    again = False


class NotReady(SyncFailure):
    """Something to do before a sync can begin."""


class Unreachable(SyncFailure):
    again = True

    def __init__(self, url: str) -> None:
        super().__init__(f"连接不上服务器 {url}：未确认的记录和照片都还在平板上，稍后会再发送")


class Away(Unreachable):
    """A gateway speaks for it, in HTML or not at all."""

    def __init__(self, url: str, status: int) -> None:
        SyncFailure.__init__(
            self, f"服务器暂时不可用（{status}，由网关 {url} 代答）：未确认的记录和照片都还在平板上，稍后会再发送"
        )


class NotOurServer(SyncFailure):
    """A captive portal, a proxy, or another site: its 200 is not a receipt."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"收到的回答不是来自湘野服务器（{url}；可能需要先登录无线网络）：它不算收据，未确认的记录和照片都还在平板上"
        )


class BrokenAnswer(SyncFailure):
    again = True

    def __init__(self) -> None:
        super().__init__("服务器的回答不完整或已损坏：未确认的记录和照片都还在平板上，会再发送")


class CredentialRefused(SyncFailure):
    def __init__(self) -> None:
        super().__init__("平板凭证无效或已注销（401）：请向管理员索取新的登记码；记录都还在平板上")


class EnrolmentSpent(SyncFailure):
    """The code was good once."""

    def __init__(self) -> None:
        super().__init__(
            "登记码已经用过、已过期或输入有误（只能用一次，24 小时内有效）：请核对，或向管理员索取新的登记码"
        )


class TooManyTries(SyncFailure):
    def __init__(self) -> None:
        super().__init__("尝试过于频繁，服务器请稍候：过一分钟再试；记录都还在平板上")


class Refused(SyncFailure):
    """The server said no, in its own words."""

    def __init__(self, status: int, words: str, field: str = "", code: str = "") -> None:
        super().__init__(f"服务器未接受（{status}）：{words}")
        self.status = status
        self.field = field
        self.code = code
        self.again = status >= 500 or code == "signature_wrong"  # altered on its way: the next one may come through


class CostsNow(SyncFailure):
    """The network has a price since the last piece; what is sent only where it has none goes on from there another time."""

    def __init__(self) -> None:
        super().__init__("网络改为按流量计费：其余的等无线网络")
