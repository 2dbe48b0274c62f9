"""Fashion-MNIST in full (Xiao, Rasul, Vollgraf, 2017, arXiv 1708.07747; MIT licence)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from unsc_core.data.dataset import Dataset
from unsc_core.data.downloads import fetch, read_idx, torchvision_datasets
from unsc_core.data.entry import DatasetEntry
from unsc_core.paths import data_folder
from unsc_core.progress import Report

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
"""Where the package dataset-fashion-mnist of Debian and Ubuntu puts the files."""
CLASS_NAMES = (
    *("T-shirt", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)


def load(report: Report) -> Dataset:
    """60,000 training and 10,000 test images, 28×28."""
    folder = DEBIAN if DEBIAN.is_dir() else _downloaded(report)
    x_train, y_train, x_test, y_test = (
        read_idx(folder / f"{part}-{kind}.gz")
        for part in ("train", "t10k")
        for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
    )
    return Dataset(
        "fashion-mnist",
        x_train[:, None],
        y_train.astype(np.int64),
        x_test[:, None],
        y_test.astype(np.int64),
        CLASS_NAMES,
    )


def is_available() -> bool:
    """Whether the files are on this machine."""
    return DEBIAN.is_dir() or (_download_folder() / "t10k-labels-idx1-ubyte.gz").exists()


def _downloaded(report: Report) -> Path:
    source = torchvision_datasets().FashionMNIST
    wanted = [(source.mirrors[0] + name, name, md5) for name, md5 in source.resources]
    fetch("fashion-mnist", _download_folder(), wanted, report)
    return _download_folder()


def _download_folder() -> Path:
    return data_folder() / "FashionMNIST" / "raw"


DATASET = DatasetEntry(
    name="fashion-mnist",
    title="Fashion-MNIST",
    summary="All 60,000 + 10,000 images of clothing, 28×28.",
    load=load,
    default_model="small-cnn",
    default_forget_class=6,
    training_epochs=10,
    order=40,
    is_available=is_available,
)
