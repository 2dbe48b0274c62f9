"""The answer of `run` as plain text: every measure of every model, over seeds."""

from __future__ import annotations

from typing import Any

from unsc_core.analysis.measure import Measure
from unsc_core.analysis.measures import MEASURES
from unsc_core.figures.header import choice
from unsc_core.figures.phrases import MODEL_TITLES

ORDER = ("original", "mask", "unlearned", "retrained")
WIDTH = 17
EXTRA_DIGITS = 1
"""More digits than on screen: these numbers are copied into papers."""


def text_table(answer: dict[str, Any]) -> str:
    """A table for a terminal.

    Args:
        answer: {"seeds": a `summary` for each seed, "mean", "interval"}; in the last two, what a
            seed lacks is None or absent.
    """
    mean, seeds = answer["mean"], answer["seeds"]
    models = [model for model in ORDER if mean.get(model)]
    over = f"mean ± half of the 95 % interval over {len(seeds)} seeds"
    over = f"{over if len(seeds) > 1 else 'one seed'}, test split"
    if mean["mask"] is None:
        over += "; Acc_f and agreement on the training samples to forget"
    lines = [over, _line("", models, MODEL_TITLES)]
    lines += [_measure_line(measure, models, answer) for measure in MEASURES.values()]
    lines.append(
        "The mask's gain is free; what changing weights brings beyond it is added."
        if mean["mask"]
        else "Single samples have no mask, so the gain is not split into free and added."
    )
    lines.append("A negative gain of the unlearned model is over-unlearning.")
    if any(_elsewhere(model, seeds) for model in models):
        lines.append("*: measured on a different machine from the unlearning, or on an unknown one")
    if errors := [abs(error) for run in seeds for error in run["energy_error"].values()]:
        lines.append(
            "share of energy kept: for images that were not sampled, within "
            f"{100 * max(errors):.2f} points of that for the sampled ones, in every layer"
        )
    for run in seeds:
        alterations = f" ({', '.join(run['alterations'])})" if run["alterations"] else ""
        lines.append(f"seed {run['seed']}: key {run['key']}{alterations}")
        if chosen := choice(run):
            lines.append(chosen)
    return "\n".join(lines)


def _measure_line(measure: Measure, models: list[str], answer: dict[str, Any]) -> str:
    name = measure.name if measure.unit in ("", "s") else f"{measure.name} ({measure.unit})"
    cells = {}
    for model in models:
        value, half = (measure.read(answer[part], model) for part in ("mean", "interval"))
        cells[model] = measure.number(value, half, EXTRA_DIGITS)
        if measure.key == "seconds" and value is not None and _elsewhere(model, answer["seeds"]):
            cells[model] = f"{measure.number(value, None, EXTRA_DIGITS)}*"
    return _line(name, models, cells)


def _elsewhere(model: str, seeds: list[dict[str, Any]]) -> bool:
    """Whether any of a model's times cannot be compared with that of its unlearning."""
    machines = [run["machines"] for run in seeds if model in run["machines"]]
    return any(not one[model] or one[model] != one["unlearned"] for one in machines)


def _line(name: str, models: list[str], cells: dict[str, str]) -> str:
    return f"{name:25}" + "".join(f"{cells[model]:>{WIDTH}}" for model in models)
