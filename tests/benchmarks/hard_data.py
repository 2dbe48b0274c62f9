"""Data sets made to be hard, from Fashion-MNIST: `python -m tests.benchmarks.hard_data FOLDER`.

Few images, so that the network learns every one of them; classes that look alike; classes of very
different size; and colour, with images on textures. Nothing was tuned on them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unsc_core.data import load_dataset
from unsc_core.data.dataset import Dataset

Images = NDArray[np.uint8]
REQUESTS = {"few": (6, 2), "look-alike": (4, 1), "imbalanced": (6, 2), "colour": (6, 0, 5)}
"""Name -> classes to forget, one at a time."""
LOOK_ALIKE = (0, 2, 3, 4, 6)
"""T-shirts, pullovers, dresses, coats, shirts."""
TEST = 450
"""Test images of every class."""


def drawn(
    full: Dataset, part: str, classes: Sequence[int], counts: Sequence[int]
) -> tuple[Images, NDArray[np.int64]]:
    """So many images of each class, drawn at random; classes are numbered anew."""
    draw, labels = np.random.default_rng(0), full.labels(part)
    rows = [
        draw.permutation(np.flatnonzero(labels == c))[:n]
        for c, n in zip(classes, counts, strict=True)
    ]
    numbers = np.repeat(np.arange(len(classes)), [len(each) for each in rows])
    return full.samples(part)[np.concatenate(rows)], numbers


def coloured(images: Images, seed: int) -> Images:
    """(n, 1, h, w) -> (n, 3, h, w): each in a colour of its own, on a smooth texture."""
    draw = np.random.default_rng(seed)
    n, _, height, width = images.shape
    coarse = draw.random((n, 3, height // 4 + 1, width // 4 + 1))
    texture = coarse.repeat(4, 2).repeat(4, 3)[:, :, :height, :width]
    colour = 0.3 + 0.7 * draw.random((n, 3, 1, 1))
    ink = images / 255.0
    return np.round(255 * (ink * colour + (1 - ink) * 0.6 * texture)).astype(np.uint8)


def write(folder: Path) -> dict[str, Path]:
    """Write the four data sets, unless they are there; name -> its .npz file."""
    full, everything = load_dataset("fashion-mnist"), range(10)
    sizes = np.geomspace(2000, 100, 10).round().astype(int)
    plans = {
        "few": (everything, [100] * 10),
        "look-alike": (LOOK_ALIKE, [800] * 5),
        "imbalanced": (everything, sizes[[7, 3, 1, 9, 5, 0, 6, 2, 8, 4]]),
        "colour": (everything, [700] * 10),
    }
    paths = {name: folder / f"{name}.npz" for name in plans}
    folder.mkdir(parents=True, exist_ok=True)
    for name, (classes, counts) in plans.items():
        if paths[name].is_file():
            continue
        x_train, y_train = drawn(full, "train", list(classes), counts)
        x_test, y_test = drawn(full, "test", list(classes), [TEST] * len(classes))
        if name == "colour":
            x_train, x_test = coloured(x_train, 1), coloured(x_test, 2)
        names = [full.class_names[c] for c in classes]
        np.savez_compressed(
            paths[name],
            x_train=np.moveaxis(x_train, 1, -1),
            y_train=y_train,
            x_test=np.moveaxis(x_test, 1, -1),
            y_test=y_test,
            class_names=names,
        )
    return paths


if __name__ == "__main__":
    for file in write(Path(sys.argv[1])).values():
        print(file)
