"""The explainer's toy has the energies it states, and its sentences follow the numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from unsc_core.analysis.layer_views import LayerView
from unsc_core.figures.explainer import (
    CHAPTERS,
    OFF_PLANE,
    SPREAD,
    has_free,
    layer_data,
    layer_sentence,
    toy,
    toy_data,
)
from unsc_core.figures.reach import _best, layers_sentence
from unsc_core.figures.theme import LIGHT
from unsc_core.subspace.energy import energy_rank


def test_the_energies_of_the_toy_are_exactly_those_stated() -> None:
    made = toy()
    x, forgotten = np.array(made["inputs"]), np.array(made["forgotten"], bool)
    second_moment = x[~forgotten].T @ x[~forgotten] / (~forgotten).sum()
    assert second_moment == pytest.approx(np.eye(3), abs=1e-3)
    assert x[forgotten, 2].min() > 0.3  # off the plane


def test_the_answer_about_gamma_holds_for_the_toy() -> None:
    energy = np.array([*(share * (1 - OFF_PLANE) for share in SPREAD), OFF_PLANE])
    assert [energy_rank(energy, gamma) for gamma in (0.67, 0.68, 0.96, 0.97)] == [1, 2, 2, 3]
    settings = [state for _, _, state in CHAPTERS]
    assert {state["gamma"] for state in settings} == {0.96}
    assert toy_data(LIGHT)["start"].keys() >= settings[0].keys()


VIEW = LayerView(
    inputs=np.arange(20.0).reshape(5, 4),
    forgotten=np.array([False, False, False, True, True]),
    outputs=np.arange(5.0),
    moved=np.zeros(5),
    change=np.array([0.0, 0.0, 0.0, 3.0]),
    change_norm=np.array([5.0]),
    energy=np.array([[0.6, 0.2, 0.1, 0.01], [0.5, 0.2, 0.1, 0.15]]),
    kept=np.array([True, True, True, False]),
    unit=np.array([2]),
    frontier=np.zeros((0, 2)),
    best=np.zeros(0),
)


def test_a_layer_is_drawn_along_its_leading_directions_or_a_free_one() -> None:
    free = layer_data(VIEW, "layer 1", False, LIGHT)
    leading = layer_data(VIEW, "layer 1", True, LIGHT)
    assert free is not None
    assert leading is not None
    assert free["inputs"] == VIEW.inputs[:, [0, 1, 3]].tolist()
    assert free["kept"] == [True, True, False]
    assert free["start"]["step"] == [0.0, 0.0, 3.0]
    assert leading["inputs"] == VIEW.inputs[:, :3].tolist()
    assert has_free(VIEW)
    thin = replace(VIEW, kept=np.array([True, True]))
    assert layer_data(thin, "layer 1", False, LIGHT) is None
    assert not has_free(thin)


def test_the_sentence_of_a_layer_follows_the_run() -> None:
    text = layer_sentence(VIEW, "layer 1", "output 3")
    assert "‖Δw‖ = 5.00" in text
    assert "36\u00a0% lies along the free direction" in text  # (3 / 5)²
    assert "15\u00a0% of theirs, against 1.0\u00a0% of the retained" in text
    assert text.endswith(
        "Nothing of it lies along the leading 3 directions, which a cut at γ keeps."
    )
    moved = replace(VIEW, change=np.array([3.0, 0.0, 0.0, 0.0]))
    assert layer_sentence(moved, "layer 1", "output 3").endswith(
        "36\u00a0% of it lies along the leading 3 directions, which a cut at γ keeps."
    )
    none = replace(VIEW, kept=np.zeros(4, bool))
    assert "leading" not in layer_sentence(none, "layer 1", "output 3")
    tiny = replace(VIEW, change=1e-6 * VIEW.change, change_norm=1e-6 * VIEW.change_norm)
    assert "‖Δw‖ = 5.00e-06" in layer_sentence(tiny, "layer 1", "output 3")
    still = replace(VIEW, change=np.zeros(4), change_norm=np.zeros(1))
    assert layer_sentence(still, "layer 1", "output 3") == (
        "The run did not change the weights of layer 1."
    )


@pytest.mark.parametrize(
    ("reached", "best", "said", "unsaid"),
    [
        ([4.0, 4.4], [4.2, 4.5], "**In no layer does the cut select", "both moments"),
        ([4.0, 20.0], [9.0, 40.0], "in 1 of 2 layers**: in layer 2", "In no layer"),
        ([8.0, 20.0], [9.0, 40.0], "in every layer**", "hardly more"),
        ([4.0, 4.4], [12.0, 4.5], "would reach 12 % in layer 1 (the cut: 4)", "in layer 2 ("),
        ([4.0, 20.0], [np.nan, np.nan], "in 1 of 2 layers**", "both moments"),
    ],
)
def test_what_is_said_of_the_layers(
    reached: list[float], best: list[float], said: str, unsaid: str
) -> None:
    through = np.array([4.0, 4.0])
    text = layers_sentence(["Layer 1", "Layer 2"], through, np.array(reached), np.array(best))
    assert said in text
    assert unsaid not in text


def test_a_cut_that_lets_nothing_through_selects_nothing_it_does_not_reach() -> None:
    nothing, none = np.array([0.0, -1e-15]), np.array([np.nan, np.nan])
    names = ["Layer 1", "Layer 2"]
    text = layers_sentence(names, nothing, np.array([0.0, 7e-4]), none)
    assert text == (
        "**In no layer does the cut select the forgotten samples**: its free directions reach less "
        "than 0.05 % of their energy."
    )
    text = layers_sentence(names, np.array([0.0, 4.0]), np.array([7e-4, 20.0]), none)
    assert "in 1 of 2 layers**: in layer 2 it reaches 20.0 %" in text


def test_no_share_is_below_0() -> None:
    energy = VIEW.energy.copy()
    energy[0, -1] = -2e-21  # of an eigenvalue that is 0 but for rounding
    text = layer_sentence(replace(VIEW, energy=energy), "layer 1", "output 3")
    assert "against 0\u00a0% of the retained" in text


def test_the_best_directions_let_no_more_through_than_the_cut_that_is_drawn() -> None:
    frontier = np.array([[1.0, 1.0], [0.3, 0.6], [0.02, 0.2], [0.0, 0.0]])
    view = replace(VIEW, frontier=frontier, best=np.array([0.04, 0.25, 3.0]))
    one_group = np.ones((1, 4))
    assert _best(view, 4.0, one_group) == pytest.approx(25)
    assert _best(view, 3.0, one_group) == pytest.approx(20)  # as where a run merges subspaces
    assert np.isnan(_best(view, 4.0, np.ones((2, 4))))
