"""SVHN: Street View House Numbers (Netzer et al., 2011)."""

from __future__ import annotations

import numpy as np

from unsc_core.data.dataset import Dataset
from unsc_core.data.downloads import fetch, torchvision_datasets
from unsc_core.data.entry import DatasetEntry
from unsc_core.paths import data_folder
from unsc_core.progress import Report


def load(report: Report) -> Dataset:
    """73,257 training and 26,032 test images, 32×32, in colour."""
    source = torchvision_datasets().SVHN
    folder = data_folder()
    fetch("svhn", folder, [tuple(source.split_list[part]) for part in ("train", "test")], report)
    train, test = (source(str(folder), split=part) for part in ("train", "test"))
    return Dataset(
        "svhn",
        train.data,
        train.labels.astype(np.int64),
        test.data,
        test.labels.astype(np.int64),
        tuple(str(c) for c in range(10)),
    )


def is_available() -> bool:
    """Whether both files are on this machine."""
    return all((data_folder() / f"{part}_32x32.mat").exists() for part in ("train", "test"))


DATASET = DatasetEntry(
    name="svhn",
    title="SVHN",
    summary="73,257 + 26,032 photographs of house numbers, 32×32.",
    load=load,
    default_model="vgg11",
    default_forget_class=3,
    training_epochs=15,
    order=80,
    is_available=is_available,
)
