"""Export and import: the same run on another machine; a bad archive is refused in one sentence."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from tests.conftest import Outcome, blobs, digits
from tests.own_images import save_npz
from unsc_core.analysis.summary import summary
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.errors import ImportedFileError, StoreError, UnscError
from unsc_core.experiment.experiment import Experiment
from unsc_core.experiment.store import Artefact, Store
from unsc_core.paths import data_folder
from unsc_core.runs.exporting import export_zip
from unsc_core.runs.history import delete_run, list_runs, read_run
from unsc_core.runs.importing import import_zip

Files = dict[str, bytes]
SHORT = {"training_epochs": 5, "epochs": 5}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, str, bytes]:
    """A run with everything, where it was made, and its .zip."""
    store = Store(tmp_path_factory.mktemp("elsewhere") / "store")
    work = Experiment(blobs(**SHORT), store)
    key = work.run(with_retrain=True).key
    files = unpacked(export_zip(key, store))
    assert len(files.pop("report.html")) > 4_000_000  # slow to pack again, and never read
    return store, key, packed(files)


@pytest.fixture
def here(home: Path) -> Store:
    return Store(home / "store")


def unpacked(content: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files: Files) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def npy(array: np.ndarray, **options: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array, **options)
    return out.getvalue()


def taken(content: bytes, store: Store) -> Any:
    return import_zip(io.BytesIO(content), store)


def content_of(store: Store) -> dict[str, bytes]:
    return {
        str(path.relative_to(store.root)): path.read_bytes()
        for path in store.root.rglob("*.safetensors")
    }


def test_an_imported_run_is_the_same_run(exported: tuple[Store, str, bytes], here: Store) -> None:
    store, key, content = exported
    imported = taken(content, here)
    assert imported.key == key
    assert [note.split(",")[0] for note in imported.notes] == ["Its original"]
    there, now = read_run(key, store), read_run(key, here)
    assert json.dumps(summary(there.result) | {"alterations": ["imported"]}) == json.dumps(
        summary(now.result)
    )
    assert now.result.took["original"] == there.result.took["original"]
    assert now.result.models.keys() == {"original", "unlearned", "retrained"}
    (run,) = list_runs(here)
    assert (run.imported, run.trouble, run.created) == (True, "", there.made.meta["created"])


def test_what_a_method_chose_goes_along(tmp_path: Path, here: Store) -> None:
    work = Experiment(blobs(**SHORT | {"method": "unsc-auto"}), Store(tmp_path / "there"))
    key = work.run().key
    now = read_run(taken(export_zip(key, work.store), here).key, here)
    assert now.result.chosen == work.run().chosen
    assert now.result.chosen["tried"]


def test_nothing_is_computed_again(exported: tuple[Store, str, bytes], here: Store) -> None:
    taken(exported[2], here)
    before = content_of(here)
    said: list[str] = []
    work = Experiment(blobs(**SHORT), here, lambda progress: said.append(progress.stage))
    work.run(with_retrain=True)
    assert set(said) == {"reading the data"}
    assert content_of(here) == before
    network = work.unlearned.model.state_dict()
    assert all(
        np.array_equal(value.numpy(), load(unpacked(exported[2])["unlearned.safetensors"])[name])
        for name, value in network.items()
    )


def test_an_export_from_before_images_were_drawn_at_random_is_the_run_it_was(
    tmp_path: Path, here: Store
) -> None:
    store = Store(tmp_path / "elsewhere")
    result = Experiment(blobs(moments_sample="first", **SHORT), store).run()
    files = unpacked(export_zip(result.key, store))
    config, record = json.loads(files["config.json"]), json.loads(files["run.json"])
    del config["moments_sample"], config["class_weights"]
    record |= {"format": 1, "energy_error": dict.fromkeys(record["spectra_layers"], 0.5)}
    imported = taken(
        packed(
            {
                **files,
                "config.json": json.dumps(config).encode(),
                "run.json": json.dumps(record).encode(),
            }
        ),
        here,
    )
    assert imported.key == result.key
    read = read_run(imported.key, here).result
    assert read.config == result.config
    assert result.energy_error
    assert read.energy_error == {}  # that of another γ and of all classes is not this run's
    assert [run.trouble for run in list_runs(here)] == [""]


def test_what_was_deleted_comes_back(exported: tuple[Store, str, bytes], here: Store) -> None:
    taken(exported[2], here)
    before = content_of(here)
    delete_run(exported[1], here)
    taken(exported[2], here)
    after = content_of(here)
    assert before.keys() == after.keys()
    assert {name for name in before if before[name] != after[name]} <= {
        name for name in before if exported[1] in name
    }
    before_export = summary(read_run(exported[1], exported[0]).result)
    assert summary(read_run(exported[1], here).result) == before_export | {
        "alterations": ["imported"]
    }


def test_a_run_that_is_here_is_not_overwritten(
    exported: tuple[Store, str, bytes], here: Store
) -> None:
    taken(exported[2], here)
    before = content_of(here)
    with pytest.raises(ImportedFileError, match="stored already"):
        taken(exported[2], here)
    assert content_of(here) == before


def test_another_original_of_the_same_settings_is_not_mixed_in(
    exported: tuple[Store, str, bytes], here: Store
) -> None:
    """What another processor's rounding does: this machine's own original differs a little."""
    store, key, content = exported
    there = read_run(key, store)
    stored = store.get("trained", there.keys.original)
    assert stored is not None
    nudged = {name: value + np.float32(1e-6) for name, value in stored.arrays.items()}
    here.put("trained", there.keys.original, Artefact(nudged, stored.meta))
    imported = taken(content, here)
    assert imported.key != key
    assert len(imported.notes) == 1
    assert "another original" in imported.notes[0]
    now = read_run(imported.key, here)
    assert now.result.config.checkpoint is not None
    assert Path(now.result.config.checkpoint).is_relative_to(data_folder().resolve())
    assert summary(now.result)["unlearned"] == summary(there.result)["unlearned"]
    given = summary(there.result)["original"] | {"seconds": None}  # not trained here
    assert summary(now.result)["original"] == given
    kept = here.get("trained", there.keys.original)
    assert kept is not None
    assert np.array_equal(kept.arrays["1.weight"], nudged["1.weight"])


def test_own_images_and_weights_travel_by_name(tmp_path: Path, here: Store) -> None:
    own = save_npz(tmp_path / "mine.npz")
    elsewhere = Store(tmp_path / "elsewhere")
    first = Experiment(
        ExperimentConfig(dataset=str(own), model="mlp", forget_classes=(0,), device="cpu", **SHORT),
        elsewhere,
    ).run()
    weights = tmp_path / "start.safetensors"
    weights.write_bytes(unpacked(export_zip(first.key, elsewhere))["original.safetensors"])
    config = ExperimentConfig(
        dataset=str(own),
        model="mlp",
        forget_classes=(1,),
        device="cpu",
        checkpoint=str(weights),
        **SHORT,
    )
    made = Experiment(config, elsewhere).run()
    content = export_zip(made.key, elsewhere)
    assert str(tmp_path).encode() not in b"".join(unpacked(content).values())

    with pytest.raises(UnscError, match=r"needs the user-supplied data 'mine\.npz'"):
        taken(content, here)
    (data_folder() / "own").mkdir(parents=True)
    save_npz(data_folder() / "own" / "mine.npz", x_test=255 - load_dataset(str(own)).x_test[:, 0])
    with pytest.raises(UnscError, match="has other samples"):
        taken(content, here)
    save_npz(data_folder() / "own" / "mine.npz")
    imported = taken(content, here)
    assert "Its original is a file of weights" in imported.notes[0]
    now = read_run(imported.key, here)
    assert summary(now.result)["unlearned"] == summary(made)["unlearned"]
    assert [run.trouble for run in list_runs(here)] == [""]


def test_a_refused_run_leaves_no_weights_behind(
    exported: tuple[Store, str, bytes], here: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, key, content = exported
    found = read_run(key, store).keys
    stored = store.get("trained", found.original)
    assert stored is not None
    here.put(
        "trained",
        found.original,
        Artefact({name: value * 2 for name, value in stored.arrays.items()}, stored.meta),
    )
    with monkeypatch.context() as full:
        full.setattr(Store, "put", lambda *_: (_ for _ in ()).throw(StoreError("full")))
        with pytest.raises(StoreError):
            taken(content, here)
    assert not list(data_folder().rglob("*.safetensors"))
    taken(content, here)
    with pytest.raises(ImportedFileError, match="stored already"):
        taken(content, here)
    assert len(list(data_folder().rglob("*.safetensors"))) == 1


def _json(name: str, **changes: Any) -> Callable[[Files], Files]:
    return lambda files: {
        **files,
        name: json.dumps({**json.loads(files[name]), **changes}).encode(),
    }


def _file(name: str, content: bytes | Callable[[bytes], bytes]) -> Callable[[Files], Files]:
    return lambda files: {
        **files,
        name: content if isinstance(content, bytes) else content(files[name]),
    }


def _without(name: str) -> Callable[[Files], Files]:
    return lambda files: {other: content for other, content in files.items() if other != name}


def _weights(
    name: str, change: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]
) -> Callable[[Files], Files]:
    return _file(f"{name}.safetensors", lambda content: save(change(load(content))))


def _array(
    name: str, change: Callable[[np.ndarray], np.ndarray], **options: Any
) -> Callable[[Files], Files]:
    return _file(name, lambda content: npy(change(np.load(io.BytesIO(content))), **options))


def _claims(content: bytes) -> bytes:
    """A header that promises far more numbers than there are."""
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 4), }"
    return (
        b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header + b"\n" + content[128:]
    )


BAD: dict[str, tuple[Callable[[Files], Files], str]] = {
    "a path that climbs out": (
        _file("../../evil.py", b"x"),
        "'../../evil.py', which is not part of an export",
    ),
    "an absolute path": (_file("/etc/cron.d/x", b"x"), "which is not part of an export"),
    "a program": (_file("net.py", b"x"), "'net.py', which is not part of an export"),
    "a pickle": (_file("weights.pkl", b"x"), "which is not part of an export"),
    "a folder": (_file("sub/", b""), "which is not part of an export"),
    "no config": (_without("config.json"), "no 'config.json'"),
    "no weights": (_without("unlearned.safetensors"), "no 'unlearned.safetensors'"),
    "config that is no JSON": (_file("config.json", b"{"), "'config.json' is not JSON"),
    "config that is a list": (_file("config.json", b"[]"), "not an experiment's config"),
    "config nested without end": (
        _file("config.json", b"[" * 100_000),
        "'config.json' is not JSON",
    ),
    "unknown setting": (_json("config.json", evil=1), "Unknown setting 'evil'"),
    "setting of another type": (
        _json("config.json", seed="0; rm"),
        "'seed' of the experiment config cannot be",
    ),
    "classes that are text": (
        _json("config.json", forget_classes=["a"]),
        "'forget_classes' of the experiment config cannot be",
    ),
    "unknown method": (_json("config.json", method="nope"), "'nope'"),
    "threshold out of range": (_json("config.json", energy_threshold=7.0), "not 7;"),
    "class that is not there": (
        _json("config.json", forget_classes=[9]),
        "Class 9 is not in blobs",
    ),
    "seed out of range": (_json("config.json", seed=-1), "-1"),
    "device that is none": (_json("config.json", device="cuda'; --"), "which is not a device"),
    "network that is a program": (
        _json("config.json", model="net.py:make"),
        "which an import never runs",
    ),
    "unknown network": (_json("config.json", model="nope"), "'nope'"),
    "other network": (_json("config.json", model="small-cnn"), "needs images"),
    "data by path": (
        _json("config.json", dataset="/etc/passwd"),
        "needs the user-supplied data 'passwd'",
    ),
    "data by climbing path": (
        _json("config.json", dataset="../.."),
        "needs the user-supplied data",
    ),
    "data with an endless name": (
        _json("config.json", dataset="x" * 5000),
        "needs the user-supplied data",
    ),
    "data that is not here": (
        _json("config.json", dataset="svhn", model="vgg11"),
        "SVHN, which is not on this machine",
    ),
    "other data": (_json("run.json", test_digest="0" * 20), "has other samples"),
    "another data set": (_json("config.json", dataset="digits"), "has other samples"),
    "format of tomorrow": (_json("run.json", format=3), "format 3"),
    "record of another form": (
        _json("run.json", history="none"),
        "'run.json' does not have the form",
    ),
    "record with a NaN": (
        _json("run.json", seconds={"unlearn": float("nan")}),
        "'run.json' does not have the form",
    ),
    "record of the far future": (_json("run.json", created=9e11), "impossible time"),
    "record with a device that is none": (_json("run.json", device="<b>"), "which is not a device"),
    "record that is too long": (_file("run.json", b" " * (2**22 + 1)), "larger than 4 MiB"),
    "labels of other data": (_array("labels.npy", lambda y: y[::-1]), "not the labels"),
    "labels of another type": (
        _array("labels.npy", lambda y: y.astype(np.float32)),
        "float32, but for this dataset",
    ),
    "array of objects": (
        _array("labels.npy", lambda y: y.astype(object), allow_pickle=True),
        "'labels.npy' is 800 object",
    ),
    "array that claims too much": (_file("logits_original.npy", _claims), "9999999999×4"),
    "array cut short": (
        _file("logits_original.npy", lambda c: c[:-5]),
        "'logits_original.npy' is damaged",
    ),
    "array that is none": (
        _file("logits_original.npy", b"these are no numbers"),
        "'logits_original.npy' is damaged",
    ),
    "answers of another shape": (
        _array("logits_unlearned.npy", lambda z: z[:, :3]),
        "800×3 float32, but for this dataset it must be 800×4",
    ),
    "answers not finite": (
        _array("logits_unlearned_train.npy", lambda z: z * np.float32(np.nan)),
        "not finite",
    ),
    "answers of another network": (
        _array("logits_unlearned.npy", lambda z: z[:, ::-1]),
        "not hold the predictions of the network in unlearned",
    ),
    "answers without weights": (_without("retrained.safetensors"), "but not retrained.safetensors"),
    "weights without answers": (_without("logits_retrained.npy"), "but not logits_retrained.npy"),
    "weights cut short": (
        _file("original.safetensors", lambda c: c[:-9]),
        "'original.safetensors' is damaged",
    ),
    "weights that are a pickle": (
        _file("original.safetensors", b"\x80\x04K\x01."),
        "'original.safetensors' is damaged",
    ),
    "weights of another shape": (
        _weights("original", lambda w: {**w, "1.weight": w["1.weight"][:, :1]}),
        "'1.weight' is 128×1 but must be 128×2",
    ),
    "weights of another type": (
        _weights("original", lambda w: {**w, "1.weight": w["1.weight"].astype(np.float64)}),
        "float64, not float32",
    ),
    "weights not finite": (
        _weights("unlearned", lambda w: {**w, "1.bias": w["1.bias"] * np.float32(np.inf)}),
        "not finite",
    ),
    "one weight more": (_weights("unlearned", lambda w: {**w, "evil": w["1.bias"]}), "'evil'"),
    "one weight less": (
        _weights("unlearned", lambda w: {n: v for n, v in w.items() if n != "1.bias"}),
        "no '1.bias'",
    ),
    "spectra of another model": (
        _weights("spectra", lambda w: {**w, "1": w["1"][:, :1]}),
        "'spectra.safetensors' does not fit",
    ),
    "training labels beyond the classes": (
        _array("taught_labels.npy", lambda y: y + 9),
        "has classes",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_archive_is_one_sentence(
    name: str, exported: tuple[Store, str, bytes], here: Store
) -> None:
    change, words = BAD[name]
    check_refused(packed(change(unpacked(exported[2]))), words, here)


def check_refused(content: bytes, words: str, here: Store) -> None:
    with pytest.raises(UnscError) as refused:
        taken(content, here)
    sentence = str(refused.value)
    assert words in sentence
    assert "\n" not in sentence
    assert len(sentence) < 400
    assert not here.root.exists()
    assert not data_folder().exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda c: b"",
        lambda c: b"no archive",
        lambda c: c[: len(c) // 2],
        lambda c: c[:40] + bytes(4000) + c[4040:],
    ],
    ids=["empty", "text", "cut short", "damaged inside"],
)
def test_what_is_no_whole_archive(
    damage: Callable[[bytes], bytes], exported: tuple[Store, str, bytes], here: Store
) -> None:
    check_refused(damage(exported[2]), "not a complete .zip archive", here)


def test_an_archive_that_unpacks_too_large_is_not_read(
    exported: tuple[Store, str, bytes], here: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unsc_core.runs.archive.MAX_BYTES", 10_000)
    monkeypatch.setattr("zipfile.ZipFile.open", lambda *_: pytest.fail("it was read"))
    check_refused(exported[2], "unpacks to more than", here)


def test_a_file_that_is_larger_than_it_says_is_not_unpacked(
    exported: tuple[Store, str, bytes], here: Store
) -> None:
    files = unpacked(exported[2])
    content = bytearray(packed({**files, "labels.npy": bytes(50_000_000)}))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(b"labels.npy") - (30 if signature == b"PK\x03\x04" else 0)
        at = (
            content.rindex(signature, 0, content.rindex(b"labels.npy"))
            if signature == b"PK\x01\x02"
            else at
        )
        content[at + offset : at + offset + 4] = struct.pack("<I", 100)
    check_refused(bytes(content), "not a complete .zip archive", here)


def test_a_name_twice_and_foreign_packing(exported: tuple[Store, str, bytes], here: Store) -> None:
    files = unpacked(exported[2])
    out = io.BytesIO(packed(files))
    with zipfile.ZipFile(out, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("config.json", b"{}")
    check_refused(out.getvalue(), "'config.json' twice", here)
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w", zipfile.ZIP_LZMA) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    check_refused(other.getvalue(), "compressed in a way that exports are not", here)


def test_a_disk_that_fills_up_leaves_nothing(
    exported: tuple[Store, str, bytes], here: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, room = Store.put, [4]

    def full(self: Store, *piece: Any) -> None:
        if room[0] == 0:
            raise StoreError("full")
        room[0] -= 1
        put(self, *piece)

    monkeypatch.setattr(Store, "put", full)
    with pytest.raises(StoreError, match="full"):
        taken(exported[2], here)
    assert content_of(here) == {}


def test_on_the_command_line(command: Callable[..., Outcome], tmp_path: Path) -> None:
    here, there = tmp_path / "home", tmp_path / "other"
    made = Experiment(digits(training_epochs=3, epochs=4), Store(here / "store")).run()
    out = tmp_path / "run.zip"
    assert command("export", made.key, f"--out={out}").out.strip() == str(out)
    done = command("import", str(out), unsc_home=there)
    assert done.out.splitlines()[0] == f"key {made.key}"
    assert command("report", made.key, f"--out={tmp_path / 'r.html'}", unsc_home=there).code == 0
    again = command("import", str(out), unsc_home=there)
    assert again.code == 2
    assert "stored already" in again.err
    assert command("import", str(tmp_path / "none.zip")).code == 2
