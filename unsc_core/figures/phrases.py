"""Names, numbers and short phrases that sentences are made of."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from unsc_core.data import DATASETS
from unsc_core.data.request import Split
from unsc_core.methods import METHODS
from unsc_core.models import MODELS

if TYPE_CHECKING:
    from unsc_core.analysis.spread import Interval
    from unsc_core.experiment.result import Result

MODEL_TITLES = {
    "unlearned": "Unlearned",
    "original": "Original",
    "mask": "Mask",
    "retrained": "Retrained",
}
"""Models of a `summary`, in the order of the columns of a table -> their titles."""
SHORT_NAME = 14
"""Characters of a class's name where room is scarce: more than any bundled dataset's name has."""
ONE_SEED = "A single seed has no spread, so a small difference may be chance."


def projector_of(chosen: Mapping[str, Any]) -> str:
    """Where a run whose settings were chosen by its method may move weights: "γ = 0.96"."""
    gamma = chosen["energy_threshold"]
    if gamma is not None:
        return f"γ\u00a0=\u00a0{gamma:g}"
    return chosen.get("projector") or "soft projector"  # older runs name none


def at_gamma(cut_at: Mapping[str, float]) -> str:
    """ "At γ = 0.96", or "At the layers' own γ"."""
    different = set(cut_at.values())
    return f"At γ = {different.pop():g}" if len(different) == 1 else "At the layers' own γ"


def joined(names: Sequence[str]) -> str:
    """A list in a sentence: "a", "a and b", "a, b and c"."""
    names = [str(name) for name in names]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def counted(number: int, what: str) -> str:
    """A count in a sentence: "1 method", "2 methods", "2 classes"."""
    return f"{number} {what}{'' if number == 1 else 'es' if what.endswith('s') else 's'}"


def class_title(name: str) -> str:
    """A class's name in a sentence; a bare number, which reads like a count, becomes "class 3"."""
    return f"class {name}" if name.isdigit() else name


def short_names(names: Sequence[str], most: int = SHORT_NAME) -> list[str]:
    """Names for where room is scarce, each of at most `most` characters.

    A longer name is cut, with "…"; where two would then look alike, their ends are kept, too, and
    where these are alike, a number is put there. So different names stay different.
    """
    found = {name: name for name in names if len(name) <= most}
    for end in (0, most // 3, most // 2):
        cut = {name: _cut(name, most, name[len(name) - end :]) for name in names}
        often = Counter([*(set(found.values())), *(cut[name] for name in {*names} - {*found})])
        found |= {name: cut[name] for name in names if name not in found and often[cut[name]] == 1}
    taken = {*found.values()}
    for name in dict.fromkeys(names):
        if name not in found:
            numbered = (_cut(name, most, f"\u00a0{i}") for i in itertools.count(1))
            found[name] = next(text for text in numbered if text not in taken)
            taken.add(found[name])
    return [found[name] for name in names]


def short_ticks(names: Sequence[str]) -> dict[str, str]:
    """For "labelalias" of an axis of classes: each name that is too long -> its short one."""
    pairs = zip(names, short_names(names), strict=True)
    return {name: short for name, short in pairs if short != name}


def _cut(name: str, most: int, end: str) -> str:
    return f"{name[: most - 1 - len(end)].rstrip()}…{end}"


def class_titles(names: Sequence[str]) -> str:
    """Names of classes in a sentence: "Shirt and Coat", "classes 3 and 5"."""
    if len(names) > 1 and all(name.isdigit() for name in names):
        return f"classes {joined(names)}"
    return joined([class_title(name) for name in names])


def requested(request: Split) -> str:
    """What is to be forgotten: "Shirt and Coat", or "12 samples"."""
    if request.forget_ids:
        return counted(len(request.forget_ids), "sample")
    return class_titles([request.dataset.class_names[c] for c in request.forget_classes])


def percent(share: float) -> str:
    """A share from 0 to 1 in whole percent, halves rounded up; 0 and 100 only if it is that."""
    whole = np.floor(100 * share + 0.5)
    if whole in (0, 100) and 0 < share < 1:
        return f"{min(max(100 * share, 0.1), 99.9):.1f}\u00a0%"
    return f"{whole:.0f}\u00a0%"


def points(difference: float) -> str:
    """A difference of percentages with its sign, in points."""
    return f"{difference:+.1f}".replace("-0.0", "0.0").replace("+0.0", "0.0").replace("-", "−")


def moved(what: str, difference: float) -> str:
    """What a difference in points did: "raised Acc_r by 0.3 points", "left Acc_r as it was"."""
    if points(difference) == "0.0":
        return f"left {what} as it was"
    return f"{'raised' if difference > 0 else 'lowered'} {what} by {abs(difference):.1f} points"


def pm(difference: Interval) -> str:
    """A difference over seeds with half of its 95 % interval, "+0.3 ± 0.2"; one seed has none."""
    half = "" if difference.half is None else f" ± {difference.half:.1f}"
    return points(difference.mean) + half


def dataset_title(name: str) -> str:
    """A dataset's title; a user-supplied one is named by its file."""
    return DATASETS[name].title if name in DATASETS else last_part(name)


def model_title(name: str) -> str:
    """A network's title; a user-supplied one is named by its file and function."""
    return MODELS[name].title if name in MODELS else last_part(name)


def last_part(path: str) -> str:
    """The name of a file without its folders, which nobody else has to know."""
    return path.replace("\\", "/").rsplit("/", 1)[-1]


def layer_name(title: str) -> str:
    """A layer in a sentence: "Layer 6" for "Layer 6 · 64 inputs"."""
    return title.partition(" · ")[0]


def method_title(name: str) -> str:
    """A method's title in text."""
    return METHODS[name].title


def altered(title: str, alterations: Sequence[str]) -> str:
    """A title with what differs from the published method: "UNSC (edited labels, imported)"."""
    return f"{title} ({', '.join(alterations)})" if alterations else title


def file_stem(stem: str, alterations: Sequence[str]) -> str:
    """The name of a file about a run, without its ending: "unsc-4f2a_edited-labels"."""
    words = [text.replace("γ", "gamma").replace(" ", "-") for text in alterations]
    return "_".join([stem, *words])


def run_title(result: Result) -> str:
    """The title of one run wherever it appears."""
    return altered(method_title(result.config.method), result.alterations)
