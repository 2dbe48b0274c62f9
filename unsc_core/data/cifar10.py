"""CIFAR-10 (Krizhevsky, 2009)."""

from __future__ import annotations

from unsc_core.data.dataset import Dataset
from unsc_core.data.downloads import load_cifar, torchvision_datasets
from unsc_core.data.entry import DatasetEntry
from unsc_core.paths import data_folder
from unsc_core.progress import Report


def load(report: Report) -> Dataset:
    """50,000 training and 10,000 test images, 32×32, in colour."""
    return load_cifar("cifar10", torchvision_datasets().CIFAR10, report)


def is_available() -> bool:
    """Whether the unpacked folder is on this machine."""
    return (data_folder() / "cifar-10-batches-py").exists()


DATASET = DatasetEntry(
    name="cifar10",
    title="CIFAR-10",
    summary="50,000 + 10,000 photographs, 32×32, ten classes.",
    load=load,
    default_model="allcnn",
    default_forget_class=3,
    training_epochs=30,
    order=60,
    is_available=is_available,
)
