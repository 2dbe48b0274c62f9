"""Null space: what the retained classes use of every layer, and where the weights may still move."""

from dataclasses import replace

import numpy as np
import streamlit as st

from pages.shared import batch, cache, controls, header, jobs, linked, show, state
from unsc_core.analysis import geometry
from unsc_core.analysis.summary import summary
from unsc_core.experiment.keys import keys
from unsc_core.experiment.resolve import resolve, settings
from unsc_core.figures import spectra as figures
from unsc_core.figures import subspaces as lie
from unsc_core.methods import METHODS
from unsc_core.subspace.energy import energy_error, energy_rank

VIEWS = {
    "Spectra": "how much of the retained energy each direction holds, and the cut at γ",
    "Frozen and reachable": "what protecting the rest leaves of the forgotten",
    "Class angles": "how close the classes' subspaces lie",
    "Drift": "how far retained test images move in every layer: by its own change, beside the bound of that, and in the whole network",
    "Sweep over γ": "the outcome at every γ",
}
SWEEP = (0.8, 0.9, 0.94, 0.96, 0.97, 0.98, 0.99, 0.995, 0.999)

st.title("Null space")
chosen = controls.experiment(gamma_here=True)
st.markdown(
    "The retained classes' inputs to a layer spread over few directions. γ decides how much of that energy is **protected**; "
    "with UNSC, weights move only in the rest, the **null space**, where at most the share 1 − γ of it lies."
)
result = jobs.result(chosen)
header.strip(chosen, result)
found = cache.spectra(chosen.config)
if found is None:
    jobs.wait_for(
        "spectra",
        keys(chosen.config, chosen.dataset).spectra,
        chosen.config,
        "Collecting the second moments",
    )
    st.stop()

sizes = [groups.shape[0] * groups.shape[1] for groups in found.values()]
titles = {
    layer: f"Layer {i + 1} · {size} inputs"
    for i, (layer, size) in enumerate(zip(found, sizes, strict=True))
}
entry = METHODS[chosen.config.method]
ran = chosen.config.energy_threshold


def gammas() -> dict[str, float]:
    """The γ to look around with, of every layer, and the button that runs with what is shown."""
    ran_each = state.current().gammas
    each = st.toggle(
        "A γ for each layer",
        bool(ran_each),
        key="each_gamma",
        disabled=state.lesson().fixed("gamma"),
    )
    if each:
        looked_at = {}
        for start in range(0, len(found), 3):
            for i, column in enumerate(st.columns(3)[: len(found) - start], start):
                looked_at[list(found)[i]] = controls.layer_gamma(column, i)
        new, words = tuple(looked_at.values()) != ran_each, "Unlearn with these γ"
        button = st
    else:
        slider, button = st.columns([4, 2], vertical_alignment="bottom")
        one = controls.gamma(slider)
        looked_at = dict.fromkeys(found, one)
        new, words = one != ran, f"Unlearn with γ = {one:g}"
    if not entry.uses_energy_threshold:
        button.caption(f"{entry.title} does not use the null space.")
    elif new and button.button(words, type="primary", width="content" if each else "stretch"):
        state.choose(gammas=tuple(looked_at.values())) if each else state.choose(
            gamma=one, gammas=()
        )
        st.rerun()
    return looked_at


def rank_table() -> dict[str, dict[str, int]]:
    """γ as a slider reads -> every layer's rank as its spectrum shows it."""
    now = state.current()
    return {
        str(each): {layer: energy_rank(groups[0], each) for layer, groups in found.items()}
        for each in {*state.GAMMAS, now.shown_gamma, *now.gammas}
    }


@st.fragment
def spectra_view(ranks: dict[str, dict[str, int]]) -> None:
    """γ and the cuts it moves; only this part is drawn again when it changes."""
    cut_at, look = gammas(), show.mode()
    summed = figures.free_share(titles, found, cut_at, look)
    pictures = {
        f"spectrum-{i + 1}": figures.spectrum(layer, titles[layer], found, cut_at[layer], look)
        for i, layer in enumerate(found)
    }
    show.in_rows(pictures, 3)
    linked.cuts(
        ranks,
        {controls.GAMMA: [*found]}
        | {controls.LAYER_GAMMA.format(i + 1): [layer] for i, layer in enumerate(found)},
    )
    st.caption(
        ":gray[grey: kept directions, with γ of the retained energy] · :green[**teal: the rest, the null space**] · dotted: the cut at γ"
    )
    show.picture(summed, "null-space")
    checked(cut_at)
    show.downloads({"null-space": summed} | pictures)


def checked(cut_at: dict[str, float]) -> None:
    """What the cuts keep of images that were not drawn; of the run's own, merged subspace where that is looked at."""
    if chosen.config.subspace == "merge":
        what, errors = (
            "the merged subspace of this run keeps",
            result.energy_error if set(cut_at.values()) == {ran} else {},
        )
    else:
        unseen = cache.unseen_energy(chosen.config)
        what, errors = (
            "these cuts keep",
            energy_error(found, found, unseen, cut_at) if unseen else {},
        )
    if errors:
        worst = max(errors, key=lambda layer: abs(errors[layer]))
        st.caption(
            f"The spectra come from sampled images and patches. {figures.said(cut_at)}, {what} the same share of energy of other images of the "
            f"retained classes, with all their patches, to within {100 * abs(errors[worst]):.2f} points; {titles[worst]} differs most."
        )


