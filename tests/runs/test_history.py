"""The history: newest first, fast, robust to any file; deleting keeps what other runs need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.conftest import blobs
from tests.own_images import save_npz
from unsc_core.analysis import geometry
from unsc_core.analysis.neighbours import make_neighbours
from unsc_core.analysis.replay import make_epochs
from unsc_core.analysis.summary import summary
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.errors import ConfigError
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.keys import keys
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.store import Artefact, Store
from unsc_core.models import build_model
from unsc_core.runs.history import LIMIT, Run, delete_run, list_runs, read_run
from unsc_core.runs.pair import default_pair

MANY = 300
SHORT = {"training_epochs": 5, "epochs": 5}


@pytest.fixture
def store(home: Path) -> Store:
    return Store(home / "store")


def only(store: Store) -> Run:
    (run,) = list_runs(store)
    return run


def files(store: Store) -> set[Path]:
    return {path for path in store.root.rglob("*") if path.is_file()}


def test_a_run_is_listed_with_its_own_numbers(store: Store) -> None:
    started = time.time()
    result = Experiment(blobs(**SHORT), store).run()
    run = only(store)
    numbers = summary(result)["unlearned"]
    assert (run.key, run.trouble, run.imported, run.forgets) == (
        result.key,
        "",
        False,
        ("south-west",),
    )
    assert run.config == result.config
    assert (run.acc_forget, run.acc_retain) == (numbers["acc_forget"], numbers["acc_retain"])
    assert started <= run.created <= time.time()
    assert run.seconds is not None
    assert 0 < run.seconds <= time.time() - started


def test_newest_first_and_an_empty_folder_is_empty(store: Store) -> None:
    assert list_runs(store) == []
    for seed in (2, 0, 1):
        Experiment(blobs(seed=seed, **SHORT), store).run()
    assert [run.config.seed for run in list_runs(store) if run.config] == [1, 0, 2]
    assert len(list_runs(store, limit=2)) == 2


def test_single_samples_are_measured_on_themselves(store: Store) -> None:
    result = Experiment(blobs(forget_classes=(), forget_ids=(0, 5, 9), **SHORT), store).run()
    run = only(store)
    assert run.forgets == ("3 samples",)
    assert run.acc_forget == summary(result)["unlearned"]["acc_forget"]


def test_hundreds_of_runs_list_at_once_and_without_torch(store: Store) -> None:
    dataset = load_dataset("blobs")
    rng = np.random.default_rng(0)
    for seed in range(MANY):
        config = resolve(blobs(seed=seed, method="random-labels"), dataset)
        key = keys(config, dataset).unlearned
        meta = {
            "config": config.to_dict(),
            "created": 1e9 + seed,
            "seconds": {"unlearn": 1.0},
            "history": [],
            "null_space": {},
            "device": "cpu",
        }
        store.put("unlearned", key, Artefact({"weight": np.zeros(200_000, np.float32)}, meta))
        store.put(
            "logits",
            f"{key}-test-{dataset.test_digest}",
            Artefact({"logits": rng.standard_normal((800, 4)).astype(np.float32)}),
        )
    code = (
        "import sys, time; from unsc_core.runs.history import list_runs\n"
        "from unsc_core.experiment.store import Store\n"
        "times = [time.perf_counter()]\n"
        "for _ in range(2): runs = list_runs(Store()); times.append(time.perf_counter())\n"
        "assert not any(run.trouble for run in runs) and runs[0].created > runs[-1].created\n"
        "print(len(runs), times[1] - times[0], times[2] - times[1], 'torch' in sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    count, first, again = int(said[0]), float(said[1]), float(said[2])
    assert count == MANY <= LIMIT
    assert said[3] == "False"
    print(f"{MANY} runs listed in {first:.2f} s, again in {again:.3f} s")
    assert again < first < 10.0  # 0.3 s on a quiet machine


@pytest.mark.parametrize(
    "damage", [b"", b"not a header at all", None], ids=["empty", "garbage", "cut short"]
)
def test_damaged_files_are_named_and_left_alone(store: Store, damage: bytes | None) -> None:
    key = Experiment(blobs(**SHORT), store).run().key
    path = store.path("unlearned", key)
    path.write_bytes(path.read_bytes()[:-9] if damage is None else damage)
    run = only(store)
    assert (run.key, run.trouble, run.config) == (key, "damaged file", None)
    assert path.exists()
    delete_run(key, store)
    assert list_runs(store) == []


@pytest.mark.parametrize(
    "meta",
    [
        {},
        {"meta": "no json"},
        {"meta": "[]"},
        {"meta": '{"config": {"seed": "x"}, "created": 1, "seconds": {}}'},
        {"meta": '{"config": {}, "created": 1e300, "seconds": {}}'},
        {"meta": '{"config": {}, "created": NaN, "seconds": {}}'},
        {"meta": '{"config": {}, "created": "yesterday", "seconds": {}}'},
        {"meta": '{"config": {}, "created": 1, "seconds": 3}'},
    ],
)
def test_foreign_headers_are_survived(store: Store, meta: dict[str, str]) -> None:
    path = store.path("unlearned", "0" * 20)
    path.parent.mkdir(parents=True)
    save_file({"a": np.zeros(2)}, path, metadata=meta)
    (path.parent / "notes.txt").write_text("mine")
    (path.parent / "my own.safetensors").write_text("mine")
    (path.parent / "a folder.safetensors").mkdir()
    assert only(store).trouble == "damaged file"


def test_what_has_changed_or_vanished_is_said(store: Store, tmp_path: Path) -> None:
    def trouble() -> str:
        return only(store).trouble

    own, weights = tmp_path / "own.npz", tmp_path / "weights.safetensors"
    save_npz(own)
    torch_weights = {
        name: value.numpy()
        for name, value in build_model("mlp", (1, 16, 16), 3).state_dict().items()
    }
    save_file(torch_weights, weights)
    config = ExperimentConfig(
        dataset=str(own),
        model="mlp",
        forget_classes=(0,),
        checkpoint=str(weights),
        device="cpu",
        epochs=2,
    )
    result = Experiment(config, store).run()
    assert trouble() == ""

    weights.rename(tmp_path / "away")
    assert trouble() == "weights of the original missing"
    save_file({name: value + np.float32(0.5) for name, value in torch_weights.items()}, weights)
    assert trouble() == "data or weights have changed"
    shutil.move(tmp_path / "away", weights)
    os.utime(weights)
    assert trouble() == ""

    content = own.read_bytes()
    own.unlink()
    assert trouble() == "dataset missing or damaged"
    own.write_bytes(content[:500])
    assert trouble() == "dataset missing or damaged"
    own.write_bytes(content)
    answers = next((store.root / "logits").glob(f"{result.key}-test-*"))
    answers.write_bytes(answers.read_bytes()[:-4])
    assert trouble() == "predictions damaged"
    answers.unlink()
    assert trouble() == "predictions missing"


def test_a_dataset_that_is_not_on_this_machine(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ExperimentConfig(dataset="svhn", model="vgg11", forget_classes=(3,))
    store.put(
        "unlearned",
        "a" * 20,
        Artefact({}, {"config": config.to_dict(), "created": 5.0, "seconds": {}}),
    )
    assert only(store).trouble == "dataset not on this machine"
    assert only(store).forgets == ("class 3",)


def test_deleting_keeps_what_others_need(store: Store) -> None:
    kept = Experiment(blobs(**SHORT), store).run(with_retrain=True)
    make_neighbours("test", kept.config, store)
    before = files(store)
    gone = Experiment(blobs(method="random-labels", **SHORT), store).run(with_retrain=True)
    make_epochs(gone.config, store)
    geometry.make(gone.config, store)
    make_neighbours("test", gone.config, store)
    removed = delete_run(gone.key, store)
    assert before <= files(store)
    assert {path.parent.name for path in files(store) - before} <= {
        "moments",
        "spectra",
        "unseen",
        "unseen_energy",
    }
    assert len(removed) == 6
    assert delete_run(gone.key, store) == []
    again = Experiment(blobs(**SHORT), store).run(with_retrain=True)
    assert summary(again) == summary(kept)
    assert only(store).key == kept.key


def test_a_run_from_before_images_were_drawn_at_random_is_what_it_was(store: Store) -> None:
    """Its config lacks later fields, and its energy error is for another γ and for all classes."""
    result = Experiment(blobs(moments_sample="first", **SHORT), store).run()
    other = Experiment(blobs(**SHORT), store).run()
    assert result.key != other.key
    work = Experiment(result.config, store)
    _ = work.spectra
    made, moments, spectra = (
        store.get(kind, getattr(work.keys, kind)) for kind in ("unlearned", "moments", "spectra")
    )
    del (
        made.meta["config"]["moments_sample"],
        made.meta["config"]["class_weights"],
        made.meta["energy_error"],
    )
    moments.meta["config"]["energy_error"] = spectra.meta["energy_error"] = dict.fromkeys(
        spectra.meta["layers"], 0.5
    )
    for kind, artefact in (("unlearned", made), ("moments", moments), ("spectra", spectra)):
        store.put(kind, getattr(work.keys, kind), artefact)
    for kind in ("unseen", "unseen_energy"):
        shutil.rmtree(store.root / kind)
    run = next(run for run in list_runs(store) if run.key == result.key)
    assert (run.trouble, run.config) == ("", result.config)
    assert run.config.moments_sample == "first"
    read = read_run(result.key, store).result
    assert summary(read) == summary(result) | {"energy_error": {}}
    said: list[str] = []
    again = Experiment(run.config, store, lambda progress: said.append(progress.stage))
    assert summary(again.run()) == summary(read)
    assert set(said) == {"reading the data"}
    assert max(map(abs, again.energy_error().values())) < 0.2  # measured anew when asked for
    assert "moments" not in again.stages.seconds


@pytest.mark.parametrize("key", ["", "../logits/x", "*", "A" * 20, "a" * 19, "/etc/passwd"])
def test_only_keys_are_deleted(store: Store, key: str) -> None:
    Experiment(blobs(**SHORT), store).run()
    before = files(store)
    with pytest.raises(ConfigError, match="is not the key of a run"):
        delete_run(key, store)
    with pytest.raises(ConfigError, match="There is no result"):
        read_run(key, store)
    assert files(store) == before


def test_the_pair_to_compare_forgets_the_same_where_there_is_such_a_pair() -> None:
    latest, other, same = (
        Run(name, 0.0, blobs(forget_classes=(c,))) for name, c in (("a0", 0), ("b1", 1), ("c0", 0))
    )
    broken = Run("d", 0.0, trouble="cannot be read")
    assert default_pair([latest, broken, other, same]) == ("a0", "c0")
    assert default_pair([latest, other, broken]) == ("a0", "b1")
    assert default_pair([latest, broken]) == ("a0", "a0")
    assert default_pair([broken]) == ("d", "d")
    swept, usual = (
        Run(name, 0.0, blobs(energy_threshold=gamma)) for name, gamma in (("e", 0.99), ("f", 0.96))
    )
    labels = Run("g", 0.0, blobs(method="random-labels"))
    assert default_pair([labels, swept, usual]) == ("g", "f")
    assert default_pair([swept, usual]) == ("e", "f")
