"""Bytes of a picture -> its pixels, decoded within limits; nothing is written to disk."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from unsc_core.errors import DataError

MAX_BYTES = 10 * 2**20
"""Larger files are refused unread."""
MAX_MEGAPIXELS = 24
"""Pictures with more pixels are refused before they are decoded."""
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
"""What is decoded, by content; a file's name counts for nothing."""
KEPT_SIDE = 1024
"""A decoded picture keeps at most so many pixels along a side: networks here take far fewer."""
_SAVE = "save it as PNG or JPEG and choose it again"
_UNREADABLE = {
    b"<svg": f"is a vector drawing (SVG), not an image of pixels; {_SAVE}",
    b"ftyphei": f"is in Apple's HEIC format, which cannot be opened here; {_SAVE}",
    b"ftypmif": f"is in Apple's HEIC format, which cannot be opened here; {_SAVE}",
    b"ftypavif": f"is in the AVIF format, which cannot be opened here; {_SAVE}",
    b"%PDF": f"is a PDF, not an image; {_SAVE}",
}
"""Bytes near the beginning of files that are often taken for images -> what is wrong."""


@dataclass(frozen=True, eq=False)
class OpenedPicture:
    """A decoded picture.

    Attributes:
        pixels: (height, width, 3) uint8, upright, at most KEPT_SIDE along a side.
        size: (width, height) of the file, upright.
        notes: what was done to it, one sentence each.
    """

    pixels: NDArray[np.uint8]
    size: tuple[int, int]
    notes: tuple[str, ...] = ()


def opened(content: bytes, name: str = "The file") -> OpenedPicture:
    """Decode a picture. Its size is read from its header and checked before anything is decoded.

    Args:
        content: of the file, in one of FORMATS.
        name: of the file, for messages.

    Raises:
        DataError: it is too large, no image or damaged; one sentence says what to do.
    """
    check_bytes(content, name)
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError:
        raise _too_many_pixels(name, f"more than {Image.MAX_IMAGE_PIXELS or 0:,} pixels") from None
    except UnidentifiedImageError:
        raise DataError(f"{name} {_what_is_wrong(content)}.") from None
    except Exception:  # decoders can raise almost anything on unknown bytes
        raise _damaged(name) from None
    megapixels = image.width * image.height / 1e6
    if megapixels > MAX_MEGAPIXELS:
        raise _too_many_pixels(name, f"{megapixels:.0f} megapixels")
    try:
        return _decoded(image, name)
    except DataError:
        raise
    except Exception:
        raise _damaged(name) from None


def check_bytes(content: bytes, name: str) -> None:
    """Check the size of a file.

    Raises:
        DataError: it is empty or larger than MAX_BYTES.
    """
    if not content:
        raise DataError(f"{name} is empty; choose another file.")
    if len(content) > MAX_BYTES:
        raise DataError(
            f"{name} has {len(content) / 2**20:.0f} MB, and at most {MAX_BYTES >> 20} MB are "
            "opened here; save it smaller and choose it again."
        )


def _too_many_pixels(name: str, found: str) -> DataError:
    return DataError(
        f"{name} has {found}, and at most {MAX_MEGAPIXELS} megapixels are opened here; crop it or "
        "save it smaller, and choose it again."
    )


def _damaged(name: str) -> DataError:
    return DataError(f"{name} is damaged or incomplete; save it again, or choose another.")


def _what_is_wrong(content: bytes) -> str:
    start = content[:1024]
    found = (words for mark, words in _UNREADABLE.items() if mark in start)
    return next(found, "is not an image; choose a PNG, JPEG, WebP, GIF, BMP or TIFF file")


def _decoded(image: Image.Image, name: str) -> OpenedPicture:
    notes = []
    if getattr(image, "is_animated", False):
        notes.append("Of the animation, this is the first frame.")
    full = image.size
    image.draft(None, (KEPT_SIDE, KEPT_SIDE))  # a large JPEG is decoded at a fraction of its size
    image.load()
    image.thumbnail(
        (KEPT_SIDE, KEPT_SIDE),
        Image.Resampling.BILINEAR if image.mode in _SMOOTH else Image.Resampling.NEAREST,
    )
    turned = image.getexif().get(_ORIENTATION, 1)
    if turned in range(2, 9):
        notes.append("Turned upright, as its camera noted.")
    pixels, more = _as_rgb(ImageOps.exif_transpose(image), name)
    return OpenedPicture(pixels, full[::-1] if turned in _ON_ITS_SIDE else full, (*notes, *more))


_SMOOTH = ("L", "RGB", "RGBA")
"""Modes in which Pillow averages pixels; in others it can only leave some out."""
_ORIENTATION = 0x0112
"""Of Exif: which side of the picture was up."""
_ON_ITS_SIDE = (5, 6, 7, 8)
"""Its values for pictures whose width and height are exchanged."""


def _as_rgb(image: Image.Image, name: str) -> tuple[NDArray[np.uint8], list[str]]:
    """(height, width, 3) uint8, and what was done for that."""
    if image.mode == "F":
        raise DataError(f"{name} has fractional values; save it as an 8-bit PNG or JPEG.")
    if image.mode.startswith("I"):  # 16 or 32 bits of grey, which Pillow would cut off at 255
        values = np.asarray(image).astype(np.float32)
        top = 65535.0 if values.max() <= 65535 else float(values.max())
        grey = np.round(255 * np.clip(values / top, 0, 1)).astype(np.uint8)
        return np.repeat(grey[..., None], 3, 2), ["Its 16-bit values were scaled to 8 bits."]
    if "A" in image.getbands() or "transparency" in image.info:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        see_through = layer.getchannel("A").getextrema()[0] != 255
        flat = Image.alpha_composite(white, layer).convert("RGB")
        notes = ["Its transparent parts became white."] if see_through else []
        return np.asarray(flat, dtype=np.uint8), notes
    return np.asarray(image.convert("RGB"), dtype=np.uint8), []
