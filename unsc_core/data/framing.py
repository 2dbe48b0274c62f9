"""A picture as a sample of a dataset: framed, levelled and scaled as its training images are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unsc_core.data.dataset import Dataset
from unsc_core.data.picture import OpenedPicture

FRAMINGS = ("trim", "square", "whole")
"""To the object on its background; the middle square; all of it, padded with its background."""
CONTENT = 32.0
"""A pixel that differs by more grey levels than this from the background belongs to the object."""
EXAMPLES = 10
"""Training images per class that the background of a dataset is read from."""


@dataclass(frozen=True, eq=False)
class PreparedPicture:
    """A picture as the networks of a dataset take it.

    Attributes:
        sample: (channels, height, width) uint8, of the dataset's shape.
        inverted: whether dark and bright were exchanged.
        notes: what was done to the picture, one sentence each.
    """

    sample: NDArray[np.uint8]
    inverted: bool
    notes: tuple[str, ...]


def is_bright(dataset: Dataset) -> bool:
    """Whether the images of a dataset have a bright background: their median border pixel."""
    rows = dataset.first_of_each_class("train", EXAMPLES)
    images = dataset.x_train[rows].astype(np.float32).mean(1)
    return bool(np.median(np.concatenate([_border(one) for one in images])) > 127)


def usual_framing(dataset: Dataset) -> str:
    """How pictures are framed unless someone chooses: objects on a plain background are trimmed."""
    return "trim" if dataset.input_shape[0] == 1 else "square"


def prepared(
    picture: OpenedPicture, dataset: Dataset, framing: str | None = None, invert: bool | None = None
) -> PreparedPicture:
    """A picture as one sample of a dataset of images.

    Args:
        picture: from `opened`.
        dataset: whose networks shall take it.
        framing: one of FRAMINGS; `usual_framing` if None.
        invert: whether dark and bright are exchanged. None: where images are grey, if the object
            is darker than its background and those of the training images are brighter, or the
            other way round.
    """
    channels, height, width = dataset.input_shape
    framing, grey = framing or usual_framing(dataset), channels < 3
    notes, pixels = list(picture.notes), picture.pixels.astype(np.float32)
    if grey:
        coloured = bool(np.ptp(pixels, axis=2).max() > 8)
        pixels = (pixels @ _LUMA)[..., None]
        notes += ["Its colours became grey."] if coloured else []
    inverted, why = _is_inverted(pixels, dataset, grey, invert)
    if inverted:
        pixels = 255.0 - pixels
    notes += why
    pixels, more = _framed(pixels, framing, (height, width))
    image = _resized(pixels, (height, width))
    notes += more
    if picture.size != (width, height):
        notes.append(
            f"Scaled from {picture.size[0]:,} × {picture.size[1]:,} to {width} × {height} pixels."
        )
    if channels in (2, 4):
        image = np.concatenate([image, np.full((height, width, 1), 255, np.uint8)], 2)
        notes.append("Its last channel was filled with 255.")
    return PreparedPicture(
        np.ascontiguousarray(image.transpose(2, 0, 1)), inverted, tuple(dict.fromkeys(notes))
    )


_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green and blue in grey, after ITU-R BT.601."""


def _is_inverted(
    pixels: NDArray[np.float32], dataset: Dataset, grey: bool, asked: bool | None
) -> tuple[bool, list[str]]:
    if asked is not None:
        return asked, ["Inverted, as chosen."] if asked else []
    if not grey:
        return False, []
    darker = _is_darker(pixels, _background(pixels))
    if darker == is_bright(dataset):
        return False, []
    here, there = ("darker", "brighter") if darker else ("brighter", "darker")
    return True, [
        f"Inverted: it is {here} than its background, and in the training images objects are "
        f"{there}."
    ]


