"""CIFAR-100 (Krizhevsky, 2009)."""

from __future__ import annotations

from unsc_core.data.dataset import Dataset
from unsc_core.data.downloads import load_cifar, torchvision_datasets
from unsc_core.data.entry import DatasetEntry
from unsc_core.paths import data_folder
from unsc_core.progress import Report


def load(report: Report) -> Dataset:
    """50,000 training and 10,000 test images, 32×32, in colour."""
    return load_cifar("cifar100", torchvision_datasets().CIFAR100, report)


def is_available() -> bool:
    """Whether the unpacked folder is on this machine."""
    return (data_folder() / "cifar-100-python").exists()


DATASET = DatasetEntry(
    name="cifar100",
    title="CIFAR-100",
    summary="50,000 + 10,000 photographs, 32×32, a hundred classes.",
    load=load,
    default_model="resnet18",
    default_forget_class=19,
    training_epochs=60,
    order=70,
    is_available=is_available,
)
