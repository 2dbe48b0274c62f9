"""Entries are found in the files of a folder, in a fixed order, with colours that never run out."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from unsc_core.data import DATASETS
from unsc_core.figures import theme
from unsc_core.methods import LISTED, METHODS
from unsc_core.methods.entry import Method
from unsc_core.models import MODELS
from unsc_core.registry import import_entries, read_entries

ORDER = {
    "methods": (
        *("unsc", "random-labels", "pseudo-labels", "random-labels+null-space", "fine-tune"),
        *("gradient-ascent", "boundary-shrink", "fisher", "salun", "scrub", "svd-forget"),
        "retrain",
    ),
    "models": ("small-cnn", "mlp", "allcnn", "alexnet", "vgg11", "resnet18"),
    "data": (
        *("fashion-mnist-mini", "digits", "blobs", "fashion-mnist", "fashion-mnist-32"),
        *("cifar10", "cifar100", "svhn"),
    ),
}
"""The order of every list that people see."""
REGISTRIES = {"methods": METHODS, "models": MODELS, "data": DATASETS}
ENTRY = 'METHOD = Method(name="{}", title="T", summary="S.", source="P"{})\n'
NEVER_RUN = "raise RuntimeError('the registry ran this file')\n"


@pytest.mark.parametrize("registry", REGISTRIES)
def test_lists_keep_their_order(registry: str) -> None:
    listed = [name for name in REGISTRIES[registry] if name in ORDER[registry]]
    assert listed == list(ORDER[registry])


@pytest.mark.parametrize("name", LISTED)
def test_the_entry_of_a_method_is_the_one_in_its_file(name: str) -> None:
    module = importlib.import_module(METHODS[name].module)
    assert METHODS[name] == module.METHOD
    assert module.unlearn is METHODS[name].unlearn


def test_methods_of_one_file_share_it_and_are_not_listed() -> None:
    module = importlib.import_module("unsc_core.methods.parts")
    family = {entry.name: entry for entry in module.METHODS}
    assert family == {name: METHODS[name] for name in METHODS if name not in LISTED}
    assert len(family) == 8
    for entry in family.values():
        assert METHODS[entry.name].unlearn.func is module.unlearn


@pytest.mark.parametrize("name", MODELS)
def test_the_entry_of_a_model_is_the_one_in_its_file(name: str) -> None:
    module = importlib.import_module(MODELS[name].module)
    assert MODELS[name] == module.MODEL
    assert callable(module.layers)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an empty package called made_up."""
    folder = tmp_path / "made_up"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("made_up")
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "made_up"]:
        del sys.modules[name]


def test_entries_are_read_without_running_their_files(package: Path) -> None:
    (package / "a.py").write_text(NEVER_RUN + ENTRY.format("later", ", epochs=3, order=2"))
    (package / "b.py").write_text(ENTRY.format("sooner", ", order=1") + NEVER_RUN)
    (package / "helpers.py").write_text(NEVER_RUN)
    found = read_entries("made_up", "METHOD", Method)
    assert list(found) == ["sooner", "later"]
    assert found["later"].epochs == 3
    assert found["later"].module == "made_up.a"


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("METHOD = Method('a')", TypeError, "a.py must name every argument"),
        ("METHOD = Method(name=NAME)", TypeError, "a.py must have literal arguments"),
        ("METHOD = Method(name='a')", TypeError, "title"),
        (ENTRY.format("b", ""), ValueError, "'b'"),
        ("METHODS = (Method(name='a', title=T),)", TypeError, "METHODS in .*a.py must have lit"),
        ("METHODS = (3,)", TypeError, "calls only, not 3"),
    ],
)
def test_an_entry_that_cannot_be_used_is_named(
    package: Path, source: str, error: type[Exception], words: str
) -> None:
    (package / "a.py").write_text(source)
    (package / "b.py").write_text(ENTRY.format("b", ""))
    with pytest.raises(error, match=words):
        read_entries("made_up", "METHOD", Method)


def test_an_imported_entry_of_another_kind_is_refused(package: Path) -> None:
    (package / "a.py").write_text("DATASET = 3\n")
    with pytest.raises(TypeError, match="DATASET must be a Method, not 3"):
        import_entries("made_up", "DATASET", Method)


@pytest.mark.parametrize("look", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_methods_differ_in_colour_and_mark(look: theme.Look) -> None:
    assert len({theme.method_colour(name, look) for name in METHODS}) == len(METHODS)
    assert len({theme.method_mark(name) for name in METHODS}) == len(METHODS)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, as WCAG 2 defines it."""
    channels = np.array([list(bytes.fromhex(colour[1:])) for colour in (one, other)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    dark, bright = sorted(linear @ [0.2126, 0.7152, 0.0722])
    return (bright + 0.05) / (dark + 0.05)


def test_colours_and_marks_never_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"made-up-{i}" for i in range(60)]
    taken = {
        theme.method_colour(name, look) for name in METHODS for look in (theme.LIGHT, theme.DARK)
    }
    for name in names:
        monkeypatch.setitem(METHODS, name, Method(name, name, "Made up.", "nobody"))
    colours = [theme.method_colour(name, theme.LIGHT) for name in names]
    assert colours == [theme.method_colour(name, theme.DARK) for name in names]
    assert len(set(zip(colours, map(theme.method_mark, names), strict=True))) == len(names)
    assert not set(colours) & (taken | {theme.FORGET, *theme.RETAIN})
    for colour in colours:
        assert min(contrast(colour, look.paper) for look in (theme.LIGHT, theme.DARK)) >= 3


def test_a_colour_depends_on_the_name_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Method("noise", "Noise", "Made up.", "nobody")
    monkeypatch.setitem(METHODS, "noise", entry)
    alone = theme.method_colour("noise", theme.LIGHT), theme.method_mark("noise")
    monkeypatch.setitem(METHODS, "other", Method("other", "Other", "Made up.", "nobody"))
    assert (theme.method_colour("noise", theme.LIGHT), theme.method_mark("noise")) == alone
    assert alone == ("#ed16b6", "star-triangle-down")
