"""Bytes of a picture become one sample of a dataset, or one sentence."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from unsc_core.data.dataset import Dataset
from unsc_core.data.framing import is_bright, prepared
from unsc_core.data.picture import KEPT_SIDE, MAX_BYTES, OpenedPicture, opened
from unsc_core.errors import DataError


def bytes_of(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def dataset(channels: int = 1, background: int = 0, side: int = 28) -> Dataset:
    """Two classes of squares on a plain background."""
    x = np.full((20, channels, side, side), background, np.uint8)
    x[:, :, 5:-5, 5:-5] = 255 - background
    y = np.arange(20) % 2
    return Dataset("squares", x, y, x, y, ("a", "b"))


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


def noise(*shape: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, shape, np.uint8))


REFUSED = {
    "empty": (b"", "is empty"),
    "text": (b"not an image at all", "is not an image; choose"),
    "svg": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
    "heic": (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
    "pdf": (b"%PDF-1.7 ...", "PDF"),
    "truncated": (bytes_of(noise(64, 64, 3))[:-3000], "damaged or incomplete"),
    "truncated jpeg": (bytes_of(noise(64, 64, 3), "JPEG")[:900], "damaged or incomplete"),
    "40 megapixels": (png_header(8000, 5000), "40 megapixels"),
    "bomb": (png_header(60_000, 60_000), "more than"),
    "claims more than it has": (png_header(4000, 4000), "damaged or incomplete"),
    "too many bytes": (b"\xff\xd8" + bytes(MAX_BYTES), "10 MB"),
    "fractions": (bytes_of(Image.new("F", (4, 4)), "TIFF"), "fractional"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_used_is_one_sentence_that_names_the_file(kind: str) -> None:
    content, words = REFUSED[kind]
    with pytest.raises(DataError) as error:
        opened(content, "photo.png")
    text = str(error.value)
    assert text.startswith("photo.png ")
    assert words in text
    assert text.count(". ") == 0
    assert text.endswith(".")


def test_a_text_renamed_to_png_and_a_picture_renamed_to_txt() -> None:
    with pytest.raises(DataError, match="is not an image"):
        opened(b"hello", "hello.png")
    assert opened(bytes_of(noise(9, 7, 3)), "hello.txt").size == (7, 9)


@pytest.mark.parametrize(
    ("image", "note", "pixel"),
    [
        (Image.new("L", (8, 8), 90), "", (90, 90, 90)),
        (Image.new("1", (8, 8), 1), "", (255, 255, 255)),
        (Image.new("RGB", (8, 8), (9, 80, 200)), "", (9, 80, 200)),
        (Image.new("RGBA", (8, 8), (9, 80, 200, 0)), "transparent", (255, 255, 255)),
        (Image.new("RGBA", (8, 8), (9, 80, 200, 255)), "", (9, 80, 200)),
        (Image.new("LA", (8, 8), (0, 0)), "transparent", (255, 255, 255)),
        (Image.new("RGB", (8, 8), (255, 0, 0)).quantize(4), "", (255, 0, 0)),
        (Image.fromarray(np.full((8, 8), 257 * 130, np.uint16)), "16-bit", (130, 130, 130)),
    ],
)
def test_every_kind_of_pixel(image: Image.Image, note: str, pixel: tuple[int, ...]) -> None:
    found = opened(bytes_of(image))
    assert found.pixels.shape == (8, 8, 3)
    assert tuple(found.pixels[3, 3]) == pixel
    assert bool(found.notes) == bool(note)
    assert note in " ".join(found.notes)


def test_cmyk_jpeg_and_transparent_palette_are_opened() -> None:
    white = Image.new("CMYK", (8, 8), (0, 0, 0, 0))
    assert opened(bytes_of(white, "JPEG")).pixels.min() > 250
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([200, 0, 0] * 256)
    found = opened(bytes_of(palette, "PNG", transparency=0))
    assert found.pixels.min() == 255
    assert "transparent" in found.notes[0]


def test_of_an_animation_the_first_frame_is_taken_and_said() -> None:
    frames = [Image.new("L", (8, 8), 10), Image.new("L", (8, 8), 240)]
    found = opened(bytes_of(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert found.pixels.max() < 20
    assert "first frame" in found.notes[0]


def test_a_photograph_is_turned_upright() -> None:
    image = Image.new("RGB", (40, 20), "black")
    image.paste("white", (0, 0, 20, 20))  # bright on the left
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° clockwise: the left becomes the top
    found = opened(bytes_of(image, "JPEG", exif=exif, quality=95))
    assert found.size == (20, 40)
    assert found.pixels.shape == (40, 20, 3)
    assert found.pixels[:15].min() > 200
    assert found.pixels[25:].max() < 60
    assert "upright" in found.notes[0]


def test_a_large_photograph_is_kept_small() -> None:
    found = opened(bytes_of(Image.new("RGB", (3000, 2000), (10, 200, 30)), "JPEG"))
    assert found.size == (3000, 2000)
    assert max(found.pixels.shape) <= KEPT_SIDE


def thing(ground: int, ink: int, size: tuple[int, int] = (120, 90)) -> OpenedPicture:
    """A tall object, off the middle of a plain ground."""
    pixels = np.full((*size, 3), ground, np.uint8)
    pixels[20:100, 10:30] = ink
    return OpenedPicture(pixels, size[::-1])


def test_a_dark_object_on_a_bright_table_becomes_bright_on_black_and_fills_the_frame() -> None:
    made = prepared(thing(230, 20), dataset())
    assert made.sample.shape == (1, 28, 28)
    assert made.inverted
    lit = made.sample[0] > 100
    assert lit.any(1).all()  # from the upper edge to the lower
    assert 5 <= lit.any(0).sum() <= 9  # as narrow as it was: a quarter of its height
    assert not lit[:, :8].any()  # and in the middle
    assert made.sample[0, :, 0].max() == 0
    words = " ".join(made.notes)
    assert all(part in words for part in ("Inverted", "Trimmed", "made black", "28 × 28"))


def test_dark_and_bright_follow_the_training_images_or_the_choice() -> None:
    assert not prepared(thing(10, 240), dataset()).inverted
    assert prepared(thing(10, 240), dataset(background=255)).inverted
    assert prepared(thing(230, 20), dataset(), invert=False).sample[0, 0, 0] > 200
    chosen = prepared(thing(10, 240), dataset(), invert=True)
    assert "as chosen" in " ".join(chosen.notes)
    assert not prepared(thing(230, 20), dataset(channels=3)).inverted
    assert (is_bright(dataset()), is_bright(dataset(background=255))) == (False, True)


@pytest.mark.parametrize("ground", [60, 100, 140, 180])
def test_on_a_grey_ground_the_object_decides(ground: int) -> None:
    bright, dark = prepared(thing(ground, 250), dataset()), prepared(thing(ground, 5), dataset())
    assert (bright.inverted, dark.inverted) == (False, True)
    for made in (bright, dark):
        assert made.sample[0, :, 0].max() == 0  # black beside it
        assert made.sample.max() > 230
    assert "darker than its background" in " ".join(dark.notes)
    assert prepared(thing(ground, 250), dataset(background=255)).inverted


@pytest.mark.parametrize("ground", [0, 255])
def test_the_brightest_and_the_darkest_ground_can_be_kept(ground: int) -> None:
    made = prepared(thing(ground, 255 - ground), dataset(), invert=False)
    assert made.sample[0, 0, 0] == ground
    assert np.ptp(made.sample) > 230


@pytest.mark.parametrize("framing", ["trim", "square", "whole"])
@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (28, 28), (200, 300)])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_every_size_and_frame_gives_one_sample(
    framing: str, size: tuple[int, int], channels: int
) -> None:
    picture = opened(bytes_of(noise(*size, 3)))
    made = prepared(picture, dataset(channels), framing)
    assert made.sample.shape == (channels, 28, 28)
    assert made.sample.dtype == np.uint8
    assert made.sample.flags["C_CONTIGUOUS"]


def test_a_sample_that_is_uploaded_again_is_the_same_sample() -> None:
    image = np.zeros((28, 28), np.uint8)
    image[2:26, 8:20] = np.arange(60, 60 + 24 * 12 // 2).repeat(2).reshape(24, 12) % 256
    made = prepared(opened(bytes_of(Image.fromarray(image))), dataset(), "whole")
    np.testing.assert_array_equal(made.sample[0], image)
    assert made.notes == ()


def test_the_middle_square_of_a_colour_photograph() -> None:
    pixels = np.zeros((60, 100, 3), np.uint8)
    pixels[:, 20:80] = (250, 10, 10)
    made = prepared(OpenedPicture(pixels, (100, 60)), dataset(channels=3))
    assert made.sample[0].min() == 250
    assert made.sample[1].max() == 10
    assert "Cut to its middle." in made.notes
