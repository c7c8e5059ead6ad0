"""QR codes on a computer: images of a folder, or one file by its path."""

from pathlib import Path

from mobile.device.ports import DeviceFailure
from mobile.device.qr import NoCode, read_code
from mobile.device.raster import Unreadable, read_png

PASTE = "也可以把二维码下面的文字粘贴到“登记码”一栏"


class FolderScanner:
    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def choices(self) -> tuple[str, ...]:
        if self._folder is None or not self._folder.is_dir():
            return ()
        return tuple(sorted(file.name for file in self._folder.iterdir() if file.suffix.lower() == ".png"))

    def scan(self, name: str | None = None) -> str:
        """`name`: a file of the folder, or any path; else the first image of the folder in which a code is found."""
        if name is not None:
            given = Path(name).expanduser()
            inside = self._folder / given.name if self._folder else given
            return _read(given if given.is_file() else inside)
        for choice in self.choices():
            try:
                return _read(Path(str(self._folder)) / choice)
            except DeviceFailure:
                continue
        raise DeviceFailure(f"这台电脑没有可扫描的二维码图片：请把图片文件的路径填入“登记码”一栏；{PASTE}")


def _read(path: Path) -> str:
    try:
        return read_code(read_png(path.read_bytes()))
    except OSError as error:
        raise DeviceFailure(f"无法读取图片 {path}：{error.strerror}；{PASTE}") from error
    except (Unreadable, NoCode) as error:
        raise DeviceFailure(f"图片 {path.name} 中没有读出二维码：{error}；{PASTE}") from error
