"""The published table: Chen, Zhu, Yu, Zhou: Machine Unlearning via Null Space Calibration.

IJCAI 2024, arXiv 2404.13588; test accuracy in percent, three seeds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from unsc_core.errors import ConfigError

Pair = tuple[float | None, float | None]
"""Acc_f and Acc_r in percent; None where nothing was published."""


@dataclass(frozen=True)
class PaperRow:
    """The published numbers for one dataset and network.

    Attributes:
        name: as typed on the command line.
        dataset, model: names in DATASETS and MODELS.
        forget: the class to forget.
        original: published accuracies of the original network.
        methods: method -> published accuracies.
        needs: download and time, for whoever wants to run it.
        more: sets of several classes, published for UNSC only -> accuracies.
        settings: method -> fields of ExperimentConfig that differ from the defaults, chosen by
            `tune` on validation samples.
    """

    name: str
    dataset: str
    model: str
    forget: int
    original: Pair
    methods: dict[str, Pair]
    needs: str
    more: dict[tuple[int, ...], Pair] = field(default_factory=dict)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)


_FASHION_MNIST = PaperRow(
    name="fashion-mnist",
    dataset="fashion-mnist-32",
    model="alexnet",
    forget=6,
    original=(80.97, 93.58),
    methods={
        "retrain": (None, 95.19),
        "unsc": (0.67, 95.23),
        "random-labels+null-space": (1.57, 93.30),
        "gradient-ascent": (6.40, 80.94),
        "fisher": (1.50, 95.11),
        "salun": (1.80, 91.11),
    },
    needs="Downloads 30 MB; about a quarter of an hour per training on two cores, "
    "six trainings for three seeds.",
    more={
        (0, 6): (0.80, 95.38),
        (0, 4, 6): (1.16, 96.80),
        (0, 1, 4, 6): (0.35, 97.19),
        (0, 1, 4, 6, 9): (0.04, 97.88),
    },
    # A learning rate of 0.02 keeps a third of one validation sample more, and forgets less: see
    # assets/tuning.
    settings={"unsc": {"energy_threshold": 0.9, "learning_rate": 0.05}},
)
_CIFAR10 = PaperRow(
    name="cifar10",
    dataset="cifar10",
    model="allcnn",
    forget=3,
    original=(79.93, 92.10),
    methods={"retrain": (None, 93.22), "random-labels": (3.30, 82.88), "unsc": (0.70, 92.77)},
    needs="Downloads 170 MB; each training takes minutes on a GPU, hours on a CPU.",
)
_SVHN = PaperRow(
    name="svhn",
    dataset="svhn",
    model="vgg11",
    forget=3,
    original=(91.30, 95.52),
    methods={"retrain": (None, 95.56), "random-labels": (1.75, 76.95), "unsc": (0.00, 95.74)},
    needs="Downloads 250 MB; each training takes minutes on a GPU, hours on a CPU.",
)
_CIFAR100 = PaperRow(
    name="cifar100",
    dataset="cifar100",
    model="resnet18",
    forget=19,
    original=(72.07, 75.36),
    methods={"retrain": (None, 75.77), "random-labels": (1.13, 24.58), "unsc": (1.23, 76.01)},
    needs="Downloads 170 MB and wants a GPU; about a day per training on a CPU.",
)
ROWS: dict[str, PaperRow] = {row.name: row for row in (_FASHION_MNIST, _CIFAR10, _SVHN, _CIFAR100)}


def published_row(name: str) -> PaperRow:
    """The published row `name`.

    Raises:
        ConfigError: unknown name.
    """
    if name not in ROWS:
        raise ConfigError(
            f"Unknown row '{name}' of the published table; choose one of {', '.join(ROWS)}."
        )
    return ROWS[name]
