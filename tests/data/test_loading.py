"""Loading a dataset from several threads at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from unsc_core import data
from unsc_core.data.dataset import Dataset
from unsc_core.progress import Report


def test_several_threads_load_a_dataset_once(monkeypatch: pytest.MonkeyPatch) -> None:
    entry, loads, barrier = data.DATASETS["blobs"], [], threading.Barrier(4)

    def slow(report: Report) -> Dataset:
        loads.append(1)
        time.sleep(0.1)
        return entry.load(report)

    def load(_: int) -> Dataset:
        barrier.wait(10)
        return data.load_dataset("blobs")

    monkeypatch.setitem(data.DATASETS, "blobs", replace(entry, load=slow))
    monkeypatch.setattr(data, "_loaded", {})
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(load, range(4)))
    assert len(loads) == 1
    assert all(dataset is found[0] for dataset in found)


def test_only_the_last_few_datasets_stay_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "_loaded", {})
    monkeypatch.setattr(data, "MAX_LOADED", 2)
    for name in ("blobs", "digits", "blobs:validation"):
        data.load_dataset(name)
    assert [name for name, _ in data._loaded] == ["digits", "blobs:validation"]
