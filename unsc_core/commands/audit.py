"""`audit`: is a class forgotten, or only hidden? Printed as a table or as one JSON object."""

from __future__ import annotations

import argparse
import json

from unsc_core.audits import AUDITS
from unsc_core.audits.excess import over_seeds
from unsc_core.audits.verdict import verdict
from unsc_core.commands.run import requested_configs
from unsc_core.commands.terminal import clear_progress, show_progress
from unsc_core.figures.audit_table import audit_text


def audit(options: argparse.Namespace) -> int:
    """Audit the experiment for every seed and print what was found."""
    from unsc_core.audits import outcomes  # both load torch
    from unsc_core.experiment.experiment import Experiment

    configs = requested_configs(options)
    found = outcomes.audit(configs, report=show_progress)
    clear_progress()
    audits = {name: over_seeds(AUDITS[name], each) for name, each in found.items()}
    answer = {
        "config": {k: v for k, v in Experiment(configs[0]).config.to_dict().items() if k != "seed"}
        | {"seeds": [config.seed for config in configs]},
        "audits": audits,
        "verdict": verdict(audits),
    }
    if options.json:
        print(json.dumps(answer, ensure_ascii=False, allow_nan=False))
    else:
        print(audit_text(answer))
    return 0
