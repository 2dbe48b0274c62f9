"""Figures that lessons name: each is drawn by the code that draws it on the app's pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unsc_core.analysis import maps
from unsc_core.analysis.summary import summary
from unsc_core.course.evidence import Evidence
from unsc_core.experiment.resolve import settings
from unsc_core.experiment.result import Result
from unsc_core.figures import audit_depth, audit_scores, audit_values, confusion, reach, spectra
from unsc_core.figures.accuracy import change_per_class, class_bars
from unsc_core.figures.decision_space import space
from unsc_core.figures.flow import flow, label_counts
from unsc_core.figures.phrases import MODEL_TITLES, requested, run_title
from unsc_core.figures.theme import Look, Picture, method_colour
from unsc_core.jobs.job import PROBED

RANDOM = "method:random-labels"


@dataclass(frozen=True)
class Figure:
    """One entry.

    Attributes:
        name: in lesson files. meaning: one line, for those who write lessons.
        page: the page of the app that shows more of it.
        draw: the picture; None for a figure that one can handle, which only the page draws.
        needs: beside the experiment itself; see `evidence.pieces`.
        open: shown before the reveal, as one tries it out to find the answer.
        wide: needs the whole width of the page.
    """

    name: str
    meaning: str
    page: str
    draw: Callable[[Evidence, Look], Picture] | None = None
    needs: tuple[str, ...] = ()
    open: bool = False
    wide: bool = False


def _accuracy(evidence: Evidence, look: Look, other: str = "unlearned") -> Picture:
    """Accuracy of each class in the original and another model."""
    result, numbers = evidence.result, summary(evidence.result)
    title = run_title(result) if other == "unlearned" else MODEL_TITLES[other]
    names = list(result.split.dataset.class_names)
    own = method_colour(result.config.method, look) if other == "unlearned" else look.ink
    series = [
        (name, _percent(numbers[model]["per_class"]), colour, pattern)
        for name, model, colour, pattern in (
            ("Original", "original", look.muted, ""),
            (title, other, own, "/"),
        )
    ]
    figure = class_bars(names, series, "%{y:.1f} %", look, 380, _of_test(result))
    before, after = (numbers[model]["acc_retain"] for model in ("original", other))
    sentence = (
        f"After {title}, {numbers[other]['acc_forget']:.1f} % of {requested(result.split)} "
        f"are recognised; the mean over the classes that stay went from {before:.1f} to "
        f"{after:.1f} %."
    )
    alt = "Bars: test accuracy of each class, before and after."
    return Picture(figure, alt, sentence, {"class": names, **{s[0]: s[1] for s in series}})


def _of_test(result: Result) -> str:
    return f"% of test {'images' if result.split.dataset.is_images else 'points'}"


def _mask(evidence: Evidence, look: Look) -> Picture:
    return _accuracy(evidence, look, "mask")


def _original(evidence: Evidence, look: Look) -> Picture:
    """Accuracy of each class in the original."""
    names = list(evidence.result.split.dataset.class_names)
    values = _percent(summary(evidence.result)["original"]["per_class"])
    series = [("Original", values, look.muted, "")]
    figure = class_bars(names, series, "%{y:.1f} %", look, 380, _of_test(evidence.result))
    alt = "Bars: test accuracy of each class in the original."
    return Picture(figure, alt, "", {"class": names, "Original": values})


def _percent(values: list[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if one is None else one for one in values])


def _change(evidence: Evidence, look: Look) -> Picture:
    """Change of each class that stays; with random labels beside it where they are known."""
    shown = [evidence.result]
    if RANDOM in evidence.others:
        shown.insert(0, evidence.others[RANDOM])
    return change_per_class(shown, look)


def _confusion(model: str) -> Callable[[Evidence, Look], Picture]:
    return lambda evidence, look: confusion.confusion(evidence.result, model, "test", True, look)


def _difference(evidence: Evidence, look: Look) -> Picture:
    return confusion.difference(evidence.result, "test", True, look)


def _map(model: str) -> Callable[[Evidence, Look], Picture]:
    def draw(evidence: Evidence, look: Look) -> Picture:
        result = evidence.result
        placed, rows = maps.positions(result, "test", None), maps.shown(result.split, "test")
        return space(result, model, placed, rows, look, paths=True)

    return draw


def _titles(evidence: Evidence) -> dict[str, str]:
    return {
        layer: f"Layer {i} · {groups.size} inputs"
        for i, (layer, groups) in enumerate(evidence.spectra.items(), 1)
    }


def _spectrum(evidence: Evidence, look: Look) -> Picture:
    """The last layer's spectrum and its cut."""
    titles, found = _titles(evidence), dict(evidence.spectra)
    layer = list(found)[-1]
    cut = settings(evidence.result.config).joint_cuts(list(found))[layer]
    return spectra.spectrum(layer, titles[layer], found, cut, look, 340)


