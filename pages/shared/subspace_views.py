"""Null space's views of the subspaces: how much can be reached, class angles, and drift."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages.shared import cache, jobs, link_notes, pictures
from pages.shared.state import ResolvedExperiment
from unsc_core.analysis.geometry import Subspaces
from unsc_core.experiment.keys import keys
from unsc_core.experiment.result import Result
from unsc_core.figures.class_angles import angles
from unsc_core.figures.layer_drift import drift
from unsc_core.figures.phrases import joined
from unsc_core.figures.reach import DRAWN
from unsc_core.figures.reachability import reachable, reachable_sentence


@dataclass(frozen=True, eq=False)
class Shown:
    """What the views draw.

    Attributes:
        experiment: the experiment.
        found: its subspaces.
        spectra: layer -> spectrum per group of the retained classes.
        titles: layer -> its name on the page.
        choose_gammas: draws the sliders, and returns layer -> γ.
    """

    experiment: ResolvedExperiment
    found: Subspaces
    spectra: dict[str, np.ndarray]
    titles: dict[str, str]
    choose_gammas: Callable[[], dict[str, float]]


def spectra_or_stop(experiment: ResolvedExperiment) -> dict[str, np.ndarray]:
    """The spectra of the retained classes; while there are none, their job."""
    found = cache.spectra(experiment.config)
    if found is None:
        key = keys(experiment.config, experiment.dataset).spectra
        jobs.show("spectra", key, experiment.config, "Collecting the second moments")
        st.stop()
    return found


def layer_titles(spectra: dict[str, np.ndarray]) -> dict[str, str]:
    """Layer -> its name on the pages."""
    return {
        layer: f"Layer {i} · {groups.size} inputs"
        for i, (layer, groups) in enumerate(spectra.items(), 1)
    }


def merged_ranks(result: Result) -> str:
    """What a merged run keeps, which is not what is drawn."""
    kept = [
        f"{of['rank']} of {of['dim']} in layer {i + 1}"
        for i, of in enumerate(result.null_space.values())
    ]
    return (
        "This run merges subspaces that are found class by class, so its own cut is not the one "
        f"drawn here, which is that of all classes together. It keeps {joined(kept)}."
    )


@st.fragment
def _reachable(of: Shown) -> None:
    """For each layer, the retained energy that is kept and the forgotten that is reachable."""
    cut_at, look = of.choose_gammas(), pictures.page_look()
    drawn = {
        f"reachable-{i + 1}": reachable(
            layer, of.titles[layer], of.spectra, of.found, cut_at[layer], look
        )
        for i, layer in enumerate(of.spectra)
    }
    pictures.draw_in_rows(drawn, 3)
    st.caption(
        "**Reachable** is the energy along free directions. The further the curve is above the "
        "dashed line, the better the layer separates forgotten from retained classes. "
        "**Selectivity** is the area under the curve: 0.5 for no separation, 1 for a perfect one. "
        f":orange[**×**] marks the cut at γ. {DRAWN}"
    )
    st.markdown(reachable_sentence(of.titles, of.spectra, of.found, cut_at))
    pictures.downloads(drawn)


def _angles(of: Shown) -> None:
    """The angles in one layer; the last hidden layer first, where classes differ most."""
    if not of.found.angles:
        why = "for single samples" if of.experiment.config.forget_ids else "for so large a network"
        st.info(
            f"Classes cannot be compared here: {why}, second moments are collected of all that "
            "stays together, and not of each class."
        )
        return
    layers = list(of.found.angles)
    link_notes.check("layer", [of.titles[layer] for layer in layers])
    layer = st.selectbox(
        "Layer",
        layers,
        index=len(layers) - 1,
        format_func=of.titles.__getitem__,
        key="layer",
        bind="query-params",
    )
    picture = angles(
        of.titles[layer],
        of.found.angles[layer],
        of.experiment.dataset.class_names,
        of.experiment.config.forget_classes,
        of.found.energy_threshold,
        pictures.page_look(),
    )
    pictures.draw(picture, "class-angles")
    st.caption(
        "Mean principal angle between the subspaces of two classes. 0°: one subspace contains the "
        "other. 90°: every direction of one is perpendicular to every direction of the other. "
        "Stronger colours are smaller angles; forgotten classes are framed."
    )
    pictures.downloads({"class-angles": picture})


def _drift(of: Shown) -> None:
    """Movement by the change of each layer, beside its bound, and in the whole network."""
    picture = drift(of.titles, of.found, pictures.page_look())
    pictures.draw(picture, "drift")
    bound = (
        "- **Bound**: an upper limit of that, ‖ΔW‖ · ‖P x‖, where P x is the part of x in the null "
        "space.\n"
    )
    st.caption(
        "Root mean squares over at most 32 retained test samples per class.\n"
        "- **This layer alone**: its change of weights ΔW applied to its inputs x in the original "
        "network.\n"
        f"{bound if 'bound' in picture.table else ''}"
        "- **Whole network**: the difference of the layer's outputs before the activation function "
        "between the unlearned and the original network, whose inputs to the layer differ, too."
    )
    pictures.downloads({"drift": picture})


DRAW = {"Frozen and reachable": _reachable, "Class angles": _angles, "Drift": _drift}
