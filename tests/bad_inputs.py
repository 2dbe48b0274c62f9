"""Requests that cannot be carried out, and words that the error message must have.

Each case writes its files to a folder and returns the fields of an ExperimentConfig.
"""

from __future__ import annotations

import os
import pickle
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from tests.own_images import own_arrays, save_folder, save_npz
from unsc_core.models import build_model

Fields = dict[str, Any]
ON_IMAGES: Fields = {"dataset": "digits", "model": "small-cnn", "method": "pseudo-labels"}
BLOBS: Fields = {"dataset": "blobs", "model": "mlp", "forget_classes": (0,)}


@dataclass(frozen=True)
class BadInput:
    """One impossible request."""

    name: str
    make: Callable[[Path], Fields]
    words: tuple[str, ...]


def _setting(name: str, *words: str, **fields: object) -> BadInput:
    return BadInput(name, lambda _: {**BLOBS, **fields}, words)


def _npz(name: str, *words: str, changes: Callable[[], Fields]) -> BadInput:
    return BadInput(
        name,
        lambda tmp: {
            "dataset": str(save_npz(tmp / "own.npz", **changes())),
            "forget_classes": (0,),
        },
        ("own.npz", *words),
    )


def _file(name: str, *words: str, make: Callable[[Path], None]) -> BadInput:
    def fields(tmp: Path) -> Fields:
        make(tmp / "own.npz")
        return {"dataset": str(tmp / "own.npz"), "forget_classes": (0,)}

    return BadInput(name, fields, ("own.npz", *words))


def _folder(name: str, *words: str, change: Callable[[Path], None]) -> BadInput:
    def fields(tmp: Path) -> Fields:
        change(save_folder(tmp / "own"))
        return {"dataset": str(tmp / "own"), "forget_classes": (0,)}

    return BadInput(name, fields, words)


def _checkpoint(name: str, file: str, *words: str, make: Callable[[Path], None]) -> BadInput:
    def fields(tmp: Path) -> Fields:
        make(tmp / file)
        return {**BLOBS, "checkpoint": str(tmp / file)}

    return BadInput(name, fields, (file, *words))


def _with_raw_member(path: Path) -> None:
    save_npz(path, x_train=None)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x_train.npy", b"these are no numbers")


def _flipped_inside(path: Path) -> None:
    np.savez_compressed(path, **own_arrays())
    content = bytearray(path.read_bytes())
    content[200:260] = bytes(60)
    path.write_bytes(content)


def _ragged() -> np.ndarray:
    images = np.empty(3, dtype=object)
    for i in range(3):
        images[i] = np.zeros((8 + i, 8), dtype=np.uint8)
    return images


def _tiny(tmp: Path) -> Fields:
    arrays = own_arrays()
    small = {part: arrays[part][:, ::8, ::8] for part in ("x_train", "x_test")}
    return {
        "dataset": str(save_npz(tmp / "own.npz", **small)),
        "forget_classes": (0,),
        "model": "small-cnn",
    }


def _move_class(root: Path) -> None:
    (root / "test" / "one").rename(root / "test" / "seven")


def _resize_one(root: Path) -> None:
    from PIL import Image

    Image.fromarray(np.zeros((9, 16), dtype=np.uint8)).save(root / "train" / "one" / "2.png")


def _link_outside(root: Path) -> None:
    outside = root.parent / "secret.png"
    (root / "train" / "one" / "0.png").rename(outside)
    (root / "train" / "one" / "0.png").symlink_to(outside)


def _blob_weights() -> dict[str, torch.Tensor]:
    return dict(build_model("mlp", (2,), 4).state_dict())


ERASURE = {"method": "null-space-erasure"}
MARK = "code-has-run"


@dataclass
class MakesAFolder:
    """Unpickling it makes a folder, which shows that foreign code has run."""

    path: str

    def __reduce__(self) -> tuple:
        return os.mkdir, (self.path,)


def _with_code(path: Path) -> None:
    path.write_bytes(pickle.dumps({"1.weight": MakesAFolder(str(path.parent / MARK))}, protocol=2))


def _not_finite(path: Path) -> None:
    weights = _blob_weights()
    weights["1.weight"] = weights["1.weight"].clone()
    weights["1.weight"][0, 0] = float("nan")
    save_file(weights, path)


def _labels(part: str, change: Callable[[np.ndarray], object]) -> Callable[[], Fields]:
    return lambda: {part: change(own_arrays()[part])}


