"""The null space explained: a cloud one can hold, then a real layer, then the whole network."""

from typing import Any

import streamlit as st

from pages.shared import cache, controls, header, jobs, link_choices, page_links, pictures
from pages.shared.components.mount import EXPLAINER, mount
from unsc_core.analysis import geometry
from unsc_core.experiment.resolve import settings
from unsc_core.figures import explainer, reach
from unsc_core.figures.explainer_neighbours import NEIGHBOURS, sketch
from unsc_core.figures.phrases import layer_name
from unsc_core.figures.spectra import Eigenvalues
from unsc_core.methods import METHODS

DIRECTIONS = {"free": "Two leading, one free", "leading": "The three leading"}
HEADINGS = {
    "layer": "The same in a real layer",
    "network": "Does it select the forgotten, in this network?",
}


def real_layer(found: geometry.Subspaces, titles: dict[str, str]) -> str:
    """One layer of the network, held in the same way; returns its name."""
    names = {f"{i + 1}": layer for i, layer in enumerate(titles)}
    last = list(names)[-1]
    left, right = st.columns([3, 2])
    link_choices.read("layer", names, last)
    left.segmented_control(
        "Layer",
        list(names),
        required=True,
        key="layer",
        on_change=link_choices.write,
        args=("layer", last),
    )
    layer = names[st.session_state["layer"]]
    title, view = layer_name(titles[layer]).lower(), found.views.get(layer)
    if view is None:
        st.info(f"The inputs of {title} cannot be drawn: the network calls it in another way.")
        return layer
    leading = not explainer.has_free(view)
    if leading:
        right.caption(f"The cut of this run keeps every direction of {title}.")
    else:
        leading = _choose_directions(right)
    data = explainer.layer_data(view, title, leading, pictures.page_look())
    if data is None:
        st.info(f"{title.capitalize()} has fewer than three directions to draw.")
        return layer
    st.markdown(explainer.layer_sentence(view, title, _unit(layer, view, titles)))
    mount("explainer", EXPLAINER, data, "layer")
    st.caption(
        "Behind each direction: the share of the retained / of the forgotten samples' energy along "
        f"it. One input vector each of {(~view.forgotten).sum()} retained and "
        f"{view.forgotten.sum()} forgotten training samples; a convolution's vectors are patches. "
        "Outputs are those of one row of the weights, without its bias."
    )
    return layer


def _choose_directions(place: Any) -> bool:
    """Whether the three leading directions are shown."""
    link_choices.read("directions", DIRECTIONS, "free")
    place.segmented_control(
        "Directions",
        list(DIRECTIONS),
        required=True,
        key="directions",
        format_func=DIRECTIONS.__getitem__,
        on_change=link_choices.write,
        args=("directions", "free"),
        help="The leading directions hold the most energy of the retained samples. The free one "
        "is that along which the forgotten samples have most energy.",
    )
    return st.session_state["directions"] == "leading"


def _unit(layer: str, view: Any, titles: dict[str, str]) -> str:
    """What the row of weights computes."""
    unit, forget = int(view.unit[0]), experiment.config.forget_classes
    if layer == list(titles)[-1] and forget and unit == forget[0]:
        return f"the logit of {experiment.dataset.class_names[unit]}"
    return f"output {unit + 1}"


def network(
    spectra: Eigenvalues, found: geometry.Subspaces, titles: dict[str, str], layer: str
) -> None:
    """Every layer at once, and one in detail."""
    look, config = pictures.page_look(), experiment.config
    cut_at, gamma = settings(config).joint_cuts(spectra), settings(config).energy_threshold
    whose = "the cut of this run"
    if not METHODS[config.method].uses_energy_threshold:
        whose = f"UNSC's cut at γ = {gamma:g}, which this run does not make"
    elif config.subspace == "merge":
        whose = f"a cut of all classes together at γ = {gamma:g}; this run merges those of each"
    every = reach.layers(titles, spectra, found, cut_at, look)
    one = reach.one_layer(layer, titles[layer], spectra, found, cut_at[layer], look)
    left, right = st.columns([3, 2])
    with left:
        pictures.draw(every, "reach-layers", sentence=False)
        st.caption(
            "Free: share of the layer's directions that a cut at γ leaves free. Moved: the output "
            "of retained test samples, by this layer's own change, root mean square. "
            f"{reach.DRAWN}"
        )
    with right:
        pictures.draw(one, "reach-layer", sentence=False)
        st.caption(
            f"The mark is {whose}; a higher γ moves it to the left. Above the grey line, the "
            "forgotten samples are reached more than the rest."
        )
    st.markdown(every.sentence)
    st.markdown(
        "**Energy is not information.** A share of energy says how far weights can move the "
        "outputs, not what the outputs are used for. The best directions are the eigenvectors of "
        "the forgotten samples' second moment minus a multiple of the retained samples' (each "
        "divided by its trace) with positive eigenvalues: no other orthonormal directions reach "
        "more for the same energy let through. UNSC does not use them; *Selective directions*, a "
        "method of this project, does. A soft projector lets a little through along every "
        "direction."
    )
    pictures.downloads({"reach-layers": every, "reach-layer": one})
    page_links.link("null_space", "See the spectra, the angles and the movement of every layer")


def neighbours() -> None:
    """Other uses of the same idea."""
    st.header("The same idea elsewhere")
    for column, one in zip(st.columns(len(NEIGHBOURS)), NEIGHBOURS, strict=True):
        with column.container(border=True):
            st.image(sketch(one, pictures.page_look()), width="stretch")
            st.markdown(f"**{one.title}** · {one.source}\n\n{one.text}")


header.title("The null space, explained", "Null space", "Energy", "γ", "Second moments", "Logits")
experiment = controls.experiment()
mount("explainer", EXPLAINER, explainer.toy_data(pictures.page_look()), "toy")
st.header(HEADINGS["layer"])
experiment, result = jobs.result_or_before(experiment)
header.shown(experiment, result)
spectra, subspaces = cache.spectra(experiment.config), cache.subspaces(experiment.config)
if spectra is None or subspaces is None:
    key = geometry.key(experiment.config, experiment.dataset)
    jobs.show("subspaces", key, experiment.config, "Looking into the layers")
else:
    layer_titles = {layer: f"Layer {i + 1}" for i, layer in enumerate(spectra)}
    shown = real_layer(subspaces, layer_titles)
    st.header(HEADINGS["network"])
    network(spectra, subspaces, layer_titles, shown)
neighbours()
