"""`xiangye field`: the field app in a window, or a scripted field day without one."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

COMMANDS: Mapping[str, str] = {"field": "野外记录 App：打开窗口，或用 --headless 播放一个脚本化的野外工作日"}
DEFAULT_DATA = Path("var/field")


def run(name: str, argv: list[str]) -> int:
    if name not in COMMANDS:
        raise KeyError(name)
    options = _parser().parse_args(argv)
    if options.rescue or options.receipts or options.station:
        # Before anything that may be what keeps the app from starting is loaded.
        from mobile.rescue.commands import by_hand

        return by_hand(options)
    # Loaded here, so that `xiangye --help` needs neither requests nor a window.
    from mobile.device.ports import DeviceFailure
    from mobile.script.read import ScriptFault
    from mobile.store.database import StoreFailure

    try:
        return _headless(options) if options.headless else _window(options)
    except (DeviceFailure, ScriptFault, StoreFailure) as failure:
        print(f"xiangye field: {failure}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("xiangye field", description=COMMANDS["field"])
    parser.add_argument(
        "--headless", metavar="SCRIPT", type=Path, help="不开窗口，播放此 JSON 脚本 (格式见 mobile/README.md)"
    )
    parser.add_argument(
        "--data", metavar="DIR", type=Path, default=DEFAULT_DATA, help="平板数据文件夹 (默认 var/field)"
    )
    parser.add_argument("--server", metavar="URL", help="服务器地址，例如 http://127.0.0.1:8710")
    parser.add_argument(
        "--ca-bundle", metavar="FILE", type=Path, help="服务器自建证书的根证书文件（PEM）；记住，供以后启动使用"
    )
    parser.add_argument("--enrol", metavar="CODE", help="先用此登记码登记平板")
    parser.add_argument("--gpx", metavar="FILE", type=Path, help="重放此 GPX 轨迹作为定位 (脚本中 walk 步骤的默认轨迹)")
    parser.add_argument("--photos", metavar="DIR", type=Path, help="相机从此文件夹取照片 (脚本默认: 脚本所在文件夹)")
    parser.add_argument(
        "--metered", action="store_true", help="把网络当作按流量计费：原片等无线网络，记录和小样照常发送"
    )
    parser.add_argument(
        "--rescue",
        metavar="DIR",
        type=Path,
        help="救援：把未送达的记录和照片导出为一个加密、签名的文件，存入此文件夹（如 U 盘）；App 打不开时也能用",
    )
    parser.add_argument("--everything", action="store_true", help="与 --rescue 一起用：平板上仍保存的全部内容")
    parser.add_argument("--in-clear", action="store_true", help="与 --rescue 一起用：没有密封公钥时，导出未加密的文件")
    parser.add_argument(
        "--receipts", metavar="FILE", type=Path, help="收下省级服务器的收据文件（xiangye import 写在救援文件旁）"
    )
    parser.add_argument(
        "--station",
        metavar="URL",
        help="把未送达的内容交给此地址的监测站（局域网，不传凭证），并取回省级服务器的收据",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="把结果打印为 JSON (与 --headless、--rescue、--receipts、--station 一起使用)",
    )
    return parser


def _headless(options: argparse.Namespace) -> int:
    from mobile.headless import play
    from mobile.script.read import read_script

    steps = read_script(options.headless)
    outcome = play(
        steps,
        data_dir=options.data,
        base=options.headless.parent,
        server_url=options.server,
        enrol_code=options.enrol,
        gpx=options.gpx,
        photos=options.photos,
        metered=options.metered,
        ca_bundle=options.ca_bundle,
    )
    if options.json:
        print(json.dumps(outcome.as_json(), ensure_ascii=False, indent=2))
    else:
        print("\n".join(outcome.lines()))
    for problem in outcome.problems:
        print(f"xiangye field: {problem}", file=sys.stderr)
    return 0 if outcome.complete else 1


def _window(options: argparse.Namespace) -> int:
    from mobile.device.desktop import desktop_device
    from mobile.ui.app import open_window
    from mobile.wiring import build

    device = desktop_device(options.data, options.gpx, options.photos, metered=options.metered)
    code: int = open_window(
        lambda runner, post: build(options.data, device, options.server, runner, post, options.ca_bundle), options.enrol
    )
    return code