BAD_INPUTS = [
    _setting("unknown class", "Class 4", "0 to 3", forget_classes=(4,)),
    _setting("negative class", "Class -1", forget_classes=(-1,)),
    _setting("no class", "No class", forget_classes=()),
    _setting("all classes", "All 4", forget_classes=(0, 1, 2, 3)),
    _setting("threshold 0", "not 0;", energy_threshold=0.0),
    _setting("threshold -1", "not -1;", energy_threshold=-1.0),
    _setting("threshold 1.5", "not 1.5;", energy_threshold=1.5),
    _setting("threshold nan", "not nan;", energy_threshold=float("nan")),
    _setting("unknown dataset", "'nope'", dataset="nope"),
    _setting("dataset name too long", "a" * 300, dataset="a" * 300),
    _setting("home of nobody", "~nobody-has-this-name", dataset="~nobody-has-this-name/x.npz"),
    _setting("path to nowhere", "/nowhere/at/all", dataset="/nowhere/at/all"),
    _setting("unknown model", "'nope'", "mlp", model="nope"),
    _setting("network for images on points", "small-cnn", "use mlp", model="small-cnn"),
    _setting("image too small", "alexnet", "1×8×8", dataset="digits", model="alexnet"),
    _setting("unknown method", "'nope'", "unsc", method="nope"),
    _setting("unknown subspace", "'nope'", "merge", method="unsc", subspace="nope"),
    _setting("unknown sample", "moments_sample", "'last'", "random", moments_sample="last"),
    _setting(
        "unknown class weights", "class_weights", "'none'", "equal, size", class_weights="none"
    ),
    _setting("unknown device", "'tpu'", device="tpu"),
    _setting("device that is not there", "'cuda:99'", device="cuda:99"),
    _setting("learning rate 0", "not 0.", learning_rate=0.0),
    _setting("strength too large", "0 to 100", "not 101", **ERASURE, strength=101.0),
    _setting("strength negative", "0 to 100", "not -1", **ERASURE, strength=-1.0),
    _setting("strength nan", "0 to 100", "not nan", **ERASURE, strength=float("nan")),
    _setting("learning rate negative", "not -0.1", learning_rate=-0.1),
    _setting("learning rate nan", "not nan", learning_rate=float("nan")),
    _setting("learning rate infinite", "not inf", learning_rate=float("inf")),
    _setting(
        "absurd learning rate",
        "diverged",
        "smaller learning rate",
        learning_rate=1e30,
        training_epochs=1,
        **ON_IMAGES,
    ),
    _setting("epochs 0", "epochs", "not 0", epochs=0),
    _setting("epochs negative", "epochs", "not -3", epochs=-3),
    _setting("training epochs 0", "training_epochs", "not 0", training_epochs=0),
    _setting("seed negative", "-1", seed=-1),
    _setting("seed too large", str(2**40), seed=2**40),
    _npz("labels from 1", "label 0", changes=_labels("y_train", lambda y: y + 1)),
    _npz("labels with a gap", "label 1", changes=_labels("y_train", lambda y: y * 2)),
    _npz(
        "labels with a huge gap",
        "label 2",
        changes=_labels("y_train", lambda y: np.where(y == 2, 10**15, y)),
    ),
    _npz("labels negative", "label -1", changes=_labels("y_train", lambda y: y - 1)),
    _npz("labels not whole", "float64", changes=_labels("y_train", lambda y: y / 2)),
    _npz("labels of text", "y_train", "dtype", changes=_labels("y_train", lambda y: y.astype(str))),
    _npz(
        "labels in columns", "y_train", "(90, 1)", changes=_labels("y_train", lambda y: y[:, None])
    ),
    _npz("too few labels", "y_train", "(89,)", "90", changes=_labels("y_train", lambda y: y[:-1])),
    _npz(
        "test label unknown",
        "y_test",
        "label 5",
        changes=_labels("y_test", lambda y: np.where(y == 2, 5, y)),
    ),
    _npz("class without test samples", "label 2", changes=_labels("y_test", lambda y: y % 2)),
    _npz("one class", "only one class", changes=_labels("y_train", lambda y: y * 0)),
    _npz(
        "class of one sample",
        "class 2",
        changes=_labels(
            "y_train", lambda y: np.where((y == 2) & (np.arange(90) != np.argmax(y == 2)), 1, y)
        ),
    ),
    _npz(
        "float images",
        "float32",
        "uint8",
        changes=lambda: {"x_train": own_arrays()["x_train"].astype(np.float32)},
    ),
    _npz(
        "no images",
        "x_train",
        "empty",
        changes=lambda: {"x_train": np.zeros((0, 8, 8), np.uint8), "y_train": np.zeros(0, int)},
    ),
    _npz(
        "no test images",
        "x_test",
        "empty",
        changes=lambda: {"x_test": np.zeros((0, 16, 16), np.uint8), "y_test": np.zeros(0, int)},
    ),
    _npz(
        "flat images",
        "x_train",
        "(90, 256)",
        changes=lambda: {"x_train": own_arrays()["x_train"].reshape(90, 256)},
    ),
    _npz("ragged images", "x_train", "one size", changes=lambda: {"x_train": _ragged()}),
    _npz("missing array", "y_test", changes=lambda: {"y_test": None}),
    _npz(
        "channels first",
        "16 channels",
        changes=lambda: {"x_train": own_arrays()["x_train"][:, None]},
    ),
    _npz(
        "names of wrong length",
        "2 names",
        "3 classes",
        changes=lambda: {"class_names": np.array(["a", "b"])},
    ),
    _npz(
        "sizes differ",
        "16×16×1",
        "8×8×1",
        changes=lambda: {"x_test": own_arrays()["x_test"][:, ::2, ::2]},
    ),
    _file(
        "truncated archive", make=lambda path: path.write_bytes(save_npz(path).read_bytes()[:2000])
    ),
    _file("not an archive", make=lambda path: path.write_text("x_train,y_train\n1,2\n")),
    _file("empty file", make=lambda path: path.touch()),
    _file("member that is no array", "x_train", make=_with_raw_member),
    _file("archive damaged inside", make=_flipped_inside),
    _folder(
        "folder without train",
        "'train'",
        change=lambda root: (root / "train").rename(root / "training"),
    ),
    _folder(
        "folder without test", "'test'", change=lambda root: (root / "test").rename(root / "val")
    ),
    _folder("test class that train lacks", "'seven'", change=_move_class),
    _folder("images of two sizes", "2.png", "9×16×1", "16×16×1", change=_resize_one),
    _folder(
        "class without test images",
        "test/one",
        "no images",
        change=lambda root: shutil.rmtree(root / "test" / "one"),
    ),
    _folder(
        "file that is no image",
        "notes.txt",
        change=lambda root: (root / "train" / "one" / "notes.txt").write_text("hello"),
    ),
    _folder(
        "image cut short",
        "0.png",
        change=lambda root: os.truncate(root / "train" / "zero" / "0.png", 90),
    ),
    _folder("link leading outside", "0.png", "outside", change=_link_outside),
    _folder(
        "class folder empty",
        "train/one",
        "no images",
        change=lambda root: [f.unlink() for f in (root / "train" / "one").iterdir()],
    ),
    BadInput("too small for the network", _tiny, ("1×2×2", "small-cnn")),
    BadInput(
        "checkpoint missing",
        lambda tmp: {**BLOBS, "checkpoint": str(tmp / "none.pt")},
        ("none.pt", "No such file"),
    ),
    BadInput(
        "checkpoint is a folder",
        lambda tmp: {**BLOBS, "checkpoint": str(tmp)},
        ("checkpoint", "directory"),
    ),
    _checkpoint(
        "garbage safetensors",
        "w.safetensors",
        "corrupt",
        make=lambda path: path.write_bytes(bytes(range(256)) * 9),
    ),
    _checkpoint(
        "garbage torch file",
        "w.pt",
        "corrupt",
        make=lambda path: path.write_bytes(bytes(range(256)) * 9),
    ),
    _checkpoint("empty torch file", "w.pt", "corrupt", make=lambda path: path.touch()),
    _checkpoint("pickle with code", "w.pt", "corrupt", make=_with_code),
    _checkpoint(
        "whole module",
        "w.pt",
        "corrupt",
        make=lambda path: torch.save(build_model("mlp", (2,), 4), path),
    ),
    _checkpoint(
        "not a state_dict", "w.pt", "state_dict", make=lambda path: torch.save([1, 2], path)
    ),
    _checkpoint(
        "other network",
        "w.pt",
        "does not fit",
        make=lambda path: torch.save(build_model("small-cnn", (1, 8, 8), 10).state_dict(), path),
    ),
    _checkpoint(
        "other number of classes",
        "w.pt",
        "10×128",
        "4×128",
        make=lambda path: torch.save(build_model("mlp", (2,), 10).state_dict(), path),
    ),
    _checkpoint(
        "one weight more",
        "w.pt",
        "'9.bias'",
        make=lambda path: torch.save({**_blob_weights(), "9.bias": torch.zeros(4)}, path),
    ),
    _checkpoint(
        "weights not finite", "w.safetensors", "'1.weight'", "not finite", make=_not_finite
    ),
]


def arguments(fields: Fields) -> list[str]:
    """The same request as arguments of the command line."""
    given = {
        **fields,
        "forget": ",".join(map(str, fields["forget_classes"])),
        "seeds": fields.get("seed", 0),
    }
    return [
        f"--{name.replace('_', '-')}={value}"
        for name, value in given.items()
        if name not in ("forget_classes", "seed")
    ]
