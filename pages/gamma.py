"""Threshold γ: its cut, what it leaves in reach and what came of it, following one slider."""

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from pages.shared import (
    batch,
    before,
    cache,
    controls,
    header,
    jobs,
    lesson,
    link_choices,
    link_notes,
    pictures,
    state,
    subspace_views,
    url_fields,
)
from pages.shared.components.mount import GAMMA, mount
from unsc_core.analysis import gamma_sweep, geometry
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.keys import keys
from unsc_core.figures import gamma_cockpit, gamma_layers
from unsc_core.figures.gamma_words import without_gamma
from unsc_core.methods import METHODS


def gamma_in_link() -> float | None:
    """The γ that the link puts the slider at; None without one."""
    text = link_choices.value("at")
    if text is None:
        return None
    try:
        return url_fields.gamma(text)
    except ValueError:
        link_notes.add(url_fields.impossible("at", text))
        return None


def layer_in_link(count: int) -> int:
    """The layer in the link, counted from 0; without one, the last, whose inputs decide."""
    text = link_choices.value("layer")
    if text is None:
        return count - 1
    numbers = [str(i) for i in range(1, count + 1)]
    if text in numbers:
        return numbers.index(text)
    link_notes.add(url_fields.impossible("layer", text, f"which is not a layer from 1 to {count}"))
    return count - 1


def forget_energy(configs: list[ExperimentConfig]) -> dict[str, np.ndarray] | None:
    """The forgotten samples' energy along each direction; None until subspaces are stored.

    It is the same at every γ, so those of any of these configs will do.
    """
    found = (cache.subspaces(config) for config in configs)
    return next((one.forget_energy for one in found if one is not None), None)


def batch_items(gammas: list[float], at: float) -> list[batch.BatchItem]:
    """Every run of the sweep, those near the slider first; then further retrained models."""
    data, seed = experiment.dataset, experiment.config.seed
    seeds = range(seed, seed + state.current().seeds)
    configs = gamma_sweep.configs(experiment.config, data, gammas, seeds)
    near = dict(zip(gammas, gamma_cockpit.distances(gammas, at), strict=True))
    items = [
        batch.BatchItem(
            "experiment",
            keys(configs[gamma, one], data).unlearned,
            configs[gamma, one],
            f"γ = {gamma:g}" + (f", seed {one}" if len(seeds) > 1 else ""),
            cache.sweep_run(configs[gamma, one]) is not None,
        )
        for gamma in sorted(gammas, key=near.__getitem__)
        for one in seeds
    ]
    return items + [batch.retraining(configs[gammas[0], one], data) for one in seeds[1:]]


def choose_seeds() -> None:
    """Over how many seeds the button runs the sweep."""
    now = state.current()
    count = st.segmented_control(
        "Seeds to run",
        state.SEED_COUNTS,
        default=now.seeds,
        required=True,
        key="control_seeds",
        help="One seed is quick. Three seeds give intervals, which can tell a difference from "
        "chance.",
    )
    state.keep(replace(now, seeds=count))


def gammas_of(own: float | None) -> list[float]:
    """The γ of the sweep: the usual ones and the experiment's."""
    return sorted({*gamma_sweep.SWEEP, *([] if own is None else [own])})


def read_view(own: float | None, start: float) -> gamma_cockpit.Cockpit:
    """The view, with every run that is stored."""
    seed, data = experiment.config.seed, experiment.dataset
    seeds = range(seed, seed + gamma_sweep.MOST_SEEDS)
    configs = gamma_sweep.configs(experiment.config, data, gammas_of(own), seeds)
    found = {at: run for at, one in configs.items() if (run := cache.sweep_run(one)) is not None}
    same_seed = [configs[at] for at in found if at[1] == seed]
    stops = gamma_cockpit.stops(start, state.current().shown_gamma, *gammas_of(own))
    energy = forget_energy([experiment.config, *same_seed])
    layers = gamma_layers.layers(titles, spectra, energy, stops)
    runs = gamma_sweep.comparable(found.values(), seed)
    return gamma_cockpit.cockpit(result.split, layers, runs, stops, own)


def draw(view: gamma_cockpit.Cockpit, start: float) -> Any:
    """Put the view on the page, and return what was chosen in it."""
    return mount(
        "gamma",
        GAMMA,
        view.data
        | {
            "start": view.data["gammas"].index(f"{start:g}"),
            "layer": layer_in_link(len(spectra)),
            "fixed": lesson.current().fixed("gamma"),
            "locked": before.is_shown(),
        },
        on_at_change=lambda: None,
        on_layer_change=lambda: None,
        on_use_change=lambda: None,
    )


@st.fragment
def cockpit() -> None:
    """The view, its sentence, and the button that runs what is missing."""
    own = experiment.config.energy_threshold
    usual = state.current().shown_gamma if own is None else own
    start = gamma_in_link() or usual
    view = read_view(own, start)
    chosen = draw(view, start)
    if chosen.use is not None and not before.is_shown():
        state.change(gamma=float(chosen.use), gammas=())
        st.rerun()
    at = start if chosen.at is None else float(chosen.at)
    link_choices.put("at", None if at == usual else f"{at:g}")
    if chosen.layer is not None:
        layer = int(chosen.layer)
        link_choices.put("layer", None if layer == len(spectra) else f"{layer}")
    st.markdown(view.sentence)
    if view.data["layers"][0]["reachable"] is None:
        key = geometry.key(experiment.config, experiment.dataset)
        jobs.show("subspaces", key, experiment.config, "Comparing the subspaces")
    run_missing(gammas_of(own), at)
    pictures.downloads({"sweep": view})


def run_missing(gammas: list[float], at: float) -> None:
    """The button that runs what is missing, and for how many seeds."""
    choose_seeds()
    items = batch_items(gammas, at)
    missing = sum(not item.done for item in items)
    several = state.current().seeds > 1
    rest = f"Run what is missing over {state.current().seeds} seeds"
    if not several:
        rest = f"Run the other {missing} values of γ" if missing > 1 else "Run the missing γ"
    batch.run_button(items, rest, "sweep", in_order=True)
    if missing > 1 and not before.is_shown():
        st.caption(f"Values of γ near the slider, now at {at:g}, are run first.")


header.title(
    "Threshold γ",
    *header.TERMS,
    "Second moments",
    "Drift",
    about="What a cut at γ leaves in reach, and what comes of it.",
)
experiment = controls.experiment(gamma_on_page=True)
experiment, result = jobs.result_or_before(experiment)
header.shown(experiment, result)
if not METHODS[experiment.config.method].uses_energy_threshold:
    st.info(f"{without_gamma(result)} UNSC has a γ to sweep over.", icon=":material/info:")
    controls.offer_method("unsc")
    st.stop()
spectra = subspace_views.spectra_or_stop(experiment)
titles = subspace_views.layer_titles(spectra)
cockpit()
if experiment.config.energy_thresholds:
    st.caption("This experiment has a γ for each layer; here, one γ holds for all of them.")
if experiment.config.subspace == "merge":
    st.caption(subspace_views.merged_ranks(result))
