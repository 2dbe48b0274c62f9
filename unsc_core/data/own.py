"""User-supplied images: an .npz file, or a folder with train/<class>/ and test/<class>/.

No code in them is executed.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unsc_core.data.arrays import checked_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.errors import DataError, os_errors_as
from unsc_core.paths import data_folder

MAX_BYTES = 2**30
"""Larger data, once unpacked, is refused: a server keeps several people's data in memory."""

REQUIRED = ("x_train", "y_train", "x_test", "y_test")


def load_user_dataset(path: Path) -> Dataset:
    """Read the user's images at `path`.

    Raises:
        DataError: the path does not exist, or its content cannot be used; one sentence says why.
    """
    with os_errors_as(DataError, f"{path} cannot be read", "check the file and its permissions"):
        if path.is_dir():
            return _load_folder(path)
        if path.is_file():
            return _load_npz(path)
    raise DataError(
        f"{path} does not exist; give an .npz file, or a folder with train/<class>/ and "
        "test/<class>/."
    )


def path_in_data_folder(text: str) -> Path:
    """The path that a user of a shared front end typed, if it is inside the data folder.

    Raises:
        DataError: it is outside, or not a valid path.
    """
    root = data_folder().resolve()
    try:
        path = (root / text).resolve()
    except (ValueError, OSError, RuntimeError):
        raise DataError(f"{text!r} is not a valid path; choose another.") from None
    if not path.is_relative_to(root) or path == root:
        raise DataError(f"{text} is outside the data folder; move it to {root} or upload it.")
    return path


def _load_npz(path: Path) -> Dataset:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
                raise DataError(
                    f"{path.name} unpacks to more than {MAX_BYTES >> 30} GiB; use fewer or smaller "
                    "images."
                )
        with np.load(path, allow_pickle=False) as file:
            if missing := [name for name in REQUIRED if name not in file.files]:
                raise DataError(
                    f"{path.name} has no array '{missing[0]}'; it needs {', '.join(REQUIRED)}."
                )
            arrays = [_array(path, file, name) for name in REQUIRED]
            named = "class_names" in file.files
            names = np.atleast_1d(_array(path, file, "class_names")) if named else ()
    except MemoryError:
        raise DataError(
            f"{path.name} needs more memory than this machine has; use fewer or smaller images."
        ) from None
    except (DataError, OSError):
        raise
    except Exception as error:  # zipfile and numpy raise almost anything on unknown bytes
        raise DataError(
            f"{path.name} is not a complete .npz file ({_first_line(error)}); save it again with "
            "numpy.savez."
        ) from None
    x_train, y_train, x_test, y_test = arrays
    return checked_dataset(path.name, x_train, y_train, x_test, y_test, tuple(map(str, names)))


def _array(path: Path, file: np.lib.npyio.NpzFile, name: str) -> NDArray[np.generic]:
    try:
        array = file[name]
    except ValueError as error:
        if "pickle" in str(error):
            raise DataError(
                f"{path.name}: {name} is an array of objects (images of different sizes?); all "
                "images must have one size."
            ) from None
        raise
    if not isinstance(array, np.ndarray):  # numpy returns the bytes of a member it cannot parse
        raise ValueError(f"{name} is not an array")
    return array


def _load_folder(root: Path) -> Dataset:
    class_names = _class_names(root)
    x_train, y_train = _read_images(root, "train", class_names)
    x_test, y_test = _read_images(root, "test", class_names)
    return checked_dataset(root.name, x_train, y_train, x_test, y_test, class_names)


def _class_names(root: Path) -> tuple[str, ...]:
    for part in ("train", "test"):
        if not (root / part).is_dir():
            raise DataError(
                f"{root} has no folder '{part}'; images go into train/<class>/ and test/<class>/."
            )
    names = _subfolders(root / "train")
    if len(names) < 2:
        raise DataError(
            f"{root / 'train'} has {len(names)} class folders; forgetting needs at least two."
        )
    if extra := sorted(_subfolders(root / "test") - names):
        raise DataError(f"{root}: test has a class '{extra[0]}' that train does not have.")
    return tuple(
        sorted(names, key=lambda name: (int(name), name) if name.isdecimal() else (1 << 60, name))
    )


def _subfolders(folder: Path) -> set[str]:
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    return {entry.name for entry in entries if entry.is_dir()}


def _read_images(
    root: Path, part: str, class_names: tuple[str, ...]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    images: list[NDArray[np.uint8]] = []
    labels: list[int] = []
    total = 0
    for label, name in enumerate(class_names):
        folder = root / part / name
        inside = folder.iterdir() if folder.is_dir() else ()
        files = sorted(f for f in inside if f.is_file() and not f.name.startswith("."))
        if not files:
            raise DataError(f"{folder} has no images; put some there, or remove the class.")
        for file in files:
            pixels = _read_image(root, file)
            if images and pixels.shape != images[0].shape:
                raise DataError(
                    f"{file.relative_to(root)} is {_size(pixels)} but the first image is "
                    f"{_size(images[0])}; all images must have one size."
                )
            total += pixels.nbytes
            if total > MAX_BYTES:
                raise DataError(
                    f"{root.name} holds more than {MAX_BYTES >> 30} GiB of pixels; use fewer or "
                    "smaller images."
                )
            images.append(pixels)
            labels.append(label)
    return np.stack(images), np.array(labels, dtype=np.int64)


def _read_image(root: Path, file: Path) -> NDArray[np.uint8]:
    """(height, width, channels): one channel for grey images, else three."""
    shown = file.relative_to(root)
    if not file.resolve().is_relative_to(root.resolve()):
        raise DataError(f"{shown} links to a file outside {root.name}; copy it there.")
    try:
        with Image.open(file) as image:
            pixels = np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB"))
    except Exception:  # decoders can raise almost anything on unknown bytes
        raise DataError(
            f"{shown} cannot be read as an image; remove it or save it again."
        ) from None
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _size(pixels: NDArray[np.uint8]) -> str:
    return "×".join(map(str, pixels.shape))


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
