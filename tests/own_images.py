"""Own data made from real digits, as .npz files and as folders, sound and broken in every way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unsc_core.data import load_dataset

Arrays = dict[str, NDArray]


def own_arrays(classes: int = 3, train: int = 30, test: int = 12) -> Arrays:
    """Digits of the first classes, enlarged to 16×16, as a user would save them."""
    dataset = load_dataset("digits")
    arrays: Arrays = {}
    for part, x, y, n in (
        ("train", dataset.x_train, dataset.y_train, train),
        ("test", dataset.x_test, dataset.y_test, test),
    ):
        chosen = np.sort(np.concatenate([np.flatnonzero(y == c)[:n] for c in range(classes)]))
        arrays[f"x_{part}"] = np.kron(x[chosen, 0], np.ones((1, 2, 2), dtype=np.uint8))
        arrays[f"y_{part}"] = y[chosen]
    arrays["class_names"] = np.array(["zero", "one", "two", "three", "four"][:classes])
    return arrays


def save_npz(path: Path, **changes: object) -> Path:
    """A .npz of `own_arrays`, with some arrays replaced, or left out where None."""
    arrays = {
        name: value for name, value in {**own_arrays(), **changes}.items() if value is not None
    }
    np.savez(path, **arrays)
    return path


def save_folder(root: Path, classes: int = 2, each: int = 4) -> Path:
    """train/<class>/*.png and test/<class>/*.png of real digits."""
    arrays = own_arrays(classes)
    for part in ("train", "test"):
        for c in range(classes):
            folder = root / part / str(arrays["class_names"][c])
            folder.mkdir(parents=True)
            for i, image in enumerate(arrays[f"x_{part}"][arrays[f"y_{part}"] == c][:each]):
                Image.fromarray(image).save(folder / f"{i}.png")
    return root
