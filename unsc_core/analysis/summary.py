"""A result in numbers."""

from __future__ import annotations

from typing import Any

from unsc_core.analysis import evaluation
from unsc_core.analysis.measures import measure_models
from unsc_core.experiment.result import Result


def summary(result: Result) -> dict[str, Any]:
    """The result in numbers, as the command line prints it for one seed.

    Returns:
        One entry per model and for the mask, with every measure by its key (see
        `measures.MEASURES`), and what concerns the run as a whole. "gain" splits the gain of the
        unlearned model into what the mask gives for free and what is added to that; "mask" and both
        parts are None for single samples, which have no mask.
    """
    models = measure_models(result)
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
            "total": unlearned["gain"],
            "free": mask and mask["gain"],
            "added": unlearned["added"],
        },
        "over_unlearning": over["acc_retain"],
        "over_unlearning_per_class": [
            None if c in result.split.forget_classes else value
            for c, value in enumerate(over["per_class"])
        ],
        "gap_to_retrain": evaluation.gap(unlearned, retrained) if retrained else None,
        "logit_drift": unlearned["logit_drift"],
        "agreement": unlearned["agreement"],
        "null_space": result.null_space,
        "energy_error": result.energy_error,
        "chosen": result.chosen,
        "epochs_run": max(len(result.history) - 1, 0),
        "seconds": {stage: round(s, 3) for stage, s in result.seconds.items()},
        "took": {model: round(took.seconds, 3) for model, took in result.took.items()},
        "machines": {model: took.machine for model, took in result.took.items()},
        "device": result.device,
    }
