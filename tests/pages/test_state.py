"""State <-> link: what is written is read back, and what is not possible is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import lesson
from pages.shared.lesson import CONTROLS, Lesson
from pages.shared.state import ExperimentState, from_query, to_query
from unsc_core.analysis.selection import Selection
from unsc_core.data import DATASETS, load_dataset
from unsc_core.errors import ConfigError, DataError, UnscError
from unsc_core.experiment.keys import keys
from unsc_core.experiment.resolve import resolve
from unsc_core.methods import METHODS


@pytest.mark.parametrize(
    "state",
    [
        ExperimentState(),
        ExperimentState(
            forget=(0, 6), method="random-labels", gamma=0.995, seed=7, lr=0.05, epochs=3
        ),
        ExperimentState("digits", "mlp", (1,)),
        ExperimentState("cifar10", "allcnn", (3,)),
        ExperimentState(seeds=3, equal=12),
        ExperimentState("digits", forget=(3,), gamma=0.9612345678, training=7, device="cuda:1"),
        ExperimentState("digits", forget=(3,), sample="first", weights="size"),
        ExperimentState(method="null-space-erasure", strength=0.0),
        ExperimentState("digits", forget=(3,), picked=Selection("train", rule=(("label", 4),))),
        ExperimentState(ids=tuple(range(0, 3000, 7)), picked=Selection("test", (3, 17, 4999))),
        ExperimentState("own/my images.npz", forget=(2,), checkpoint="own/weights.safetensors"),
    ],
)
def test_a_link_says_everything(state: ExperimentState) -> None:
    assert from_query(to_query(state)) == (state, [])


def test_a_selection_in_an_older_link_is_of_the_samples_it_shows() -> None:
    assert from_query({"picked": "17,3"})[0].picked == Selection("test", (3, 17))
    older = {"picked": "17,3", "samples": "Training"}
    assert from_query(older)[0].picked == Selection("train", (3, 17))


def test_a_link_without_a_threshold_means_that_of_its_method() -> None:
    for method in ("unsc", "null-space-erasure"):
        assert from_query({"method": method})[0].shown_gamma == METHODS[method].energy_threshold
    assert METHODS["unsc"].energy_threshold != METHODS["null-space-erasure"].energy_threshold


def test_own_data_open_with_automatic_settings() -> None:
    assert from_query({"dataset": "own.npz"})[0].method == "unsc-auto"
    assert from_query({"dataset": "own.npz", "gamma": "0.9"})[0].method == "unsc"
    assert from_query({"dataset": "own.npz", "method": "unsc"})[0].method == "unsc"


def test_the_default_needs_no_link() -> None:
    assert to_query(ExperimentState()) == {}


@pytest.mark.parametrize("name", DATASETS)
def test_a_link_to_a_dataset_is_enough(name: str) -> None:
    state, notes = from_query({"dataset": name})
    assert notes == []
    entry = DATASETS[name]
    assert (state.model, state.forget) == (entry.default_model, (entry.default_forget_class,))
    assert to_query(state) == ({} if state == ExperimentState() else {"dataset": name})


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
        ("strength", "-1"),
        ("strength", "nan"),
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
    assert getattr(state, name) == getattr(ExperimentState(), name)
    assert name == "seed" or state.seed == 3


@pytest.mark.parametrize(
    "state",
    [
        ExperimentState("/etc/passwd"),
        ExperimentState("../x.npz"),
        ExperimentState(checkpoint="../../w.pt"),
        ExperimentState("."),
    ],
)
def test_paths_stay_in_the_data_folder(state: ExperimentState) -> None:
    with pytest.raises(DataError, match="outside the data folder"):
        state.config()


@pytest.mark.parametrize(
    "name", ["net.py:make", "../net.py:make", "{folder}/net.py:make", "net.py"]
)
def test_the_app_never_runs_a_model_file(name: str, tmp_path: Path) -> None:
    """Neither from a link nor from a state, even where the file exists."""
    (tmp_path / "net.py").write_text(
        "from torch import nn\n"
        "def make(shape, n): return nn.Sequential(nn.Flatten(), nn.Linear(64, n))\n"
    )
    name = name.format(folder=tmp_path)
    state, notes = from_query({"dataset": "digits", "model": name})
    assert state.model == DATASETS["digits"].default_model
    assert len(notes) == 1
    with pytest.raises(ConfigError, match="no model"):
        ExperimentState("digits", model=name, forget=(3,)).config()


def test_a_lesson_hides_and_locks_what_its_link_names() -> None:
    found, notes = lesson.from_query({"hide": "more, method", "lock": "all"})
    assert found == Lesson(frozenset({"more", "method"}), frozenset(CONTROLS))
    assert notes == []
    assert found.fixed("gamma")
    assert not Lesson().fixed(*CONTROLS)


def test_a_lesson_names_what_is_not_a_control() -> None:
    found, notes = lesson.from_query({"hide": "colour"})
    assert not found.fixed(*CONTROLS)
    assert len(notes) == 1
    assert "colour" in notes[0]
    assert "dataset" in notes[0]


NAMED = "{name} = "
BROKEN = {
    NAMED: (
        *("gamma=7", "gamma=x", "gamma=", "gamma=-0.5", "gamma=nan", "gamma=0", "gammas=0.9,2"),
        *("forget=a", "forget=", "forget=-1", "forget=1,,2", "ids=x", "ids=-4"),
        *("model=vgg99", "model=net.py:make", "model=mlp-", "method=", "method=UNSC"),
        *("method=<script>alert(1)</script>", "seed=-1", "seed=1.5", "seed=99999999999"),
        *("lr=nan", "lr=0", "lr=-1", "epochs=0", "epochs=many", "subspace=none", "device=tpu"),
        *("seeds=2", "equal=200", "training=-3", "edits=4", "edits=4>4>4"),
        *("hide=everything", "lock=world", "picked=x", "picked=test.true-x", "picked=-3"),
        *("picked=test.ids-.!", "picked=test.mood-3", "picked=", "picked=all.true-3"),
    ),
    "99": ("forget=99", "edits=0>99"),
    "10 ": ("forget=0,1,2,3,4,5,6,7,8,9",),
    "999999": ("ids=999999",),
    "nowhere.safetensors": ("checkpoint=nowhere.safetensors",),
    "data folder": ("checkpoint=../../etc/passwd", "dataset=../../../etc/passwd"),
    "missing.npz": ("dataset=missing.npz",),
    "a/b/c": ("dataset=a/b/c",),
    "\\x00": ("dataset=\x00",),
}
"""What the sentence about a link has in it -> queries of such links."""


@pytest.mark.parametrize(
    ("query", "named"), [(query, named) for named, queries in BROKEN.items() for query in queries]
)
def test_a_broken_link_gets_one_sentence(query: str, named: str) -> None:
    """Typed wrongly, cut short or made up: a note, or the reason why the page shows nothing."""
    name, _, value = query.partition("=")
    link = {"dataset": "digits"} | {name: value}
    state, notes = from_query(link)
    notes += lesson.from_query(link)[1]
    try:
        dataset = load_dataset(state.config().dataset)
        keys(resolve(state.config(), dataset), dataset)
    except UnscError as error:
        notes.append(str(error))
    (sentence,) = notes
    assert named.format(name=name) in sentence


def test_a_page_drawn_again_sends_the_values_of_its_controls_once_more() -> None:
    def page() -> None:
        import streamlit as st

        from pages.shared import state

        st.selectbox("A", [1, 2, 3], key=state.widget_key("a", 3))
        if st.session_state.pop("finished", False):
            state.draw_again()

    app = AppTest.from_function(page).run().run()
    assert not app.selectbox[0].proto.set_value  # sent in the first run
    app.session_state["finished"] = True
    app.run()
    assert app.selectbox[0].proto.set_value
    assert app.selectbox[0].proto.raw_value == "3"
    app.run()
    assert not app.selectbox[0].proto.set_value


def test_another_dataset_has_other_samples_so_nothing_is_selected() -> None:
    def page() -> None:
        import streamlit as st

        from pages.shared import state

        for dataset in ("fashion-mnist-mini", "digits"):
            state.change(dataset=dataset, seed=4)
            st.text(state.current().picked)
        st.text(st.session_state["link_notes"])

    app = AppTest.from_function(page)
    app.query_params["picked"] = "test.true-6"
    same, other, notes = (text.value for text in app.run().text)
    assert "true" in same
    assert other == "None"
    assert notes.count("fashion-mnist-mini") == 1
