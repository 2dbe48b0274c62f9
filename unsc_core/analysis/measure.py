"""What a measure is: one number of a model, what it is called, and how it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from unsc_core.experiment.result import Predictions, Result


class Better(StrEnum):
    """Which values of a measure are good."""

    HIGHER = "Higher is better"
    LOWER = "Lower is better"
    AS_RETRAINED = "The nearer to the retrained model's, the better"
    ZERO = "The nearer to 0, the better"
    NEITHER = "No fault in itself"


@dataclass(frozen=True, eq=False)
class Case:
    """One model of a result, which a measure is computed for.

    Attributes:
        result: the experiment.
        model: "original", "mask", "unlearned" or "retrained".
        accuracies: model -> what `evaluation.accuracies` returns, for every model of the result.
    """

    result: Result
    model: str
    accuracies: Mapping[str, dict[str, Any]]

    @property
    def predictions(self) -> Predictions:
        """The model's logits."""
        return self.result.rows[self.model]


Compute = Callable[[Case], float | None]


@dataclass(frozen=True)
class Measure:
    """One number of a model.

    Attributes:
        key: in each model's entry of a `summary`.
        name: in tables and sentences.
        title: above a single number and on an axis.
        unit: "%", "points", "s", or "" for a ratio.
        better: which values are good.
        definition: one sentence.
        gold: how the retrained model scores, one sentence.
        compute: the value for one model; None where it is unknown or does not apply.
        source: where the measure was published; "" if it is defined here.
        digits: after the decimal point.
        signed: whether the value is itself a difference.
        in_header: whether the header of a page shows it.
    """

    key: str
    name: str
    title: str
    unit: str
    better: Better
    definition: str
    gold: str
    compute: Compute
    source: str = ""
    digits: int = 1
    signed: bool = False
    in_header: bool = True

    @property
    def column(self) -> str:
        """The head of a table column that holds bare numbers."""
        return f"{self.name} %" if self.unit == "%" else self.name

    @property
    def axis(self) -> str:
        """The title of an axis."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    @property
    def help(self) -> str:
        """Definition, direction, gold standard and source: a tooltip."""
        source = f" Source: {self.source}." if self.source else ""
        return f"{self.definition} {self.better}. {self.gold}{source}"

    def read(self, numbers: Mapping[str, Any], model: str = "unlearned") -> float | None:
        """The value of one model in a `summary`; None without the model or the value."""
        entry = numbers.get(model)
        return entry[self.key] if entry else None

    def number(self, value: float | None, half: float | None = None, extra: int = 0) -> str:
        """A value without its unit: "93.2", or "93.2 ± 0.4" with half of its 95 % interval.

        Args:
            value: to be written; "–" for None.
            half: of the interval; None for one seed.
            extra: digits more than `digits`.
        """
        if value is None:
            return "–"
        digits = self.digits + extra
        text = _rounded(value, digits, self.signed)
        return text if half is None else f"{text} ± {half:.{digits}f}"

    def text(self, value: float | None) -> str:
        """A value with its unit: "93.2 %"."""
        if value is None:
            return "–"
        space = "\u00a0" if self.unit == "%" else " "
        return f"{self.number(value)}{space}{self.unit}".strip()

    def difference(self, value: float | None) -> str:
        """A difference of two values with its unit: "+0.3 points"."""
        unit = "points" if self.unit == "%" else self.unit
        return "–" if value is None else f"{_rounded(value, self.digits, True)} {unit}".strip()


def _rounded(value: float, digits: int, signed: bool) -> str:
    """A number with a true minus sign, and without any sign where it rounds to 0."""
    if float(f"{value:.{digits}f}") == 0:
        return f"{0:.{digits}f}"
    return f"{value:{'+' if signed else ''}.{digits}f}".replace("-", "−")
