"""What people are told before anything is recorded of them. A text that was shown never changes: another one is another version."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class NoticeText:
    version: str
    title: str
    text: str


TRACK, INTERVIEW, VOLUNTEER = "track", "interview", "volunteer"
NOTICE_KINDS: Mapping[str, str] = {TRACK: "轨迹记录", INTERVIEW: "访谈", VOLUNTEER: "志愿者"}
NOTICES: Mapping[str, NoticeText] = {
    TRACK: NoticeText(
        "2026-1",
        "轨迹记录告知书",
        "记录什么：从您点“开始”到“结束”，平板记录您走过的位置和时间（行踪轨迹，属敏感个人信息），用来计算巡护里程和样线长度。"
        "暂停时不记录；没有进行中的巡护或样线时，不记录轨迹。\n"
        "谁能看：您本人、您所在保护地的站长和审计员；其他人只能看到 72 小时以后、概略化的路线。对外公开的数据不含姓名。\n"
        "保存多久：按本项目在服务器上设定的期限保存，到期删除；法律法规另有规定的从其规定。\n"
        "您的权利：可向项目管理员要求查阅、导出、更正或删除；凭同意记录的，可随时撤回同意，撤回不影响此前的记录。",
    ),
    INTERVIEW: NoticeText(
        "2026-1",
        "访谈告知书",
        "请向受访者说明：本次访谈用于生物多样性调查，只记录您讲述的物种、时间和地点，不记录您的姓名和电话；"
        "您可以拒绝回答，也可以事后要求删除。受访者同意后方可保存；未满 14 周岁的，须经监护人同意。",
    ),
    VOLUNTEER: NoticeText(
        "2026-1",
        "志愿者个人信息告知书",
        "收集什么：您的姓名、所属单位、您上传的观察记录和照片；参加巡护或样线调查时还有行踪轨迹（敏感个人信息，另行告知）。"
        "不收集出生日期：只问是否已满 14 周岁，未满的须由监护人同意。\n"
        "用来做什么：核实和汇总生物多样性记录、联系您补充信息。对外公开的数据以代号代替姓名，数据存放在境内。\n"
        "联系方式：如您留下电话等联系方式，将加密保存，查阅须说明用途并留痕。\n"
        "您的权利：可查阅、导出、更正个人信息，可随时撤回同意并要求删除；删除后观察记录以代号保留，不再能识别到您本人。",
    ),
}
