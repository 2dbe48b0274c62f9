"""Hostile bundles: an exported run is imported whole, or refused; what it says stays text."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from tests.conftest import blobs
from tests.hostile.harmless import TEXTS, harmless, refused, value_or_sentence, with_code
from tests.hostile.test_lessons import Tags
from tests.hostile.test_uploads import FLIPS, flipped
from tests.runs.test_importing import SHORT, Files, npy, packed, taken, unpacked
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.store import Store, read_meta
from unsc_core.runs.exporting import export_zip
from unsc_core.runs.history import list_runs
from unsc_core.runs.report import report_of

CASES = settings(max_examples=100, deadline=None, database=None)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The files of a run, but for its report, which is large and never read."""
    store = Store(tmp_path_factory.mktemp("elsewhere") / "store")
    files = unpacked(export_zip(Experiment(blobs(**SHORT), store).run().key, store))
    del files["report.html"]
    return files


def array(header: str) -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(64)


def with_file(name: str, content: bytes) -> Callable[[Files, Path], bytes]:
    return lambda files, _: packed(files | {name: content})


def changed(name: str, **values: Any) -> Callable[[Files, Path], bytes]:
    return lambda files, _: packed(
        files | {name: json.dumps(json.loads(files[name]) | values).encode()}
    )


def linked(files: Files, _: Path) -> bytes:
    """labels.npy as a symbolic link."""
    link = zipfile.ZipInfo("labels.npy")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    return packed({n: c for n, c in files.items() if n != "labels.npy"} | {link: b"/etc/passwd"})  # type: ignore[dict-item]


BUNDLES: dict[str, Callable[[Files, Path], bytes]] = {
    **{
        f"member {name}": with_file(name, b"x")
        for name in ("../x", "/x", "C:\\x", "..\\x", "x/../../y", "config.json/", "config.json\x01")
    },
    "a pickle of labels": lambda files, tmp: packed(files | {"labels.npy": with_code(tmp)}),
    "a pickle of weights": lambda files, tmp: packed(
        files | {"original.safetensors": with_code(tmp)}
    ),
    "a link": linked,
    "shape beyond 64 bits": with_file(
        "labels.npy", array(f"{{'descr': '<i8', 'fortran_order': False, 'shape': ({2**70},), }}")
    ),
    "negative shape": with_file(
        "labels.npy", array("{'descr': '<i8', 'fortran_order': False, 'shape': (-1,), }")
    ),
    "header nested deeply": with_file("labels.npy", array("(" * 9000)),
    "header of signs": with_file("labels.npy", array("-" * 9000 + "1")),
    "header with open text": with_file("labels.npy", array("{'a': '''")),
    "header with a stray indent": with_file("labels.npy", array("if:\n   x\n y")),
    "labels of records": with_file("labels.npy", npy(np.zeros(800, [("a", "<i8")]))),
    "labels of times": with_file("labels.npy", npy(np.zeros(800, "<M8[s]"))),
    "answers in Fortran's order and of objects": with_file(
        "logits_original.npy", npy(np.empty((800, 4), object), allow_pickle=True)
    ),
    "config of many digits": with_file("config.json", b'{"seed": ' + b"9" * 5000 + b"}"),
    "config that is infinite": changed("config.json", learning_rate=float("inf")),
    "config with a text of surrogates": with_file("config.json", b'{"dataset": "\\ud800"}'),
    "config with a null byte": changed("config.json", dataset="a\0b"),
    "config of a validation of validation": changed(
        "config.json", dataset="blobs" + ":validation" * 5000
    ),
    "config with a program": changed("config.json", model="../net.py:make"),
    "config with a path of weights": changed("config.json", dataset="blobs", checkpoint=5),
    "config with huge classes": changed("config.json", forget_classes=[2**200]),
    "config with many samples": changed(
        "config.json", forget_classes=[], forget_ids=[2**60, -(2**60)]
    ),
    "config with edits": changed("config.json", edits=["0>1" * 1000]),
    "config with gammas": changed("config.json", energy_thresholds=[0.5] * 10_000),
    "record nested deeply": with_file("run.json", b'{"a":' * 50_000),
    "record of many digits": changed("run.json", format=10**4000),
    "record with another type of key": changed("run.json", key=5),
    "record before time": changed("run.json", created=-1),
    "record with infinite seconds": changed("run.json", took=float("inf")),
    "record with text for numbers": changed("run.json", energy_error={"1": "<script>"}),
    "record with spectra of nothing": changed("run.json", spectra_layers=["<script>"]),
    "spectra that are negative": with_file(
        "spectra.safetensors", save({"1": -np.ones((4, 2)), "4": -np.ones((4, 128))})
    ),
    "weights of nothing": with_file("unlearned.safetensors", save({})),
    "weights in halves": with_file(
        "unlearned.safetensors", save({"1.weight": np.zeros((128, 2), np.float16)})
    ),
}