def _free(evidence: Evidence, look: Look) -> Picture:
    found = dict(evidence.spectra)
    cut_at = settings(evidence.result.config).joint_cuts(list(found))
    return spectra.free_share(_titles(evidence), found, cut_at, look)


def _reach(evidence: Evidence, look: Look) -> Picture:
    assert evidence.subspaces is not None
    found = dict(evidence.spectra)
    cut_at = settings(evidence.result.config).joint_cuts(list(found))
    return reach.layers(_titles(evidence), found, evidence.subspaces, cut_at, look)


def _flow(evidence: Evidence, look: Look) -> Picture:
    return flow(evidence.result, look)


def _label_counts(evidence: Evidence, look: Look) -> Picture:
    return label_counts(evidence.result, look)


def _audit(evidence: Evidence, look: Look) -> Picture:
    method = evidence.result.config.method
    return audit_values.audit_values(PROBED, evidence.probe, method, look)


def _depth(evidence: Evidence, look: Look) -> Picture:
    config, classes = evidence.result.config, evidence.result.split.dataset.num_classes
    return audit_depth.depth(evidence.probe, config.method, classes, look)


def _scores(evidence: Evidence, look: Look) -> Picture:
    return audit_scores.scores(evidence.probe, requested(evidence.result.split), look)


_ENTRIES = (
    Figure("accuracy", "Accuracy of each class, before and after", "compare", _accuracy),
    Figure("accuracy-original", "Accuracy of each class in the original", "compare", _original),
    Figure("accuracy-mask", "The same of the mask", "compare", _mask),
    Figure("accuracy-change", "Change of each class that stays", "compare", _change),
    Figure(
        "accuracy-change-random", "The same, beside random labels", "compare", _change, (RANDOM,)
    ),
    *(
        Figure(
            f"confusion-{model}",
            f"Confusion matrix: {MODEL_TITLES[model].lower()}",
            "confusion",
            _confusion(model),
            ("retrained",) if model == "retrained" else (),
        )
        for model in ("original", "unlearned", "retrained")
    ),
    Figure("confusion-difference", "What unlearning changed", "confusion", _difference),
    *(
        Figure(
            f"map-{model}",
            f"Decision map: {MODEL_TITLES[model].lower()}",
            "decision_space",
            _map(model),
            ("retrained",) if model == "retrained" else (),
        )
        for model in ("original", "unlearned", "retrained")
    ),
    Figure(
        "spectrum", "Last layer's spectrum, with its cut", "null_space", _spectrum, ("spectra",)
    ),
    Figure("free-directions", "Free directions per layer", "null_space", _free, ("spectra",)),
    Figure(
        "reach",
        "What the null space reaches, per layer",
        "explainer",
        _reach,
        ("spectra", "subspaces"),
    ),
    Figure("flow", "From pseudo-labels to the retrained", "pseudo_labels", _flow, ("retrained",)),
    Figure("label-counts", "Samples per pseudo-label", "pseudo_labels", _label_counts),
    Figure("probe", "The linear probe in four models", "audit", _audit, ("probe", "retrained")),
    Figure("probe-by-layer", "The probe in each layer", "audit", _depth, ("probe", "retrained")),
    Figure("probe-scores", "The probe on real samples", "audit", _scores, ("probe", "retrained")),
    Figure(
        "gamma",
        "Curves over γ, to drag",
        "gamma",
        needs=("sweep", "spectra", "subspaces"),
        wide=True,
    ),
    Figure("cloud", "A cloud of inputs and a step, to hold", "explainer", open=True, wide=True),
    Figure("lab", "The 2-D lab", "lab", open=True, wide=True),
)
FIGURES = {figure.name: figure for figure in _ENTRIES}
