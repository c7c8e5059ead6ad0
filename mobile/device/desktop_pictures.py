"""Pictures made smaller, as a computer does it; an Android tablet has its BitmapFactory for the same."""

import io

_QUALITY = 70


class LibraryPictures:
    """The library is loaded when the first copy is asked for: without it there are none, and originals go alone."""

    def smaller(self, photo: bytes, edge_px: int) -> bytes | None:
        try:
            from PIL import Image, ImageOps
        except ImportError:
            return None
        try:
            with Image.open(io.BytesIO(photo), formats=("JPEG", "PNG", "WEBP")) as image:
                image.draft("RGB", (edge_px, edge_px))  # a JPEG decodes to an eighth in an eighth of the time
                upright = ImageOps.exif_transpose(image)
                upright.thumbnail((edge_px, edge_px))
                written = io.BytesIO()
                Image.frombytes("RGB", upright.size, upright.convert("RGB").tobytes()).save(
                    written, "JPEG", quality=_QUALITY
                )
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
            return None
        return written.getvalue()
