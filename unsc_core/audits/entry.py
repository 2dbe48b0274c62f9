"""The registry entry of an audit, what an audit returns, and which requests can be audited."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from unsc_core.data.request import Split
from unsc_core.errors import AuditError

if TYPE_CHECKING:
    from unsc_core.audits.shadow import Attacked
    from unsc_core.audits.subject import Subject

GROUPS = ("answers", "logits", "features", "memory")
"""Where an audit looks for the forgotten classes."""
NETWORKS = ("original", "mask", "unlearned", "retrained")
"""What is audited."""
RELEARNED_IMAGES = 5
"""Images of every class after which the audit of relearning has its value; pages name it."""
SHADOW_MODELS = (4, 8, 16)
"""Numbers of shadow models that pages offer."""
MIN_SAMPLES = 10
"""Fewest samples of a class that anything is measured on."""
SAMPLES = (
    "The audits look for a forgotten class on held-out samples, and single samples have none; "
    "name a class to forget."
)
"""Why a request of single samples is refused."""


@dataclass(frozen=True)
class Outcome:
    """What one audit found in one network.

    Attributes:
        value: the number that networks are compared by; None if the audit failed.
        detail: further numbers in JSON types, such as a value per layer.
        failed: why there is no value, one sentence; "" if there is one.
    """

    value: float | None
    detail: dict[str, Any] = field(default_factory=dict)
    failed: str = ""


@dataclass(frozen=True)
class Audit:
    """One audit, described without loading it.

    Attributes:
        name: as in JSON. title: as shown. question: what it answers, one sentence.
        measures: what its value is, one sentence.
        unit: "%", "bits", or "" for a ratio.
        direction: "higher" if a higher value means that more of the classes is left, or "lower".
        group: one of GROUPS.
        source: the paper.
        order: place in lists.
        compares: whether it compares a network with the retrained one. The retrained network itself
            is then compared with one retrained with another seed; only test samples are the same
            for both.
        reads_answers: whether it uses the logits of the forgotten classes, so that the mask differs
            from the original.
        version: part of the key of stored outcomes; raised when a change of the code changes them.
        module: the module that defines `measure`; filled in by the registry.
    """

    name: str
    title: str
    question: str
    measures: str
    unit: str
    direction: str
    group: str
    source: str
    order: int = 500
    compares: bool = False
    reads_answers: bool = False
    version: int = 1
    module: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.direction not in ("higher", "lower"):
            raise ValueError(f"direction must be higher or lower, not '{self.direction}'")
        if self.group not in GROUPS:
            raise ValueError(f"group must be one of {', '.join(GROUPS)}, not '{self.group}'")

    @property
    def summary(self) -> str:
        """One sentence for lists."""
        return self.question

    @property
    def measure(self) -> Callable[[Subject, Subject], Outcome]:
        """The audit itself, of a network and the retrained one of its seed; loads its module.

        It raises AuditError if it cannot be made.
        """
        return importlib.import_module(self.module).measure


@dataclass(frozen=True)
class ShadowAudit(Audit):
    """An attack with shadow models, described without loading it."""

    @property
    def attack(self) -> Callable[[Attacked], Outcome]:
        """The attack itself, on what is seen of a network; loads its module."""
        return importlib.import_module(self.module).measure

    @property
    def scores(self) -> Callable[[Attacked], NDArray[np.float64]]:
        """What it tells members by: a higher score (n,) means a member; loads its module."""
        return importlib.import_module(self.module).scores


def check_request(request: Split) -> None:
    """Check that there is enough to measure on.

    Raises:
        AuditError: single samples are forgotten, or a class has too few samples.
    """
    if request.forget_ids:
        raise AuditError(SAMPLES)
    dataset = request.dataset
    for part, labels, classes in (
        ("training", dataset.y_train, range(dataset.num_classes)),
        ("test", dataset.y_test, request.forget_classes),
    ):
        counts = np.bincount(labels, minlength=dataset.num_classes)
        fewest = min(classes, key=lambda c: counts[c])
        if counts[fewest] < MIN_SAMPLES:
            raise AuditError(
                f"Class {dataset.class_names[fewest]} has {counts[fewest]} {part} samples; "
                f"an audit needs {MIN_SAMPLES} or more."
            )
