"""What is said of a request before anything is unlearned, against the finished run."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import digits
from unsc_core.analysis.summary import summary
from unsc_core.data import load_dataset
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.result import read_original
from unsc_core.experiment.store import Store
from unsc_core.figures.at_once import known


def test_what_is_known_at_once_is_what_the_run_finds(tmp_path: Path) -> None:
    store = Store(tmp_path)
    work = Experiment(digits(forget_classes=(3, 8)), store)
    result = work.run()
    original = read_original(work.config, work.dataset, store)
    assert original is not None
    text, found = known(result.split, original), summary(result)
    shares = [float(share) for share in re.findall(r"(\d+\.\d)\u00a0%", text)]
    assert shares == pytest.approx(
        [
            found["original"]["acc_forget"],
            found["original"]["acc_retain"],
            found["mask"]["acc_retain"],
        ],
        abs=0.051,
    )
    assert result.labels is not None
    counts = np.bincount(result.labels, minlength=10)
    name = work.dataset.class_names[int(counts.argmax())]
    assert f"resemble {name} ({round(100 * counts.max() / counts.sum())}" in text


def test_nothing_is_known_without_an_original_or_of_single_samples(tmp_path: Path) -> None:
    store = Store(tmp_path)
    dataset = load_dataset("digits")
    assert read_original(resolve(digits(), dataset), dataset, store) is None
    work = Experiment(digits(forget_classes=(), forget_ids=(1, 2)), store)
    assert known(work.split, work.run().original) == ""
