"""The store never outgrows its limit; what is used least recently goes, what is pinned stays."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from unsc_core.errors import StoreError
from unsc_core.experiment import store_limit
from unsc_core.experiment.store import Artefact, Store

RESULT = Artefact({"a": np.zeros(125_000)})
SIZE = 1_000_000
"""Bytes of RESULT, without its header."""


@pytest.fixture(autouse=True)
def limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(store_limit.VARIABLE, "0.0035")  # three results


def last_used(store: Store, key: str, seconds_ago: float) -> None:
    at = time.time() - seconds_ago
    os.utime(store.path("kind", key), (at, at))


def keys(store: Store) -> set[str]:
    return {one.path.stem for one in store_limit.stored(store.root)}


def filled(root: Path, **ages: float) -> Store:
    store = Store(root)
    for key in ages:
        store.put("kind", key, RESULT)
    for key, age in ages.items():
        last_used(store, key, age)
    return store


def test_what_was_used_least_recently_goes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = filled(tmp_path, first=5000, second=7000, third=6000)
    store.get("kind", "second")
    store.put("other", "fourth", RESULT)
    assert keys(store) == {"first", "second", "fourth"}
    assert "were removed: 1, with 1 MB" in caplog.text


def test_reading_does_not_change_when_a_result_was_made(tmp_path: Path) -> None:
    store = filled(tmp_path, one=5000)
    before = store.path("kind", "one").stat()
    store.get("kind", "one")
    after = store.path("kind", "one").stat()
    assert after.st_mtime_ns == before.st_mtime_ns
    assert after.st_atime > before.st_atime + 4000


def test_what_is_replaced_needs_no_other_room(tmp_path: Path) -> None:
    store = filled(tmp_path, first=5000, second=7000, third=6000)
    store.put("kind", "first", RESULT)
    assert keys(store) == {"first", "second", "third"}


def test_what_is_pinned_stays(tmp_path: Path) -> None:
    store = filled(tmp_path, first=5000, second=7000, third=6000)
    Store(tmp_path, pins=True).get("kind", "second")
    last_used(store, "second", 8000)
    store.put("kind", "fourth", RESULT)
    assert keys(store) == {"first", "second", "fourth"}
    pinning = Store(tmp_path, pins=True)
    assert pinning.has("kind", "first")
    assert not pinning.has("kind", "third")
    pinning.put("kind", "fourth", RESULT)
    for key in ("first", "second", "fourth"):
        last_used(store, key, 9000)
    with pytest.raises(StoreError, match="pinned"):
        store.put("kind", "fifth", RESULT)
    assert keys(store) == {"first", "second", "fourth"}


def test_what_is_in_use_stays_and_the_sentence_says_what_to_do(tmp_path: Path) -> None:
    store = filled(tmp_path, first=5000, second=1, third=1)
    store.put("kind", "fourth", RESULT)
    assert keys(store) == {"second", "third", "fourth"}
    with pytest.raises(StoreError, match=r"fill 0\.0035 GB.*UNSC_STORE_GB"):
        store.put("kind", "fifth", RESULT)
    assert keys(store) == {"second", "third", "fourth"}


@pytest.mark.parametrize("days", [1, -1])
def test_a_clock_that_is_set_blocks_no_result_and_removes_none_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    store = filled(tmp_path, first=5000, second=1, third=1)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + days * 86_400)
    monkeypatch.setattr(time, "time_ns", lambda: int(1e9 * time.time()))
    store.get("kind", "second")  # is used after the clock was set
    store.put("kind", "fourth", RESULT)
    assert {"second", "fourth"} < keys(store)
    assert len(keys(store)) == 3


@pytest.mark.parametrize("value", ["much", "-1", "0", "inf", "nan"])
def test_an_impossible_limit_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(store_limit.VARIABLE, value)
    with pytest.raises(StoreError, match=f"UNSC_STORE_GB is '{value}'"):
        Store(tmp_path).put("kind", "one", RESULT)


WRITER = """
import sys
from pathlib import Path
import numpy as np
from unsc_core.experiment import store_limit
from unsc_core.experiment.store import Artefact, Store
store_limit.IN_USE_S = 0.0
store = Store(Path(sys.argv[1]))
for n in range(25):
    store.put("kind", f"{sys.argv[2]}-{n}", Artefact({"a": np.zeros(125_000)}))
"""


def test_several_writers_at_once_stay_below_the_limit(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(i)]) for i in range(3)
    ]
    most = 0
    while any(writer.poll() is None for writer in writers):
        most = max(most, sum(one.size for one in store_limit.stored(tmp_path)))
        time.sleep(0.002)
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert 2 * SIZE < most <= store_limit.limit() + SIZE  # one may be replaced while it is counted
    assert sum(one.size for one in store_limit.stored(tmp_path)) <= store_limit.limit()


def test_the_sentence_says_how_full_the_store_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path, first=5000, second=7000)
    monkeypatch.setenv(store_limit.VARIABLE, "5")
    assert "0.00 of at most 5 GB" in store_limit.words(tmp_path)
    monkeypatch.setenv(store_limit.VARIABLE, "five")
    assert "UNSC_STORE_GB is 'five'" in store_limit.words(tmp_path)
