"""The measures: what each is called, what it means, and how it is computed and judged.

`summary` computes all of them for every model of a result. Tables, the header of a page, the
report, the command line and the benchmarks list what is in MEASURES, so a new measure needs one
entry here: see `register`.
"""

from __future__ import annotations

import math
from typing import Any
from weakref import WeakKeyDictionary

from unsc_core.analysis import evaluation
from unsc_core.analysis.measure import Better, Case, Compute, Measure
from unsc_core.experiment.result import Result


def measure_models(result: Result) -> dict[str, dict[str, Any]]:
    """Every model of a result, and the mask: accuracies per class, and every measure by its key.

    Computed once for a result, as every picture of a page asks for it.

    Returns:
        Model -> {"per_class", "train", key of a measure: value or None}; no "train" if it was
        not predicted. Not to be changed.
    """
    if result not in _measured:
        _measured[result] = _measure_models(result)
    return _measured[result]


def _measure_models(result: Result) -> dict[str, dict[str, Any]]:
    models = {name: _accuracies(result, name) for name in result.rows}
    values = {
        name: {key: _finite(m.compute(Case(result, name, models))) for key, m in MEASURES.items()}
        for name in models
    }
    return {name: models[name] | values[name] for name in models}


def _finite(value: float | None) -> float | None:
    """JSON has no NaN: a value that is not a number is not known."""
    return None if value is None or not math.isfinite(value) else float(value)


def _accuracies(result: Result, name: str) -> dict[str, Any]:
    """Of one model on the test set and, under "train", on the training set.

    Acc_f of single samples is on training data.
    """
    request, dataset, answers = result.split, result.split.dataset, result.rows[name]
    found = evaluation.accuracies(answers.test, dataset.y_test, request.is_forgotten("test"))
    if answers.train is not None:
        of_train = request.is_forgotten("train")
        found["train"] = evaluation.accuracies(answers.train, dataset.y_train, of_train)
        if request.forget_ids:
            found["acc_forget"] = found["train"]["acc_forget"]
    return found


def _accuracy(name: str) -> Compute:
    return lambda case: case.accuracies[case.model][name]


def _acc_retain_less(reference: str) -> Compute:
    """Acc_r of a model − that of a reference; None where there is no such reference."""

    def compute(case: Case) -> float | None:
        other = case.accuracies.get(reference)
        if other is None:
            return None
        return case.accuracies[case.model]["acc_retain"] - other["acc_retain"]

    return compute


def _added(case: Case) -> float | None:
    """None for the original, none of whose weights has changed."""
    return None if case.model == "original" else _acc_retain_less("mask")(case)


def _agreement(case: Case) -> float | None:
    """None until both models have predicted the data that forgetting is measured on."""
    result, part = case.result, case.result.split.measured_part
    both = (case.predictions, result.retrained)
    predicted = [one.of(part).argmax(1) for one in both if one is not None and one.has(part)]
    if len(predicted) < 2:
        return None
    forgotten = result.split.is_forgotten(part)
    return evaluation.agreement(*(one[forgotten] for one in predicted))


def _logit_drift(case: Case) -> float | None:
    """None for the mask, whose hidden logits are −∞."""
    if case.model == "mask":
        return None
    stay = ~case.result.split.is_forgotten("test")
    return evaluation.logit_drift(case.predictions.test[stay], case.result.original.test[stay])


def _seconds(case: Case) -> float | None:
    took = case.result.took.get(case.model)
    return None if took is None else took.seconds


CHEN = "Chen et al., IJCAI 2024"
_DEFINED = (
    Measure(
        "acc_forget",
        "Acc_f",
        "Acc_f · forgotten",
        "%",
        Better.AS_RETRAINED,
        "Test accuracy on the forgotten classes; for single samples, accuracy on those samples.",
        "The retrained model scores about 0\u00a0% on classes, and on single samples what it gets "
        "right without having seen them: going below that can be a trace as well.",
        _accuracy("acc_forget"),
        source=CHEN,
    ),
    Measure(
        "acc_retain",
        "Acc_r",
        "Acc_r · retained",
        "%",
        Better.HIGHER,
        "Test accuracy on the retained classes, averaged over classes; for single samples, on all "
        "classes.",
        "The retrained model sets the level to reach.",
        _accuracy("acc_retain"),
        source=CHEN,
    ),
    Measure(
        "gain",
        "Gain",
        "Gain over the original",
        "points",
        Better.HIGHER,
        "Acc_r minus that of the original; a loss is over-unlearning, the mask's gain is free.",
        "The retrained model may gain, too: it has fewer classes to confuse.",
        _acc_retain_less("original"),
        source=CHEN,
        signed=True,
        in_header=False,
    ),
    Measure(
        "added",
        "Added",
        "Gain beyond the mask",
        "points",
        Better.HIGHER,
        "Acc_r minus that of the mask, which hides the forgotten classes without changing a "
        "weight: what changing weights adds. Single samples have no mask, as their class stays.",
        "The retrained model shows what training without the forgotten data adds.",
        _added,
        signed=True,
    ),
    Measure(
        "gap_to_retrain",
        "Gap to retrain",
        "Gap to retrain",
        "points",
        Better.ZERO,
        "Acc_r minus that of a model retrained from scratch without the forgotten data.",
        "The retrained model scores 0: it is the gold standard.",
        _acc_retain_less("retrained"),
        signed=True,
    ),
    Measure(
        "agreement",
        "Agreement",
        "Agreement with the retrained model",
        "%",
        Better.HIGHER,
        "Share of the forgotten samples where the model predicts what the retrained model does.",
        "The retrained model scores 100\u00a0%.",
        _agreement,
        source="100 % minus churn, Milani Fard et al., NeurIPS 2016",
        in_header=False,
    ),
    Measure(
        "logit_drift",
        "Drift",
        "Logit drift · retained",
        "",
        Better.NEITHER,
        "How far the logits z of retained test samples are from the original's: ‖z − z₀‖ / ‖z₀‖.",
        "The retrained model drifts as well, often further.",
        _logit_drift,
        digits=3,
        in_header=False,
    ),
    Measure(
        "seconds",
        "Seconds",
        "Time taken",
        "s",
        Better.LOWER,
        "Wall-clock time of the method when it ran; for the original and the retrained model, of "
        "their training. Second moments count for the run that collected them and are free for "
        "later ones.",
        "The time of retraining is what unlearning should save.",
        _seconds,
    ),
)
MEASURES = {measure.key: measure for measure in _DEFINED}
"""Key -> measure, in the order in which they are listed."""
_measured: WeakKeyDictionary[Result, dict[str, dict[str, Any]]] = WeakKeyDictionary()


def register(measure: Measure) -> None:
    """Add a measure: from then on every summary has it, and every table lists it.

    Raises:
        ValueError: the key is taken.
    """
    if measure.key in MEASURES:
        raise ValueError(f"there is a measure '{measure.key}' already")
    MEASURES[measure.key] = measure
    _measured.clear()
