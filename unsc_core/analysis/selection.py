"""A selection of samples: some by number, or all that keep a rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unsc_core.errors import ConfigError
from unsc_core.experiment.result import Result

OUTCOMES = {
    "forget": "to be forgotten",
    "forgotten": "to be forgotten, and not predicted as such",
    "kept": "to be forgotten, but predicted as such",
    "over": "retained, right before, wrong after",
}
"""What became of a sample -> what it means. "forget" is the union of the next two."""
MODELS = ("original", "unlearned", "retrained")
_CHANGED, _DIFFERENCE = "changed", "difference"
CLASS_CONDITIONS = ("true", *MODELS, _CHANGED, "label")
"""Conditions on a class: the true one, the one that a model predicts, the one that the original or
the unlearned model predicts but not both, the one assigned as the training label."""


@dataclass(frozen=True)
class Selection:
    """Samples of one part of a dataset; which those are depends on the result that is shown.

    Attributes:
        part: "test" or "train".
        ids: sorted and distinct indices; empty for a rule.
        rule: conditions that must all hold, as (name, value): a name in CLASS_CONDITIONS with a
            class, or "outcome" with a key of OUTCOMES. Empty for single samples.
    """

    part: str
    ids: tuple[int, ...] = ()
    rule: tuple[tuple[str, int | str], ...] = ()

    def rows(self, result: Result) -> NDArray[np.intp]:
        """Indices, ascending, of the selected samples.

        Raises:
            ConfigError: they are not in this dataset, or not known of this result; it says why.
        """
        if self.rule:
            hold = [condition(result, self.part, *one) for one in self.rule]
            return np.flatnonzero(np.logical_and.reduce(hold))
        n = len(result.split.dataset.labels(self.part))
        if self.ids and not 0 <= self.ids[0] <= self.ids[-1] < n:
            raise ConfigError(
                f"Sample {self.ids[-1]} is not among the {n:,} "
                f"{'test' if self.part == 'test' else 'training'} samples of this dataset."
            )
        return np.array(self.ids, np.intp)

    @classmethod
    def of_matrix(
        cls, part: str, matrix: str, true: int | None, predicted: int | None
    ) -> Selection | None:
        """A cell of a model's confusion matrix, or of "difference"; a row or a column with None.

        None for neither.
        """
        name = _CHANGED if matrix == _DIFFERENCE else matrix
        both = (("true", true), (name, predicted))
        rule = tuple((key, value) for key, value in both if value is not None)
        return cls(part, rule=rule) if rule else None

    def in_matrix(self) -> tuple[str | None, int | None, int | None]:
        """(matrix, true class, predicted class) of a cell, row or column; else three times None."""
        named = dict(self.rule)
        true = named.pop("true", None)
        if len(named) > 1 or not set(named) <= {*MODELS, _CHANGED}:
            return None, None, None
        (name, predicted) = next(iter(named.items()), (None, None))
        matrix = _DIFFERENCE if name == _CHANGED else name
        return (
            matrix,
            None if true is None else int(true),
            None if predicted is None else int(predicted),
        )


def condition(result: Result, part: str, name: str, value: int | str) -> NDArray[np.bool_]:
    """(n,) which samples of "test" or "train" meet one condition of a rule.

    Raises:
        ConfigError: it cannot be judged for this result; it says why.
    """
    dataset = result.split.dataset
    if name == "outcome":
        return outcomes(result, part)[str(value)]
    if not 0 <= int(value) < dataset.num_classes:
        raise ConfigError(
            f"Class {value} is not in this dataset, which has {dataset.num_classes} classes."
        )
    if name == "true":
        return dataset.labels(part) == value
    if name == "label":
        return assigned(result, part) == value
    if name == _CHANGED:
        before, after = (predicted(result, model, part) == value for model in MODELS[:2])
        return before != after
    return predicted(result, name, part) == value


def predicted(result: Result, model: str, part: str) -> NDArray[np.int64]:
    """(n,) classes that a model predicts for "test" or "train".

    Raises:
        ConfigError: it has not predicted them yet.
    """
    if model not in result.models or not result.models[model].has(part):
        raise ConfigError(f"The {model} model has not predicted these samples yet.")
    return result.models[model].of(part).argmax(1)


def assigned(result: Result, part: str) -> NDArray[np.int64]:
    """(n,) training labels that forgotten samples were assigned, −1 for all others.

    Raises:
        ConfigError: the method assigns none, or these are test samples.
    """
    if part == "test" or result.labels is None:
        raise ConfigError("Only forgotten training samples are assigned a class, and not always.")
    found = np.full(len(result.split.dataset.y_train), -1, np.int64)
    found[result.split.forget_train()] = result.labels
    return found


def outcomes(result: Result, part: str) -> dict[str, NDArray[np.bool_]]:
    """Key of OUTCOMES -> (n,) the samples of "test" or "train" of which it is true.

    Raises:
        ConfigError: these samples have not been predicted yet.
    """
    labels, to_forget = result.split.dataset.labels(part), result.split.is_forgotten(part)
    before, after = (predicted(result, model, part) for model in MODELS[:2])
    gone = (
        after != labels if result.split.forget_ids else ~np.isin(after, result.split.forget_classes)
    )
    return {
        "forget": to_forget,
        "forgotten": to_forget & gone,
        "kept": to_forget & ~gone,
        "over": ~to_forget & (before == labels) & (after != labels),
    }
