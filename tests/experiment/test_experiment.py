"""Experiments: the same weights for the same config, nothing computed twice or for nothing."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.bad_inputs import BAD_INPUTS, MARK, BadInput
from tests.conftest import blobs, digits
from unsc_core.commands.assets import SEEDS
from unsc_core.config import ExperimentConfig
from unsc_core.errors import StoreError, UnscError
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.keys import CHECKPOINTS, shipped_key, shipped_path
from unsc_core.experiment.machine import ELSEWHERE
from unsc_core.experiment.store import Artefact, Store, read_artefact
from unsc_core.models import build_model
from unsc_core.paths import ASSETS
from unsc_core.progress import Progress
from unsc_core.subspace.representations import represented_layers

SMALL = {"digits": digits(training_epochs=3, epochs=4), "blobs": blobs(training_epochs=5, epochs=5)}


def _stored(store: Store, kind: str, key: str) -> Artefact:
    found = store.get(kind, key)
    assert found is not None
    return found


def _same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    return set(a) == set(b) and all(np.array_equal(a[name], b[name]) for name in a)


def _unlearned(config: ExperimentConfig, root: Path) -> tuple[str, dict[str, np.ndarray]]:
    work = Experiment(config, Store(root))
    work.run()
    return work.keys.unlearned, _stored(work.store, "unlearned", work.keys.unlearned).arrays


@pytest.mark.parametrize("name", SMALL)
def test_same_config_gives_the_same_weights_bit_for_bit(name: str, tmp_path: Path) -> None:
    (key, first), (again, second) = (
        _unlearned(SMALL[name], tmp_path / folder) for folder in ("a", "b")
    )
    assert key == again
    assert _same(first, second)
    other_key, other = _unlearned(replace(SMALL[name], seed=1), tmp_path / "a")
    assert other_key != key
    assert not _same(first, other)


ONE_RUN = """
import json, sys
from pathlib import Path
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.store import Store
work = Experiment(ExperimentConfig.from_dict(json.loads(sys.argv[1])), Store(Path(sys.argv[2])))
work.run()
"""


def test_another_process_gives_the_same_weights(tmp_path: Path) -> None:
    config = SMALL["digits"]
    subprocess.run(
        [sys.executable, "-c", ONE_RUN, json.dumps(config.to_dict()), str(tmp_path / "there")],
        check=True,
    )
    key, here = _unlearned(config, tmp_path / "here")
    assert _same(_stored(Store(tmp_path / "there"), "unlearned", key).arrays, here)


def test_second_run_computes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    reports: list[Progress] = []
    first = Experiment(SMALL["blobs"], store).run(with_retrain=True)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.safetensors")}
    work = Experiment(SMALL["blobs"], store, reports.append)
    second = work.run(with_retrain=True)
    assert {progress.stage for progress in reports} == {"reading the data"}
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.safetensors")} == files
    assert np.array_equal(first.unlearned.test, second.unlearned.test)
    assert (first.history, first.null_space, first.key) == (
        second.history,
        second.null_space,
        second.key,
    )
    assert np.array_equal(first.labels, second.labels)
    assert work.unlearned.labels.tolist() == first.labels.tolist()


def test_parts_come_from_the_store_in_any_order(tmp_path: Path) -> None:
    """Every stored network can be loaded again, also with BatchNorm."""
    store = Store(tmp_path)
    first = Experiment(SMALL["digits"], store)
    first.run(with_retrain=True)
    second = Experiment(SMALL["digits"], store)
    for before, after in (
        (first.original, second.original),
        (first.retrained, second.retrained),
        (first.unlearned.model, second.unlearned.model),
    ):
        assert all(
            torch.equal(value, after.state_dict()[name])
            for name, value in before.state_dict().items()
        )
    assert not second.stages.seconds.keys() & {"train", "retrain", "unlearn"}


def test_another_class_needs_no_new_pass_over_the_data(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = Experiment(SMALL["digits"], store)
    assert {"moments", "unlearn"} <= set(first.run().seconds)
    moments = store.path("moments", first.keys.moments)
    written = moments.stat().st_mtime_ns

    second = Experiment(replace(SMALL["digits"], forget_classes=(7,)), store)
    calls: list[str] = []
    hook = torch.nn.modules.module.register_module_forward_hook(
        lambda module, args, out: calls.append(type(module).__name__)
    )
    try:
        spectra = second.spectra
    finally:
        hook.remove()
    result = second.run()
    assert list(spectra) == list(represented_layers(first.original))  # in the network's order
    assert set(spectra) == set(result.null_space)
    assert calls == []
    assert second.keys.moments == first.keys.moments
    assert moments.stat().st_mtime_ns == written
    assert len(list(moments.parent.iterdir())) == 1
    assert "moments" not in result.seconds
    assert "moments" not in second.stages.seconds
    assert "train" not in second.stages.seconds
    assert result.seconds["unlearn"] > 0


def test_another_threshold_needs_no_new_pass_either(tmp_path: Path) -> None:
    store = Store(tmp_path)
    ranks = []
    for energy_threshold in (0.8, 0.99):
        work = Experiment(replace(SMALL["digits"], energy_threshold=energy_threshold), store)
        ranks.append(work.run().null_space)
        assert ("moments" in work.stages.seconds) == (energy_threshold == 0.8)
    assert all(ranks[0][layer]["rank"] < ranks[1][layer]["rank"] for layer in ranks[0])


@pytest.mark.parametrize("kind", ["trained", "moments", "spectra", "unlearned", "logits"])
@pytest.mark.parametrize("damage", ["flipped", "truncated"])
def test_damaged_piece_is_made_again_and_is_the_same(
    kind: str, damage: str, tmp_path: Path
) -> None:
    store = Store(tmp_path)
    before = Experiment(SMALL["blobs"], store).run()
    pieces = {path: read_artefact(path) for path in (tmp_path / kind).iterdir()}
    for path in pieces:
        content = bytearray(path.read_bytes())
        content[-3] ^= 0x40
        path.write_bytes(content if damage == "flipped" else content[: len(content) // 2])
    work = Experiment(SMALL["blobs"], store)
    after = work.run()
    assert np.array_equal(before.unlearned.test, after.unlearned.test)
    assert np.array_equal(before.original.train, after.original.train)
    _ = work.original, work.moments, work.spectra
    for path, piece in pieces.items():
        if path.is_file():
            assert _same(read_artefact(path).arrays, piece.arrays)


def test_stages_are_timed_and_reported(tmp_path: Path) -> None:
    reports: list[Progress] = []
    result = Experiment(SMALL["blobs"], Store(tmp_path), reports.append).run(with_retrain=True)
    assert set(result.seconds) == {
        "train",
        "retrain",
        "moments",
        "energy_error",
        "spectra",
        "null_space",
        "pseudo_labels",
        "unlearn",
    }
    assert all(seconds >= 0 for seconds in result.seconds.values())
    training = [
        progress
        for progress in reports
        if progress.stage == "training the original model" and progress.total
    ]
    assert training[-1].done == training[-1].total
    assert all(progress.seconds_left is None or progress.seconds_left >= 0 for progress in reports)


def test_progress_that_raises_stops_the_work(tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def report(progress: Progress) -> None:
        if progress.done == 20:
            raise Enough

    with pytest.raises(Enough):
        Experiment(SMALL["blobs"], Store(tmp_path), report).run()
    assert not list(tmp_path.rglob("*.safetensors"))


def test_user_supplied_checkpoint_replaces_training(tmp_path: Path) -> None:
    trained = Experiment(SMALL["digits"], Store(tmp_path / "a"))
    trained.run()
    weights = {name: value.contiguous() for name, value in trained.original.state_dict().items()}
    save_file(weights, tmp_path / "w.safetensors")
    torch.save(weights, tmp_path / "w.pt")
    for name in ("w.safetensors", "w.pt"):
        work = Experiment(
            replace(SMALL["digits"], checkpoint=str(tmp_path / name)), Store(tmp_path / "b")
        )
        result = work.run()
        assert "train" not in work.stages.seconds
        assert np.array_equal(result.original.test, trained.run().original.test)
        assert np.array_equal(result.unlearned.test, trained.run().unlearned.test)


@pytest.mark.parametrize("case", BAD_INPUTS, ids=[case.name for case in BAD_INPUTS])
def test_impossible_request_is_one_sentence(case: BadInput, tmp_path: Path, home: Path) -> None:
    config = ExperimentConfig(**{"device": "cpu", **case.make(tmp_path)})
    with pytest.raises(UnscError) as caught:
        Experiment(config).run()
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    for word in case.words:
        assert word in sentence
    assert not (tmp_path / MARK).exists()
    assert not list(home.rglob("unlearned/*"))


def test_nothing_happens_before_something_is_asked_for(home: Path) -> None:
    """Neither an error nor a download, a folder or another number of threads."""
    torch.set_num_threads(2)
    try:
        reports: list[Progress] = []
        work = Experiment(SMALL["blobs"], report=reports.append)
        Experiment(replace(SMALL["blobs"], dataset="nope", device="tpu", seed=-1))
        assert (torch.get_num_threads(), reports, home.exists()) == (2, [], False)
        _ = work.config, work.keys
        assert torch.get_num_threads() == 2
        work.check()
        assert (torch.get_num_threads(), home.exists()) == (2, False)
        _ = work.original  # points are computed on one thread
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dataset": "nope"}, "'nope'"),
        ({"device": "tpu"}, "'tpu'"),
        ({"forget_classes": (9,)}, "Class 9"),
        ({"checkpoint": "/none.pt"}, "none.pt"),
    ],
)
def test_check_finds_an_impossible_config(changes: dict, words: str, home: Path) -> None:
    with pytest.raises(UnscError, match=words):
        Experiment(replace(SMALL["blobs"], **changes)).check()
    assert not home.exists()


@pytest.mark.parametrize("root", ["under a file", "under /proc"])
def test_store_that_cannot_be_written_is_found_out_before_the_work(
    root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(
        "UNSC_HOME", str(tmp_path / "file" / "home") if root == "under a file" else "/proc/unsc-lab"
    )
    work = Experiment(SMALL["blobs"])
    with pytest.raises(StoreError, match="UNSC_HOME"):
        work.run()
    assert set(work.stages.seconds) == {"data"}


# What is shipped.

SHIPPED = [(seed, ()) for seed in SEEDS] + [(0, (c,)) for c in range(10)]


@pytest.mark.parametrize(("seed", "without"), SHIPPED, ids=str)
def test_shipped_checkpoint_is_that_of_its_training(seed: int, without: tuple[int, ...]) -> None:
    work = Experiment(ExperimentConfig(seed=seed, device="cpu", forget_classes=without or (6,)))
    path = shipped_path(work.config, without)
    artefact = read_artefact(path)
    assert artefact.meta["key"] == shipped_key(work.config, work.dataset, without)
    assert artefact.meta["without"] == list(without)
    assert artefact.meta["seconds"] > 0
    network = work.retrained if without else work.original
    assert not work.stages.seconds.keys() & {"train", "retrain"}
    assert _same(
        {name: value.numpy() for name, value in network.state_dict().items()}, artefact.arrays
    )
    predicted = network(work.data.inputs(work.data.x_test[::10])).argmax(1)
    truth = work.data.y_test[::10]
    retained = ~torch.isin(truth, torch.tensor(without, dtype=torch.int64))
    assert float((predicted == truth)[retained].float().mean()) > 0.85
    if without:
        assert not bool((predicted == without[0]).any())


def test_nothing_else_is_shipped_and_it_is_small() -> None:
    expected = {shipped_path(ExperimentConfig(seed=seed), without) for seed, without in SHIPPED}
    assert set(CHECKPOINTS.iterdir()) == expected
    assert len(expected) == 13
    assert sum(file.stat().st_size for file in ASSETS.rglob("*") if file.is_file()) <= 20e6


def test_default_experiment_trains_nothing(prepared: Path) -> None:
    work = Experiment(ExperimentConfig(device="cpu"), Store(prepared / "store"))
    result = work.run(with_retrain=True)
    assert {result.took[name].machine for name in ("original", "retrained")} == {ELSEWHERE}
    of_forget = np.isin(work.dataset.y_test, work.config.forget_classes)
    accuracy = {
        name: (a.test.argmax(1) == work.dataset.y_test)[of_forget].mean()
        for name, a in result.models.items()
    }
    assert accuracy["original"] > 0.5
    assert accuracy["unlearned"] < 0.05
    assert accuracy["retrained"] == 0.0


def test_shipped_checkpoint_of_other_settings_is_not_taken() -> None:
    work = Experiment(ExperimentConfig(device="cpu", training_epochs=1))
    shipped = read_artefact(shipped_path(work.config, ()))
    assert shipped.meta["key"] != shipped_key(work.config, work.dataset, ())


@pytest.mark.gpu
def test_gpu_agrees_with_cpu(tmp_path: Path) -> None:
    trained = Experiment(digits(), Store(tmp_path / "a"))
    save_file(
        {name: value.contiguous() for name, value in trained.original.state_dict().items()},
        tmp_path / "w.safetensors",
    )
    results = {}
    for device in ("cpu", "cuda"):
        config = digits(device=device, checkpoint=str(tmp_path / "w.safetensors"))
        results[device] = Experiment(config, Store(tmp_path / "b")).run()
    cpu, cuda = results["cpu"], results["cuda"]
    assert cpu.key != cuda.key
    assert np.allclose(cpu.original.test, cuda.original.test, rtol=1e-2, atol=1e-2)
    assert (cpu.unlearned.test.argmax(1) == cuda.unlearned.test.argmax(1)).mean() > 0.97
    for layer, numbers in cpu.null_space.items():
        assert numbers["rank"] == pytest.approx(cuda.null_space[layer]["rank"], abs=1)


def test_initial_weights_depend_on_the_config_alone(tmp_path: Path) -> None:
    """Initial weights depend on the seed alone, not on hidden state."""
    torch.manual_seed(123)
    config = replace(SMALL["blobs"], training_epochs=1)
    first = _unlearned(config, tmp_path / "a")[1]
    torch.manual_seed(321)
    build_model("mlp", (2,), 4, seed=9)
    assert _same(first, _unlearned(config, tmp_path / "b")[1])


def test_hash_randomisation_does_not_reach_the_keys() -> None:
    code = """
from unsc_core.experiment.keys import content_key
print(content_key(b=[1, 2], a={'y': None, 'x': 0.5}))
"""
    keys = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(keys) == 1
    assert len(keys.pop().strip()) == len(hashlib.sha256().hexdigest()[:20])
