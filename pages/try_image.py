"""Try an image: what four models answer for one image, and how close those answers are."""

import hashlib
from typing import Any

import numpy as np
import streamlit as st

from pages.shared import (
    cache,
    controls,
    header,
    image_cards,
    image_source,
    jobs,
    link_notes,
    pictures,
    refusal,
)
from pages.shared.image_source import Tried
from pages.shared.state import ResolvedExperiment
from unsc_core.analysis.answers import Answer, answers
from unsc_core.analysis.maps import read_umap
from unsc_core.analysis.nearest import MODELS_COMPARED, compared, features_key, nearest
from unsc_core.errors import UnscError
from unsc_core.figures.answers import answer_bars
from unsc_core.figures.change_words import change_sentence, neighbour_sentence
from unsc_core.figures.image_map import image_map, image_positions
from unsc_core.figures.phrases import run_title

MAPS = ("UMAP", "PCA")
NEIGHBOURS = 8
TERMS = ("Mask", "Retrained model", "Margin of an answer", "Logits", "Features", "Pseudo-label")


@st.fragment
def trial() -> None:
    """The image and everything about it; only this part is drawn again when the image changes."""
    try:
        draw_trial()
    except UnscError as error:
        refusal.show(error)


def draw_trial() -> None:
    """The image, the answers, how close they are, and what the image resembles."""
    row = header.row("image")
    left, right = st.columns([1, 2], gap="large")
    tried = image_source.choose(result, row, left)
    with left:
        st.markdown(image_source.true_class(tried, result))
        image_cards.seen(tried)
        if tried.notes:
            st.caption(" ".join(tried.notes))
    logits = logits_of(tried)
    found = answers(logits, result.split.forget_classes)
    bars = answer_bars(found, result.split, title, look)
    with right:
        pictures.draw(bars, "answers")
        st.caption(
            "Numbers at the bars: probability in percent. **Margin**: the highest probability "
            "minus the next, in points."
        )
        if "retrained" not in logits:
            st.caption("The network retrained from scratch is still being trained.")
        pictures.downloads({"answers": bars})
    st.header("How close are these answers?")
    left, right = st.columns(2, gap="large")
    with left:
        on_the_map(tried, logits)
    with right:
        to_change(tried, found)
    st.header("Nearest training images", help=NEAREST_HELP)
    neighbours(tried)


def stop_without_images(experiment: ResolvedExperiment) -> None:
    """Stop the page with a sentence if the samples are no images."""
    if not experiment.dataset.is_images:
        st.info(
            "The samples of this dataset are points in a plane, not images. Choose a dataset of "
            "images in the sidebar, or move points in the *2-D lab*.",
            icon=":material/image_not_supported:",
        )
        st.stop()


NEAREST_HELP = (
    "By the cosine of the features, the inputs of the last layer, in each network. × marks those "
    "to be forgotten."
)


def logits_of(tried: Tried) -> dict[str, np.ndarray]:
    """Model -> logits (classes,): the stored ones of a sample, else computed now."""
    part, row = tried.part, tried.row
    models = result.models
    if part is not None and all(one.has(part) for one in models.values()):
        return {name: one.of(part)[row] for name, one in models.items()}
    return cache.networks(experiment.config).logits(tried.sample)


def on_the_map(tried: Tried, logits: dict[str, np.ndarray]) -> None:
    """The map of the decision space with this image."""
    link_notes.check("map", MAPS)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("#### Where it falls on the map", width="content")
        kind = st.segmented_control(
            "Map",
            MAPS,
            default=MAPS[0],
            required=True,
            key="map",
            bind="query-params",
            label_visibility="collapsed",
        )
    umap = None
    if kind == "UMAP":
        umap = read_umap(experiment.config, experiment.dataset, cache.store())
    if kind == "UMAP" and umap is None:
        about = (
            "The UMAP of this original has not been fitted yet; the page *Decision space* does "
            "that. Until then, this is the PCA, on which an image has an exact place."
        )
    elif umap is None:
        about = "PCA: the plane in which the original's logits spread most; the place is exact."
    else:
        about = (
            "UMAP gives a new image no exact place: it is put at the weighted mean of its nearest "
            "test images by logits, as the other models' samples are on *Decision space*."
        )
    background = cache.positions("PCA" if umap is None else "UMAP", result)["original"]
    places = image_positions(result, logits, umap)
    pictures.draw(image_map(result, background, places, logits, look, tried.test_row), "image-map")
    st.caption(f"{about} The mask has no logits for what it hides, and so no place.")