def _background(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """(channels,) the usual value at the border of a picture (height, width, channels)."""
    return np.median(_border(pixels), axis=0)


def _is_darker(pixels: NDArray[np.float32], background: NDArray[np.float32]) -> bool:
    """Whether an object is darker than its background; without one, whether that is bright."""
    apart = (pixels - background).mean(2)
    of_object = apart[np.abs(apart) > CONTENT]
    return bool(of_object.mean() < 0 if of_object.size else background.mean() > 127)


def _border(image: NDArray[Any]) -> NDArray[Any]:
    """The outermost pixels of an image (height, width, …), a twentieth of each side wide."""
    deep, across = (max(1, side // 20) for side in image.shape[:2])
    rest = image.shape[2:]
    strips = (image[:deep], image[-deep:], image[:, :across], image[:, -across:])
    return np.concatenate([strip.reshape(-1, *rest) for strip in strips])


def _framed(
    pixels: NDArray[np.float32], framing: str, shape: tuple[int, int]
) -> tuple[NDArray[np.float32], list[str]]:
    """A picture cut or padded to the proportions of `shape`, and what was done."""
    if framing == "square":
        return _middle(pixels, shape)
    background = _background(pixels)
    notes = []
    if framing == "trim":
        box = _object_box(pixels, background)
        if box is not None:
            white = _is_darker(pixels, background)
            pixels = _levelled(pixels[box], background, white)
            background = np.full_like(background, 255.0 if white else 0.0)
            black = "white" if white else "black"
            notes.append(f"Trimmed to the object, and its background made {black}.")
    return _padded(pixels, background, shape), notes


def _middle(
    pixels: NDArray[np.float32], shape: tuple[int, int]
) -> tuple[NDArray[np.float32], list[str]]:
    """The largest part in the middle with the proportions of `shape`."""
    height, width = pixels.shape[:2]
    scale = min(height / shape[0], width / shape[1])
    tall, wide = (max(1, round(scale * side)) for side in shape)
    top, left = (height - tall) // 2, (width - wide) // 2
    cut = (tall, wide) != (height, width)
    return pixels[top : top + tall, left : left + wide], ["Cut to its middle."] if cut else []


def _object_box(
    pixels: NDArray[np.float32], background: NDArray[np.float32]
) -> tuple[slice, slice] | None:
    """Where the object is; None without one, or when it fills the picture."""
    differs = np.abs(pixels - background).max(2) > CONTENT
    rows, columns = np.flatnonzero(differs.any(1)), np.flatnonzero(differs.any(0))
    if not len(rows):
        return None
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    full = pixels[box].shape == pixels.shape
    return None if full else box


def _levelled(
    pixels: NDArray[np.float32], background: NDArray[np.float32], white: bool
) -> NDArray[np.float32]:
    """Grey levels stretched so that the background becomes white, or else black."""
    if white:
        return np.clip(pixels * 255 / np.maximum(background, 1), 0, 255)
    return np.clip((pixels - background) * 255 / np.maximum(255 - background, 1), 0, 255)


def _padded(
    pixels: NDArray[np.float32], background: NDArray[np.float32], shape: tuple[int, int]
) -> NDArray[np.float32]:
    """The picture in the middle of a background with the proportions of `shape`."""
    height, width = pixels.shape[:2]
    scale = max(height / shape[0], width / shape[1])
    tall, wide = (round(scale * side) for side in shape)
    room = np.empty((max(tall, height), max(wide, width), pixels.shape[2]), np.float32)
    room[:] = background
    top, left = (room.shape[0] - height) // 2, (room.shape[1] - width) // 2
    room[top : top + height, left : left + width] = pixels
    return room


def _resized(pixels: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """(height, width, channels) uint8; a larger picture is averaged down, never sampled."""
    planes = []
    for channel in range(pixels.shape[2]):
        plane = Image.fromarray(np.ascontiguousarray(pixels[..., channel]))
        planes.append(np.asarray(plane.resize(shape[::-1], Image.Resampling.BILINEAR)))
    return np.round(np.clip(np.stack(planes, 2), 0, 255)).astype(np.uint8)
