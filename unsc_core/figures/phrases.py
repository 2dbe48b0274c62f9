"""Small pieces of text that sentences are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from unsc_core.data.request import Split
from unsc_core.methods import METHODS

if TYPE_CHECKING:
    from unsc_core.analysis.spread import Interval
    from unsc_core.experiment.result import Result


def joined(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    names = [str(name) for name in names]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def requested(request: Split) -> str:
    """What is forgotten: "Shirt and Coat", or "12 samples"."""
    if request.forget_ids:
        return f"{len(request.forget_ids)} sample{'s' if len(request.forget_ids) > 1 else ''}"
    return joined([request.dataset.class_names[c] for c in request.forget_classes])


def percent(share: float) -> str:
    """A share 0–1 as whole percent."""
    return f"{100 * share:.0f}\u00a0%"


def points(difference: float) -> str:
    """A difference of percentages, signed."""
    return f"{difference:+.1f}".replace("-0.0", "0.0").replace("+0.0", "0.0").replace("-", "−")


def pm(difference: Interval) -> str:
    """A difference over seeds with half of its 95 % interval, signed: "+0.3 ± 0.2"; one seed has only the difference."""
    return points(difference.mean) + (
        "" if difference.half is None else f" ± {difference.half:.1f}"
    )


def method_title(name: str) -> str:
    """How a method is called in text."""
    return METHODS[name].title


def free_and_added(gain: dict[str, float | None]) -> str:
    """One run's gain told apart, in a sentence: `gain` as in a `summary`."""
    if gain["free"] is None or gain["added"] is None:
        return "Single samples cannot be masked, so their gain is not told apart."
    return (
        f"Masking the answer alone, without any training, changes it by {points(gain['free'])} points; "
        f"changing weights adds {points(gain['added'])} to that."
    )


def altered(title: str, alterations: Sequence[str]) -> str:
    """A title that says what is not as its method makes it: "UNSC", or "UNSC (edited labels, imported)"."""
    return f"{title} ({', '.join(alterations)})" if alterations else title


def file_stem(stem: str, alterations: Sequence[str]) -> str:
    """The name of a file about a run, without its ending: "unsc-4f2a_edited-labels"."""
    return "_".join(
        [stem, *(words.replace("γ", "gamma").replace(" ", "-") for words in alterations)]
    )


def run_title(result: Result) -> str:
    """How one run is called wherever it appears."""
    return altered(method_title(result.config.method), result.alterations)
