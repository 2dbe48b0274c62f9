"""State <-> link: what is written is read back, and what cannot be is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from pages.shared.state import CONTROLS, Lesson, State, from_query, lesson_from_query, to_query
from unsc_core.data import DATASETS
from unsc_core.errors import ConfigError, DataError


@pytest.mark.parametrize(
    "state",
    [
        State(),
        State(forget=(0, 6), method="random-labels", gamma=0.995, seed=7, lr=0.05, epochs=3),
        State("digits", "mlp", (1,)),
        State("cifar10", "allcnn", (3,)),
        State(seeds=3, equal=12),
        State("digits", forget=(3,), gamma=0.9612345678, training=7, device="cuda:1"),
        State("digits", forget=(3,), sample="first", weights="size"),
        State("own/my images.npz", forget=(2,), checkpoint="own/weights.safetensors"),
    ],
)
def test_a_link_says_everything(state: State) -> None:
    assert from_query(to_query(state)) == (state, [])


def test_the_default_needs_no_link() -> None:
    assert to_query(State()) == {}


@pytest.mark.parametrize("name", DATASETS)
def test_a_link_to_a_dataset_is_enough(name: str) -> None:
    state, notes = from_query({"dataset": name})
    assert notes == []
    entry = DATASETS[name]
    assert (state.model, state.forget) == (entry.default_model, (entry.default_forget_class,))
    assert to_query(state) == ({} if state == State() else {"dataset": name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gamma", "0"),
        ("gamma", "1.01"),
        ("gamma", "nan"),
        ("forget", "x"),
        ("forget", "-1"),
        ("model", "vgg99"),
        ("method", ""),
        ("seed", "1.5"),
        ("model", "net.py:make"),
        ("seed", "99999999999"),
        ("lr", "0"),
        ("lr", "inf"),
        ("epochs", "-3"),
        ("seeds", "2"),
        ("equal", "31"),
        ("training", "0"),
        ("device", "tpu"),
        ("sample", "last"),
        ("weights", "none"),
    ],
)
def test_an_impossible_part_is_named_and_the_rest_kept(name: str, value: str) -> None:
    state, notes = from_query({"seed": "3", "forget": "1"} | {name: value})
    assert len(notes) == 1
    assert f"{name} = '{value}'" in notes[0]
    assert getattr(state, name) == getattr(State(), name)
    assert name == "seed" or state.seed == 3


@pytest.mark.parametrize(
    "state", [State("/etc/passwd"), State("../x.npz"), State(checkpoint="../../w.pt"), State(".")]
)
def test_paths_stay_in_the_data_folder(state: State) -> None:
    with pytest.raises(DataError, match="outside the data folder"):
        state.config()


@pytest.mark.parametrize(
    "name", ["net.py:make", "../net.py:make", "{folder}/net.py:make", "net.py"]
)
def test_the_app_never_runs_a_model_file(name: str, tmp_path: Path) -> None:
    """Neither from a link nor from a state made in another way, even where the file is there."""
    (tmp_path / "net.py").write_text(
        "from torch import nn\ndef make(shape, n): return nn.Sequential(nn.Flatten(), nn.Linear(64, n))\n"
    )
    name = name.format(folder=tmp_path)
    state, notes = from_query({"dataset": "digits", "model": name})
    assert state.model == DATASETS["digits"].default_model
    assert len(notes) == 1
    with pytest.raises(ConfigError, match="no model"):
        State("digits", model=name, forget=(3,)).config()


def test_a_lesson_hides_and_locks_what_its_link_names() -> None:
    found, notes = lesson_from_query({"hide": "more, method", "lock": "all"})
    assert found == Lesson(frozenset({"more", "method"}), frozenset(CONTROLS))
    assert notes == []
    assert found.fixed("gamma")
    assert not Lesson().fixed(*CONTROLS)


def test_a_lesson_without_such_a_control_says_so() -> None:
    found, notes = lesson_from_query({"hide": "colour"})
    assert not found.fixed(*CONTROLS)
    assert len(notes) == 1
    assert "colour" in notes[0]
    assert "dataset" in notes[0]