def to_change(tried: Tried, found: dict[str, Answer]) -> None:
    """The smallest change found that makes each model answer otherwise."""
    st.markdown("#### What would change the answer")
    with st.spinner("Searching for small changes"):
        changes = changes_of(tried, found)
    images = {model: None if one is None else one.image for model, one in changes.items()}
    sizes = {
        model: None if one is None else (one.norm, one.share) for model, one in changes.items()
    }
    after = {model: one.after for model, one in changes.items() if one is not None}
    told = {
        model: None if one is None else (one.after, one.norm, one.share)
        for model, one in changes.items()
    }
    shown = {model: answer for model, answer in found.items() if model in changes}
    names = experiment.dataset.class_names
    image_cards.changes(tried, images, image_cards.change_texts(told, shown, names), title)
    st.markdown(change_sentence(sizes, after, shown, result.split, title))
    st.caption(
        "The smallest change that DeepFool found, in whole grey levels, checked by running the "
        "network on the changed image; a smaller one may exist. Percentages: the norm of "
        "the change, as a share of the image's norm. Right: the change, amplified on grey."
    )


def changes_of(tried: Tried, found: dict[str, Answer]) -> dict[str, Any]:
    """Model -> the smallest change found; kept until there is another image."""
    name = (result.key, tuple(found), hashlib.sha256(tried.sample.tobytes()).digest())
    kept = st.session_state.get("tried_changes")
    if kept is not None and kept[0] == name:
        return kept[1]
    from unsc_core.analysis.smallest_change import smallest_change  # loads torch

    loaded = cache.networks(experiment.config)
    changes = {}
    for model in found:
        network = loaded.models.get("original" if model == "mask" else model)
        hidden = result.split.forget_classes if model == "mask" else ()
        if network is not None:
            changes[model] = smallest_change(network, loaded.data, tried.sample, hidden)
    st.session_state["tried_changes"] = (name, changes)
    return changes


def neighbours(tried: Tried) -> None:
    """The nearest training images in the features of the original and the unlearned network."""
    features = cache.features(experiment.config)
    if features is None:
        st.caption("They appear here once the features of the training images are computed.")
        return
    rows, loaded = compared(experiment.dataset), cache.networks(experiment.config)
    labels = {}
    for model in MODELS_COMPARED:
        of = loaded.features(model, tried.sample)
        order, cosines = nearest(features[model], of, NEIGHBOURS + 1)
        same = rows[order] == tried.row if tried.part == "train" else np.zeros(len(order), bool)
        near, cosines = rows[order[~same]][:NEIGHBOURS], cosines[~same][:NEIGHBOURS]
        labels[model] = experiment.dataset.y_train[near]
        st.markdown(f"**In the features of {'the original' if model == 'original' else title}**")
        image_cards.neighbours(result.split, near, cosines)
    st.markdown(neighbour_sentence(labels, result.split, title))
    if len(rows) < len(experiment.dataset.y_train):
        st.caption(
            f"Compared with {len(rows):,} of {len(experiment.dataset.y_train):,} training images."
        )


header.title(
    "Try an image", *TERMS, about="One image, several models. Nothing you bring is stored."
)
experiment = controls.experiment()
stop_without_images(experiment)
experiment, result = jobs.result_or_before(experiment)
stop_without_images(experiment)  # what was shown before may be of another dataset
look, title = pictures.page_look(), run_title(result)
header.shown(experiment, result)
trial()
if cache.features(experiment.config) is None:
    key = features_key(experiment.config, experiment.dataset, "unlearned")
    jobs.show("features", key, experiment.config, "Comparing with the training images")
st.header(
    "On the whole test set"
    if result.split.forget_classes
    else "On the test set, and on what is to be forgotten"
)
header.measures(result)