@pytest.mark.parametrize("name", BUNDLES)
def test_a_hostile_bundle_is_refused_and_nothing_is_kept(
    exported: Files, home: Path, tmp_path: Path, name: str
) -> None:
    content = BUNDLES[name](exported, tmp_path)
    (tmp_path / "net.py").write_text("raise SystemExit")
    with harmless(tmp_path):
        refused(lambda: taken(content, Store(home / "store")))
    assert not [path for path in home.rglob("*") if path.is_file()]


def test_a_damaged_bundle_is_imported_or_refused(
    exported: Files, home: Path, tmp_path: Path
) -> None:
    small = {name: content for name, content in exported.items() if name != "summary.json"}
    content, store = packed(small), Store(home / "store")

    @CASES
    @given(FLIPS, st.sampled_from([1.0, 0.99, 0.5]))
    def damage(flips: list[tuple[float, int]], kept: float) -> None:
        value_or_sentence(lambda: taken(flipped(content, flips, kept), store))

    damage()
    assert {run.trouble for run in list_runs(store)} <= {""}


@pytest.mark.parametrize(
    "text",
    ["script", "picture that runs", "picture elsewhere", "link that runs", "templates", "turned"],
)
def test_what_a_bundle_says_is_text_in_the_report(
    exported: Files, home: Path, tmp_path: Path, text: str
) -> None:
    hostile = TEXTS[text]
    record = json.loads(exported["run.json"])
    record |= {
        "machine": hostile,
        "trained_machines": {hostile: hostile, "original": hostile},
        "seconds": {**record["seconds"], hostile: 1.0},
        "history": [{**epoch, hostile: 1.0} for epoch in record["history"]],
        "null_space": {**record["null_space"], hostile: {"dim": 3, "rank": 1}},
        "class_names": [hostile for _ in record["class_names"]],
        "chosen": SETTING | {"target": hostile, "checked": 1, "tried": [SETTING]},
    }
    content = packed(exported | {"run.json": json.dumps(record).encode()})
    store = Store(home / "store")
    with harmless(tmp_path):
        found = value_or_sentence(lambda: taken(content, store))
        if isinstance(found, str):
            return
        page = report_of(found.key, store)
    kept = json.dumps(read_meta(store.path("unlearned", found.key)))
    assert hostile not in kept or text not in ("picture elsewhere", "link that runs", "turned")
    own, shown = Tags(), Tags()
    own.feed(report_of_own(exported, tmp_path))
    shown.feed(page)
    assert shown.found == own.found


SETTING = {"energy_threshold": 0.9, "target": "p", "left": 1.0, "forgets": True, "away": 0.1}


def report_of_own(exported: Files, tmp_path: Path) -> str:
    """The report of the run as it was."""
    store = Store(tmp_path / "home" / "other" / "store")
    return report_of(taken(packed(exported), store).key, store)
