"""`prepare`: what it computes, how long it says that takes, and how it tells how far it is."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.conftest import digits
from unsc_core.analysis.gamma_sweep import PREPARED
from unsc_core.commands import terminal
from unsc_core.commands.prepare import Countdown, prepare, steps
from unsc_core.data import load_dataset
from unsc_core.experiment.presets import PRESETS
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.result import read_result
from unsc_core.experiment.store import Store
from unsc_core.progress import Progress


def test_every_experiment_of_the_story_is_prepared_once() -> None:
    found = steps([preset.config for preset in PRESETS])
    assert len({(step.kind, step.key) for step in found}) == len(found)
    runs = [step.config for step in found if step.kind == "epochs"]
    for preset in PRESETS:
        own = resolve(preset.config, load_dataset(preset.dataset))
        assert {one.method for one in runs if one.forget_classes == own.forget_classes} == {
            "unsc",
            "random-labels",
        }
        swept = [
            step.config.energy_threshold
            for step in found
            if step.kind == "experiment"
            and (step.config.dataset, step.config.forget_classes) == (own.dataset, preset.forget)
        ]
        assert swept == list(PREPARED)
    assert all(word in found[0].title for word in ("UNSC", "Fashion-MNIST mini", "Shirt"))


def test_it_is_told_first_how_much_there_is_and_then_how_far_it_is(home: Path) -> None:
    store, lines = Store(home / "store"), []
    config = digits(training_epochs=2)
    prepare([config], lambda line, begins: lines.append(line) if begins else None, store)
    size = sum(file.stat().st_size for file in store.root.rglob("*.safetensors")) / 1e6
    (count, told) = re.fullmatch(r"(\d+) steps, about .+, about (\d+)\sMB", lines[1]).groups()
    assert 0.9 * size < float(told) < 2.5 * size
    assert int(count) == len(steps([config])) == len(lines) - 2
    for number, line in enumerate(lines[2:], 1):
        assert line.startswith(f"step {number} of {count} · about ")
    found = read_result(resolve(config, load_dataset("digits")), load_dataset("digits"), store)
    assert found is not None
    assert found.is_complete(with_retrain=True)
    lines.clear()
    prepare([config], lambda line, begins: lines.append(line), store)
    assert lines == []


def test_the_time_left_follows_the_steps_that_are_done() -> None:
    now, lines = [0.0], []
    countdown = Countdown([10.0, 20.0, 10.0], lambda line, _: lines.append(line), lambda: now[0])
    report = countdown.begin("one")
    now[0] = 4.0
    report(Progress("training", 1, 2))
    now[0] = 30.0  # three times as long as was thought
    countdown.begin("two")
    now[0] = 1000.0
    countdown.begin("three")
    assert lines[:2] == [
        "step 1 of 3 · about 40 s left · one",
        "step 1 of 3 · about 36 s left · one: training 50%",
    ]
    assert lines[2] == "step 2 of 3 · about 60 s left · two"
    assert "step 3 of 3" in lines[3]
    nothing = Countdown([0.0], lambda line, _: lines.append(line), lambda: now[0])
    nothing.begin("the map")
    assert lines[-1] == "step 1 of 1 · about 1 s left · the map"


@pytest.mark.parametrize("terminal_there", [True, False])
def test_a_terminal_has_one_line_and_a_file_whole_ones(
    terminal_there: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal_there, raising=False)
    terminal.show_line("step 1 of 2", True)
    terminal.show_line("step 1 of 2: training", False)
    told = capsys.readouterr().err
    assert told.count("\n") == (0 if terminal_there else 1)
    assert told.count("\r") == (2 if terminal_there else 0)
    assert ("training" in told) == terminal_there
