"""Files in the store: whole or absent, verified, and one sentence when they cannot be written."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from unsc_core.errors import StoreError
from unsc_core.experiment.store import Artefact, Store, read_artefact
from unsc_core.paths import home as home_folder

ARRAYS = {
    "weights": np.linspace(-1, 1, 24, dtype=np.float32).reshape(2, 3, 4),
    "double": np.linspace(0, 1, 5),
    "labels": np.arange(7, dtype=np.int64),
    "counter": np.array(14, dtype=np.int64),
    "bytes": np.arange(9, dtype=np.uint8),
    "empty": np.zeros((0, 3), dtype=np.float32),
    "columns": np.asfortranarray(np.arange(12, dtype=np.float32).reshape(3, 4)),
}
META = {"config": {"seed": 3, "name": "γ"}, "history": [{"epoch": 0, "loss": 0.25}], "none": None}


def test_artefact_comes_back_as_it_was(home: Path) -> None:
    store = Store()
    store.put("kind", "key", Artefact(ARRAYS, META))
    found = store.get("kind", "key")
    assert found is not None
    assert found.meta == META
    assert set(found.arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert found.arrays[name].dtype == array.dtype
        assert found.arrays[name].shape == array.shape
        assert np.array_equal(found.arrays[name], array)
    assert store.path("kind", "key").is_file()
    assert store.root == home / "store"
    assert [f.name for f in store.root.rglob("*") if f.is_file()] == ["key.safetensors"]


def test_second_put_replaces_the_first() -> None:
    store = Store()
    for value in (1, 2):
        store.put("kind", "key", Artefact({}, {"value": value}))
    assert store.get("kind", "key").meta == {"value": 2}


def test_what_is_not_there_is_none() -> None:
    assert Store().get("kind", "key") is None
    assert not Store().path("kind", "key").exists()


def test_home_is_where_the_environment_says(home: Path) -> None:
    assert home_folder() == home


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_truncated_file_counts_as_absent_and_is_removed(share: float) -> None:
    store = Store()
    store.put("kind", "key", Artefact(ARRAYS, META))
    path = store.path("kind", "key")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert store.get("kind", "key") is None
    assert not path.exists()


def test_any_flipped_bit_is_noticed() -> None:
    store = Store()
    store.put("kind", "key", Artefact({"a": ARRAYS["labels"]}, {"x": 1}))
    path = store.path("kind", "key")
    content = path.read_bytes()
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 1
        path.write_bytes(damaged)
        found = store.get("kind", "key")
        if found is not None:  # a bit of the header's padding
            assert found.meta == {"x": 1}
            assert np.array_equal(found.arrays["a"], ARRAYS["labels"])
        else:
            assert not path.exists()
    path.write_bytes(content)
    assert store.get("kind", "key") is not None


WRITER = """
import sys
from pathlib import Path
import numpy as np
from unsc_core.experiment.store import Artefact, Store
store = Store(Path(sys.argv[1]))
n = 0
while True:
    n += 1
    store.put("kind", f"key{n % 3}", Artefact({"a": np.full(1_000_000, n)}, {"n": n}))
    if n == 1:
        print("ready", flush=True)
"""


def test_killed_writer_leaves_whole_files_only(tmp_path: Path) -> None:
    rng = random.Random(0)
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(0.05 + 0.2 * rng.random())
            writer.send_signal(signal.SIGKILL)
        files = list(tmp_path.rglob("*.safetensors"))
        assert files
        for file in files:
            found = read_artefact(file)
            assert (found.arrays["a"] == found.meta["n"]).all()


FILLER = """
import resource, sys
from pathlib import Path
import numpy as np
from unsc_core.errors import StoreError
from unsc_core.experiment.store import Artefact, Store
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
store = Store(Path(sys.argv[1]))
store.put("kind", "small", Artefact({"a": np.zeros(1000)}))
try:
    store.put("kind", "large", Artefact({"a": np.zeros(1_000_000)}))
except StoreError as error:
    print(error)
"""


def test_full_disk_is_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILLER, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert str(tmp_path) in done.stdout
    assert "File too large" in done.stdout
    assert [f.name for f in tmp_path.rglob("*") if f.is_file()] == ["small.safetensors"]


@pytest.fixture(params=["under a file", "under /proc"])
def impossible_root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "under /proc":
        return Path("/proc/unsc-lab")
    (tmp_path / "file").touch()
    return tmp_path / "file" / "store"


def test_impossible_root_is_a_sentence(impossible_root: Path) -> None:
    store = Store(impossible_root)
    for write in (store.check_writable, lambda: store.put("kind", "key", Artefact())):
        with pytest.raises(StoreError, match="UNSC_HOME") as caught:
            write()
        assert str(impossible_root) in str(caught.value)


def test_unreadable_result_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "kind" / "key.safetensors").mkdir(parents=True)
    with pytest.raises(StoreError, match="key.safetensors"):
        Store(tmp_path).get("kind", "key")


def test_check_writable_leaves_nothing_behind(tmp_path: Path) -> None:
    Store(tmp_path).check_writable()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_writer_left_is_removed_in_time(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put("kind", "key", Artefact({"a": np.zeros(3)}))
    old, young = store.root / "kind" / ".old.tmp", store.root / "kind" / ".young.tmp"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    store.check_writable()
    assert (old.exists(), young.exists()) == (False, True)
    assert store.get("kind", "key") is not None
