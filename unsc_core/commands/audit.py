"""`audit`: is a class forgotten, or only hidden? Printed as a table or as one JSON object."""

from __future__ import annotations

import argparse
import json
import sys

from unsc_core.audits import ALL_AUDITS
from unsc_core.audits.excess import over_seeds
from unsc_core.audits.shadow import check_models, read_answers
from unsc_core.audits.stored import Outcomes
from unsc_core.audits.verdict import verdict
from unsc_core.commands.run import requested_configs
from unsc_core.commands.terminal import clear_progress, show_progress
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.store import Store
from unsc_core.figures.audit_table import audit_text
from unsc_core.jobs.job import SHADOWS

ONE_SEED = (
    "One seed has no spread: what is null (sd, low and high, zero, sees) needs two or more, and so "
    "do audits that compare with a network retrained with another seed. A verdict "
    "needs intervals, and those of two seeds are rarely narrow enough: use three or more."
)
"""Why one seed leaves so much unknown, in the JSON."""


def audit(options: argparse.Namespace) -> int:
    """Audit the experiment for every seed and print what was found."""
    from unsc_core.audits import outcomes  # both load torch
    from unsc_core.experiment.experiment import Experiment

    configs, models = requested_configs(options), options.shadow_models
    if models:
        check_models(models, "--shadow-models")
    found = outcomes.audit(configs, report=show_progress)
    if models:
        found |= with_shadows(configs, models)
    clear_progress()
    audits = {name: over_seeds(ALL_AUDITS[name], each) for name, each in found.items()}
    answer = {
        "config": {k: v for k, v in Experiment(configs[0]).config.to_dict().items() if k != "seed"}
        | {"seeds": [config.seed for config in configs]},
        **({"shadow_models": models} if models else {}),
        "audits": audits,
        "verdict": verdict(audits),
        **({} if len(configs) > 1 else {"note": ONE_SEED}),
    }
    if options.json:
        print(json.dumps(answer, ensure_ascii=False, allow_nan=False))
    else:
        print(audit_text(answer))
    return 0


def with_shadows(configs: list[ExperimentConfig], models: int) -> Outcomes:
    """The attacks with shadow models, which are trained if they are missing.

    What that will take is printed first.

    Args:
        configs: of one experiment that was audited; they differ in their seeds only.
        models: how many.
    """
    from unsc_core.audits.shadow_models import make_shadows  # these load torch
    from unsc_core.audits.shadow_outcomes import shadow_outcomes
    from unsc_core.experiment.experiment import Experiment
    from unsc_core.jobs.cost import duration, estimate
    from unsc_core.jobs.cost_measurement import measure

    works, store = [Experiment(config, report=show_progress) for config in configs], Store()
    results = [work.run(with_retrain=True) for work in works]
    config = works[0].config
    measure(config, store)
    cost = estimate([(f"{SHADOWS}{models}", config)], store)
    clear_progress()
    if cost is not None and cost.seconds:
        print(f"{cost.words}: about {duration(cost.seconds)}", file=sys.stderr, flush=True)
    make_shadows(config, models, store, show_progress)
    answers = read_answers(config, works[0].split, store, models)
    assert answers is not None
    return shadow_outcomes(results, answers)
