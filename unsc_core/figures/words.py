"""Small pieces of text that sentences are made of."""

from __future__ import annotations

from collections.abc import Sequence

from unsc_core.dataset import Split
from unsc_core.methods import METHODS


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
    return f"{difference:+.1f}".replace("-", "−")


def method_title(name: str) -> str:
    """How a method is called in text."""
    return METHODS[name].title
