"""A result in numbers."""

from __future__ import annotations

from typing import Any

from unsc_core.analysis import evaluation
from unsc_core.experiment.result import Predictions, Result


def summary(result: Result) -> dict[str, Any]:
    """The result in numbers, as the command line prints it for one seed.

    Of every model, and of the mask: accuracies, agreement with the retrained model on what is forgotten, drift, and gain over the original.
    The unlearned model's gain is told apart into what the mask gives for free and what is added to that; "mask" and both parts
    are None for single samples, which no mask can hide.
    """
    request = result.split
    models = {name: _measured(result, name) for name in result.rows}
    unlearned, original, mask, retrained = (
        models.get(name) for name in ("unlearned", "original", "mask", "retrained")
    )
    assert unlearned is not None
    assert original is not None
    over = evaluation.over_unlearning(original, unlearned)
    return {
        "seed": result.config.seed,
        "key": result.key,
        "alterations": list(result.alterations),
        **{name: models.get(name) for name in ("original", "mask", "unlearned")},
        **({"retrained": retrained} if retrained else {}),
        "gain": {
            "total": unlearned["acc_retain"] - original["acc_retain"],
            "free": mask and mask["acc_retain"] - original["acc_retain"],
            "added": mask and unlearned["acc_retain"] - mask["acc_retain"],
        },
        "over_unlearning": over["acc_retain"],
        "over_unlearning_per_class": [
            None if c in request.forget_classes else value
            for c, value in enumerate(over["per_class"])
        ],
        "gap_to_retrain": evaluation.gap(unlearned, retrained) if retrained else None,
        "logit_drift": unlearned["logit_drift"],
        "agreement": unlearned["agreement"],
        "null_space": result.null_space,
        "energy_error": result.energy_error,
        "epochs_run": max(len(result.history) - 1, 0),
        "seconds": {stage: round(s, 3) for stage, s in result.seconds.items()},
        "took": {model: round(took.seconds, 3) for model, took in result.took.items()},
        "device": result.device,
    }


def _measured(result: Result, name: str) -> dict[str, Any]:
    """One model of a result, or the mask: {"acc_forget", "acc_retain", "per_class", "agreement", "logit_drift", "train"}."""
    request, dataset, answers = result.split, result.split.dataset, result.rows[name]
    found = evaluation.accuracies(answers.test, dataset.y_test, request.is_forgotten("test"))
    stay = ~request.is_forgotten("test")
    found["agreement"] = _agreement(result, answers)
    found["logit_drift"] = (
        None
        if name == "mask"
        else evaluation.logit_drift(answers.test[stay], result.original.test[stay])
    )
    if answers.train is not None:
        found["train"] = evaluation.accuracies(
            answers.train, dataset.y_train, request.is_forgotten("train")
        )
        if request.forget_ids:
            found["acc_forget"] = found["train"]["acc_forget"]
    return found


def _agreement(result: Result, answers: Predictions) -> float | None:
    """Percent of forgotten test samples (training samples when single ones are forgotten) answered as the retrained model does."""
    part = result.split.measured_part
    if result.retrained is None or not (answers.has(part) and result.retrained.has(part)):
        return None
    forgotten = result.split.is_forgotten(part)
    return evaluation.agreement(
        *(one.of(part)[forgotten].argmax(1) for one in (answers, result.retrained))
    )
