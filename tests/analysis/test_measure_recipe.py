"""A new measure is one entry: the recipe runs as written, and every list of measures has it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import blobs
from unsc_core.analysis.comparison import run_of
from unsc_core.analysis.measure import Measure
from unsc_core.analysis.measures import MEASURES, register
from unsc_core.analysis.summary import summary
from unsc_core.commands.cli import main
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.result import Result
from unsc_core.experiment.store import Store
from unsc_core.figures import standings
from unsc_core.figures.header import readouts
from unsc_core.runs.report import report_of

MARK = "# a new measure"
MODELS = ("original", "mask", "unlearned", "retrained")


def recipe() -> str:
    """The block in the README that begins with MARK."""
    text = (Path(__file__).parents[2] / "README.md").read_text()
    blocks = re.findall(r"```py\n(.*?)```", text, re.DOTALL)
    (block,) = (block for block in blocks if block.startswith(MARK))
    return block


@pytest.fixture
def measure() -> Iterator[Measure]:
    """The measure that the recipe adds, for one test."""
    before = dict(MEASURES)
    exec(recipe(), {})
    (key,) = MEASURES.keys() - before.keys()
    yield MEASURES[key]
    MEASURES.pop(key)
    assert before == MEASURES


@pytest.fixture
def result(home: Path) -> Result:
    return Experiment(blobs(), Store(home / "store")).run(with_retrain=True)


def test_a_new_measure_is_in_the_summary_the_comparison_and_the_header(
    result: Result, measure: Measure
) -> None:
    numbers = json.loads(json.dumps(summary(result), allow_nan=False))
    values = [measure.read(numbers, model) for model in MODELS]
    assert all(isinstance(value, float) for value in values)
    assert len(set(values)) > 1
    table = standings.table([run_of(result, None)])
    assert table[measure.column] == [
        measure.number(measure.read(numbers, model))
        for model in ("original", "mask", "retrained", "unlearned")
    ]
    assert measure.definition in standings.columns()[measure.column]
    (shown,) = [one for one in readouts(result) if one.label == measure.title]
    assert shown.value == measure.text(measure.read(numbers))
    assert measure.text(measure.read(numbers, "retrained")) in (shown.below or "")


def test_a_new_measure_is_in_the_report_and_on_the_command_line(
    result: Result, measure: Measure, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers, report = summary(result), report_of(result.key, Store(home / "store"))
    assert measure.definition in report
    assert all(measure.text(measure.read(numbers, model)) in report for model in MODELS)
    request = ["run", "--dataset=blobs", "--forget=0", "--with-retrain", "--device=cpu"]
    assert main([*request, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["mean"]["unlearned"][measure.key] == pytest.approx(measure.read(numbers))
    assert main(request) == 0
    lines = capsys.readouterr().out.splitlines()
    (line,) = [line for line in lines if line.startswith(measure.name)]
    assert measure.number(measure.read(printed["mean"]), extra=1) in line


def test_a_key_is_taken_once() -> None:
    with pytest.raises(ValueError, match="'acc_forget' already"):
        register(MEASURES["acc_forget"])


def test_values_and_differences_are_written_one_way() -> None:
    acc, gain, drift = (MEASURES[key] for key in ("acc_forget", "gain", "logit_drift"))
    assert (acc.text(93.24), acc.text(None), acc.number(93.24, 0.41)) == (
        "93.2\u00a0%",
        "–",
        "93.2 ± 0.4",
    )
    assert (acc.difference(-0.26), acc.difference(0.04)) == ("−0.3 points", "0.0 points")
    assert (gain.text(1.85), gain.text(-0.04), gain.text(-2.0)) == (
        "+1.9 points",
        "0.0 points",
        "−2.0 points",
    )
    assert (drift.text(0.12345), drift.number(0.12345, extra=1)) == ("0.123", "0.1235")
    assert (acc.column, gain.column, acc.axis) == ("Acc_f %", "Gain", "Acc_f · forgotten (%)")


@pytest.mark.parametrize("key", MEASURES)
def test_every_measure_explains_itself(key: str) -> None:
    measure = MEASURES[key]
    for text in (measure.definition, measure.gold):
        assert text[0].isupper()
        assert text.endswith(".")
        assert text in measure.help
    assert str(measure.better) in measure.help


def test_the_gold_standard_scores_as_it_is_said_to(result: Result) -> None:
    numbers = summary(result)
    assert all(measure.read(numbers) is not None for measure in MEASURES.values())
    scores = {key: measure.read(numbers, "retrained") for key, measure in MEASURES.items()}
    assert scores["acc_forget"] == pytest.approx(0, abs=1)
    assert scores["gap_to_retrain"] == 0
    assert scores["agreement"] == 100
    assert scores["logit_drift"] is not None
    assert scores["logit_drift"] > 0
