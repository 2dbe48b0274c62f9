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
CLASS_CONDITIONS = ("true", *MODELS, "changed", "label")
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

    def cell(self) -> tuple[str, int, int] | None:
        """The one cell of a confusion matrix that this is: (matrix, true, predicted class)."""
        named = dict(self.rule)
        if len(named) != 2 or "true" not in named:
            return None
        (model,) = set(named) - {"true"}
        if model not in (*MODELS, "changed"):
            return None
        matrix = "difference" if model == "changed" else model
        return matrix, int(named["true"]), int(named[model])


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
    if name == "changed":
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
        after != labels
        if result.split.forget_ids
        else ~np.isin(after, result.split.forget_classes)
    )
    return {
        "forget": to_forget,
        "forgotten": to_forget & gone,
        "kept": to_forget & ~gone,
        "over": ~to_forget & (before == labels) & (after != labels),
    }