@st.fragment
def reachable_view(lies: geometry.Subspaces) -> None:
    """For each layer, what is frozen of the rest against what is reachable of the forgotten."""
    cut_at, look = gammas(), show.mode()
    pictures = {
        f"reachable-{i + 1}": lie.reachable(layer, titles[layer], found, lies, cut_at[layer], look)
        for i, layer in enumerate(found)
    }
    show.in_rows(pictures, 3)
    st.caption(
        "The further the curve lies above the dashed line, the better forgetting and keeping can be told apart; "
        "**selectivity** is the area under it (0.5: not at all, 1: perfectly). :red[**×**]: the cut at γ."
    )
    st.markdown(lie.reachable_sentence(titles, found, lies, cut_at))
    show.downloads(pictures)


def angles_view(lies: geometry.Subspaces) -> None:
    """One layer's angles; the last hidden layer first, where classes differ most."""
    if not lies.angles:
        st.info(
            "Only the second moments of this request are kept for a network of this size, so its classes cannot be compared."
        )
        return
    layers = list(lies.angles)
    state.note_impossible("layer", [titles[layer] for layer in layers])
    layer = st.selectbox(
        "Layer",
        layers,
        index=len(layers) - 1,
        format_func=titles.get,
        key="layer",
        bind="query-params",
    )
    picture = lie.angles(
        titles[layer],
        lies.angles[layer],
        chosen.dataset.class_names,
        chosen.config.forget_classes,
        lies.energy_threshold,
        show.mode(),
    )
    show.picture(picture, "class-angles")
    st.caption(
        "0°: one class's directions lie within the other's. 90°: they share none. The stronger the colour, the closer; forgotten classes are framed."
    )
    show.downloads({"class-angles": picture})


def drift_view(lies: geometry.Subspaces) -> None:
    """Movement by each layer's own change, beside its bound, and in the whole network."""
    picture = lie.drift(titles, lies, show.mode())
    show.picture(picture, "drift")
    st.caption(
        "Root mean square over retained test images. **This layer alone**: its change of weights ΔW on the inputs x that it has in the original. "
        "**Bound** of that: ‖ΔW‖ times what these inputs have outside the kept directions, the root mean square of ‖P x‖. "
        "**Whole network**: the unlearned network's pre-activations against the original's, where the layer's inputs have changed, too."
    )
    show.downloads({"drift": picture})


def take_gamma() -> None:
    """Make the clicked γ the experiment's."""
    points = st.session_state["sweep"].selection.points
    if points:
        state.choose(gamma=float(np.ravel(points[0]["customdata"])[0]), gammas=())


def sweep_view() -> None:
    """Every γ of the sweep is an experiment of its own, shared with everyone who asks for it."""
    if not entry.uses_energy_threshold:
        st.info(
            f"{entry.title} does not use the null space; choose UNSC to sweep over γ.",
            icon=":material/info:",
        )
        return
    thresholds = sorted({*SWEEP, settings(chosen.config).energy_threshold})
    configs = {
        threshold: resolve(
            replace(chosen.config, energy_threshold=threshold, energy_thresholds=()), chosen.dataset
        )
        for threshold in thresholds
    }
    done = {
        threshold: there
        for threshold, config in configs.items()
        if (there := cache.result(config)) is not None
    }
    pieces = [
        batch.Piece(
            "experiment",
            keys(config, chosen.dataset).unlearned,
            config,
            f"γ = {threshold:g}",
            threshold in done,
        )
        for threshold, config in configs.items()
    ]
    batch.run_all(pieces, f"Sweeping over γ: run the missing {len(configs) - len(done)}", "sweep")
    numbers = {threshold: summary(one) for threshold, one in done.items()}
    outcomes = [
        lie.Outcome(
            threshold,
            one["unlearned"]["acc_forget"],
            one["unlearned"]["acc_retain"],
            100 * one["logit_drift"],
        )
        for threshold, one in numbers.items()
    ]
    picture = lie.sweep(
        outcomes, ran or 0.0, summary(result)["original"]["acc_retain"], show.mode()
    )
    show.picture(picture, "sweep", on_click=take_gamma)
    st.caption(
        "Click a point to make its γ the experiment's, on every page. Dotted: this experiment."
    )
    show.downloads({"sweep": picture})


meanings = "\n".join(f"- **{name}**: {meaning}" for name, meaning in VIEWS.items())
state.note_impossible("view", VIEWS)
view = st.segmented_control(
    "View",
    list(VIEWS),
    default="Spectra",
    required=True,
    key="view",
    bind="query-params",
    help=meanings,
)
if view == "Spectra":
    spectra_view(rank_table())
elif view == "Sweep over γ":
    sweep_view()
elif (lies := cache.subspaces(chosen.config)) is None:
    jobs.wait_for(
        "subspaces",
        geometry.key(chosen.config, chosen.dataset),
        chosen.config,
        "Comparing the subspaces",
    )
else:
    {"Frozen and reachable": reachable_view, "Class angles": angles_view, "Drift": drift_view}[
        view
    ](lies)
