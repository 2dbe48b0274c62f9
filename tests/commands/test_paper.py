"""The published table: rows run on a small scale, resumed, and printed beside the paper."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.conftest import Outcome
from unsc_core.commands import paper
from unsc_core.commands.paper import experiments, read_record, run_row, shipped_record, table
from unsc_core.commands.published import ROWS, PaperRow, published_row
from unsc_core.data import DATASETS
from unsc_core.errors import ConfigError
from unsc_core.experiment.experiment import Experiment
from unsc_core.methods import METHODS
from unsc_core.models import MODELS

SMALL = PaperRow(
    name="small",
    dataset="blobs",
    model="mlp",
    forget=0,
    original=(90.0, 91.0),
    methods={"unsc": (1.0, 92.0), "retrain": (None, 93.0)},
    needs="Nothing.",
    more={(0, 1): (2.0, 94.0)},
)


@pytest.mark.parametrize("name", ROWS)
def test_rows_name_existing_datasets_models_and_methods(name: str) -> None:
    row = published_row(name)
    assert row.name == name
    assert row.dataset in DATASETS
    assert row.model in MODELS
    assert {*row.methods, *row.settings} <= set(METHODS)
    assert row.needs.endswith(".")
    configs = list(experiments(row, METHODS, (0, 1, 2)))
    assert len(configs) == 3 * (len(METHODS) + len(row.more))
    assert configs[0].method == "unsc"
    assert {config.method for config in configs[-3:]} == {"retrain"}


def test_unknown_row_lists_the_known() -> None:
    with pytest.raises(ConfigError, match="mnist2.*fashion-mnist"):
        published_row("mnist2")


def test_a_row_is_run_once_and_resumed(home, monkeypatch: pytest.MonkeyPatch) -> None:
    methods, seeds = ("pseudo-labels", "unsc", "retrain"), (0, 1)
    records = list(run_row(SMALL, methods, seeds))
    assert len(records) == len(list(experiments(SMALL, methods, seeds))) == 8
    assert records[-1] == read_record(SMALL)
    monkeypatch.setattr(Experiment, "run", lambda work: pytest.fail("it was run before"))
    assert list(run_row(SMALL, methods, seeds))[-1] == records[-1]
    run = next(
        run
        for run in records[-1]["runs"]
        if run["method"] == "unsc" and run["forget"] == [0, 1] and run["seed"] == 1
    )
    assert run["config"]["dataset"] == "blobs"
    assert run["machine"]["cores"] > 0
    assert 0 <= run["unlearned"]["acc_forget"] < 50 < run["unlearned"]["acc_retain"] <= 100


def test_a_run_with_other_settings_replaces_the_old_one(home) -> None:
    (_,) = run_row(replace(SMALL, more={}), ("pseudo-labels",), (0,))
    changed = replace(SMALL, more={}, settings={"pseudo-labels": {"epochs": 1}})
    (record,) = run_row(changed, ("pseudo-labels",), (0,))
    assert [run["config"]["epochs"] for run in record["runs"]] == [1]


def test_table_shows_our_numbers_and_the_published_ones(home) -> None:
    *_, record = run_row(SMALL, ("unsc",), (0, 1))
    lines = table(SMALL, record).splitlines()
    numbers = [run["unlearned"]["acc_retain"] for run in record["runs"] if run["forget"] == [0]]
    (line,) = [line for line in lines if line.startswith("| 0 | unsc")]
    assert f"{sum(numbers) / 2:.2f}" in line
    assert line.endswith("| 1.00 | 92.00 |")
    assert any(line.startswith("| 0 | retrain | 0 | not run yet") for line in lines)
    assert any(
        line.startswith("| 0, 1 | unsc | 2 |") and line.endswith("| 2.00 | 94.00 |")
        for line in lines
    )


def test_damaged_record_is_named(home) -> None:
    path = paper.record_path(SMALL)
    path.parent.mkdir(parents=True)
    path.write_text("{")
    with pytest.raises(ConfigError, match=r"small\.json is damaged"):
        read_record(SMALL)


def test_the_shipped_record_can_be_printed(command: Callable[..., Outcome]) -> None:
    done = command("paper", "fashion-mnist", "--table")
    assert done.code == 0
    record = json.loads(shipped_record(ROWS["fashion-mnist"]).read_text())
    assert done.out.strip() == table(ROWS["fashion-mnist"], record)
    assert {run["config"]["dataset"] for run in record["runs"]} == {"fashion-mnist-32"}


def test_command_lists_rows_and_refuses_others(command: Callable[..., Outcome]) -> None:
    done = command("paper")
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()] == list(ROWS)
    refused = command("paper", "imagenet")
    assert refused.code == 2
    assert "imagenet" in refused.err
