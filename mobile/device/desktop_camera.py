"""A camera that takes its photos from a folder, one after the other or by name."""

from pathlib import Path

from mobile.device.ports import DeviceFailure, Shot

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".heic")


class FolderCamera:
    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._next = 0

    def choices(self) -> tuple[str, ...]:
        if self._folder is None or not self._folder.is_dir():
            return ()
        return tuple(sorted(file.name for file in self._folder.iterdir() if file.suffix.lower() in SUFFIXES))

    def take(self, name: str | None = None) -> Shot:
        if self._folder is None:
            raise DeviceFailure("没有照片文件夹：启动时用 --photos 指定")
        chosen = name or self._in_turn()
        path = self._folder / chosen
        if path.parent.resolve() != self._folder.resolve() or not path.is_file():
            raise DeviceFailure(f"照片文件夹 {self._folder} 中没有 {chosen}")
        try:
            return Shot(path.name, path.read_bytes())
        except OSError as error:
            raise DeviceFailure(f"无法读取照片 {path}：{error}") from error

    def _in_turn(self) -> str:
        names = self.choices()
        if not names:
            raise DeviceFailure(f"照片文件夹 {self._folder} 中没有照片")
        self._next += 1
        return names[(self._next - 1) % len(names)]
