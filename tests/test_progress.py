"""Progress of running work, and the curve that grows with it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import blobs
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.store import Store
from unsc_core.figures.growing import HEIGHT, growing
from unsc_core.progress import Progress, Stages


def test_a_curve_belongs_to_its_stage_and_begins_anew_with_an_attempt() -> None:
    seen: list[Progress] = []
    stages = Stages(seen.append)
    with stages.stage("one", "first"):
        stages.tick(0, 2, share=0.9)
        stages.tick(1, 2, share=0.5)
        stages.tick(0, 2, share=0.8)
        stages.tick(1, 2)
    with stages.stage("two", "second"):
        pass
    assert [one.curve for one in seen] == [(), (0.9,), (0.9, 0.5), (0.8,), (0.8,), ()]


def test_unlearning_reports_the_accuracy_after_every_epoch(tmp_path: Path) -> None:
    seen: list[Progress] = []
    config = replace(blobs(), training_epochs=2, epochs=4)
    result = Experiment(config, Store(tmp_path), seen.append).run()
    longest = max((one.curve for one in seen), key=len)
    assert longest == pytest.approx([epoch["accuracy"] for epoch in result.history])


def test_the_line_goes_from_the_first_epoch_to_the_last_so_far() -> None:
    drawn = growing([1.0, 0.5, 0.0], 4)
    points = re.search('points="([^"]+)"', drawn)
    assert points is not None
    places = [tuple(map(float, pair.split(","))) for pair in points[1].split()]
    assert [y for _, y in places] == sorted(y for _, y in places)
    assert places[-1][1] == pytest.approx(HEIGHT - places[0][1])
    assert places[1][0] - places[0][0] == pytest.approx(places[2][0] - places[1][0], abs=0.2)
    assert "now 0\u00a0%" in drawn
