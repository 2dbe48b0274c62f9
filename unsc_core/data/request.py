"""The request: which part of a dataset to forget, and which to retain."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from unsc_core.data.dataset import Dataset
from unsc_core.errors import ConfigError


@dataclass(frozen=True, eq=False)
class Split:
    """A dataset, split into what to forget and what to retain.

    Attributes:
        dataset: the whole dataset.
        forget_classes: sorted and distinct, not all of them; empty if samples are forgotten.
        forget_ids: sorted and distinct training indices; empty if classes are forgotten.
    """

    dataset: Dataset
    forget_classes: tuple[int, ...]
    forget_ids: tuple[int, ...] = ()
    _forgotten: dict[str, NDArray[np.bool_]] = field(default_factory=dict, init=False, repr=False)

    @property
    def measured_part(self) -> str:
        """Where forgetting is measured: on "test" for classes, on "train" for single samples."""
        return "train" if self.forget_ids else "test"

    @property
    def retain_classes(self) -> tuple[int, ...]:
        """The classes to retain."""
        return tuple(c for c in range(self.dataset.num_classes) if c not in self.forget_classes)

    def forget_train(self) -> NDArray[np.intp]:
        """Indices of D_f among the training samples."""
        return np.flatnonzero(self.is_forgotten("train"))

    def retain_train(self) -> NDArray[np.intp]:
        """Indices of D_r among the training samples."""
        return np.flatnonzero(~self.is_forgotten("train"))

    def is_forgotten(self, part: str) -> NDArray[np.bool_]:
        """(n,) bool, read-only: whether each sample of "train" or "test" is to be forgotten.

        Test samples are forgotten with their class only.
        """
        if part not in self._forgotten:  # cached, since every measure needs it
            found = self._find_forgotten(part)
            found.setflags(write=False)
            self._forgotten[part] = found
        return self._forgotten[part]

    def _find_forgotten(self, part: str) -> NDArray[np.bool_]:
        labels = self.dataset.labels(part)
        if not self.forget_ids:
            return np.isin(labels, self.forget_classes)
        chosen = np.zeros(len(labels), dtype=bool)
        if part == "train":
            chosen[list(self.forget_ids)] = True
        return chosen

    def banned(self) -> NDArray[np.bool_]:
        """(n_forget, classes) bool: the classes that each forgotten sample must not be moved to.

        These are the forget classes, or the sample's own class if single samples are forgotten.
        """
        own = self.dataset.y_train[self.forget_train()]
        classes = np.arange(self.dataset.num_classes)
        if self.forget_ids:
            return classes == own[:, None]
        return np.tile(np.isin(classes, self.forget_classes), (len(own), 1))


def split(
    dataset: Dataset, forget_classes: tuple[int, ...], forget_ids: tuple[int, ...] = ()
) -> Split:
    """The split of a dataset by a request, after checking the request.

    Raises:
        ConfigError: no class, an unknown class, or all classes; an unknown sample, or all samples
            of a class.
    """
    if forget_ids:
        return _split_samples(dataset, forget_classes, forget_ids)
    last = dataset.num_classes - 1
    if not forget_classes:
        raise ConfigError(f"No class to forget is named; choose one or more of 0 to {last}.")
    for c in forget_classes:
        if not 0 <= c <= last:
            raise ConfigError(
                f"Class {c} is not in {dataset.name}; its classes are 0 to {last} "
                f"({_named(dataset)})."
            )
    chosen = tuple(sorted(set(forget_classes)))
    if len(chosen) == dataset.num_classes:
        raise ConfigError(
            f"All {dataset.num_classes} classes of {dataset.name} would be forgotten; leave at "
            "least one."
        )
    return Split(dataset, chosen)


def _split_samples(
    dataset: Dataset, forget_classes: tuple[int, ...], forget_ids: tuple[int, ...]
) -> Split:
    if forget_classes:
        raise ConfigError("Both classes and samples to forget are given; give one or the other.")
    chosen = tuple(sorted(set(forget_ids)))
    n = len(dataset.y_train)
    for i in (chosen[0], chosen[-1]):
        if not 0 <= i < n:
            raise ConfigError(
                f"Sample {i} is not in {dataset.name}; its training samples are 0 to {n - 1}."
            )
    left = np.bincount(np.delete(dataset.y_train, list(chosen)), minlength=dataset.num_classes)
    if left.min() == 0:
        name = dataset.class_names[int(left.argmin())]
        raise ConfigError(
            f"All training samples of class {name} would be forgotten; name the class instead, or "
            "leave some."
        )
    return Split(dataset, (), chosen)


def _named(dataset: Dataset) -> str:
    names = enumerate(dataset.class_names[:10])
    shown = [name if name == str(i) else f"{i} {name}" for i, name in names]
    return ", ".join(shown) + (", …" if dataset.num_classes > 10 else "")
