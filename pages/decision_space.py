"""Decision space: every sample before and after unlearning, on one map."""

from typing import Any

import numpy as np
import streamlit as st

from pages.shared import (
    cache,
    controls,
    explorer,
    header,
    jobs,
    link_choices,
    link_notes,
    pictures,
    selection,
    selection_line,
)
from pages.shared.components import linked
from unsc_core.analysis import maps
from unsc_core.analysis.replay import epochs_key
from unsc_core.analysis.selection import OUTCOMES, outcomes
from unsc_core.figures.decision_space import PARTS, ranges, sentence
from unsc_core.figures.epochs import animated
from unsc_core.figures.explorer import OUTCOME_NAMES, outcome_words, placed_numbers
from unsc_core.figures.logits import logits

FILTERS = {"All": "every sample"} | {OUTCOME_NAMES[key]: OUTCOMES[key] for key in OUTCOMES}
MAPS = ("UMAP", "PCA")
VIEWS = ("Before and after", "Epoch by epoch")
HINT = (
    "Point at a sample to see its image and its place on every map. Click it, draw a lasso or "
    "choose a class to select samples, here and on every page."
)


def filter_text(name: str) -> str:
    """A filter with its meaning."""
    return ": ".join(words_of(name))


def words_of(name: str) -> tuple[str, str]:
    """A filter's name on the page, and its meaning."""
    key = next((key for key, one in OUTCOME_NAMES.items() if one == name), None)
    return (name, FILTERS[name]) if key is None else outcome_words(result.split)[key]


def legend(place: Any, count: int, *parts: str) -> None:
    """What the points are. Trustworthiness takes a moment, so the maps are drawn first."""
    fitted = cache.positions(kind, result, part)["original"]
    trust = cache.trustworthiness(kind, part, result.key, result, fitted)
    marks = (f":orange[**×**] {experiment.request}, to be forgotten", "**●** retained", *parts)
    about = (f"{count:,} {PARTS[part]} samples", f"map trustworthiness {trust:.2f}")
    place.caption(" · ".join((*marks, *about)))
    st.caption(
        "The map is fitted once, to the original model; the other models are drawn into the same "
        "map."
    )


def over_time() -> None:
    """The map, epoch by epoch."""
    recorded = cache.epochs(experiment.config)
    if recorded is None:
        key = epochs_key(experiment.config, experiment.dataset)
        jobs.show("epochs", key, experiment.config, "Recording the model after every epoch")
        return
    about = st.empty()
    labels = [str(epoch) for epoch in recorded.epoch]
    link_notes.check("epoch", labels)
    wanted = st.query_params.get("epoch")
    start = labels.index(wanted) if wanted in labels else 0
    placed = cache.epoch_positions(kind, result.key, result, recorded)
    window = ranges(cache.positions(kind, result, part))
    picked = selection.current(result)
    chosen = np.intersect1d(picked.of(part), recorded.rows)
    look = pictures.page_look()
    selection_line.draw(picked, part, len(chosen), "ringed on this map")
    picture = animated(result, recorded, placed, window, look, start, chosen)
    pictures.draw(picture, "epochs")
    legend(about, len(recorded.rows), "lines: paths of the forgotten samples over all epochs")
    linked.epochs()
    pictures.downloads({"epochs": picture})


def before_and_after() -> None:
    """One map for each model, with the selected samples in a drawer beside them."""
    explored = cache.explored(kind, result, part)
    key = next((key for key, name in OUTCOME_NAMES.items() if name == filter_name), None)
    count = len(explored.rows)
    if key is not None:
        count = int(outcomes(result, part)[key][explored.rows].sum())
    if not count:
        title, meaning = words_of(filter_name)
        st.info(f"No sample is “{title}” ({meaning}).", icon=":material/check_circle:")
        return
    settings = {
        "paths": paths,
        "show": None if key is None else [["outcome", key]],
        "file": f"space-{part}",
    }
    explorer.maps(result, kind, part, settings, HINT)
    about = st.empty()
    st.markdown(" ".join(filter(None, (sentence(result, model, part) for model in result.models))))
    picked = selection.current(result).of(part)
    drawn = {}
    if len(picked):
        drawn[f"logits-{part}"] = logits(result, picked, part, pictures.page_look())
        pictures.draw(drawn[f"logits-{part}"], f"logits-{part}")
    legend(about, count)
    numbers = {
        f"space-{model}-{part}": placed_numbers(result, model, placed, explored.rows, part)
        for model, placed in explored.positions.items()
    }
    pictures.downloads({**numbers, **drawn})


def choose_filter(place: Any) -> str:
    """Which points to show; kept in the link."""
    name, colon, _ = st.query_params.get("show", "").partition(":")
    if colon and name in FILTERS:  # an older link, with the meaning too
        st.query_params["show"] = name
    link_choices.read("show", FILTERS, "All")
    return place.selectbox(
        "Show",
        list(FILTERS),
        key="show",
        format_func=filter_text,
        on_change=link_choices.write,
        args=("show", "All"),
    )


header.title(
    "Decision space",
    *header.TERMS,
    "Features",
    "Trustworthiness",
    about="Each point is a sample, placed by its **logits**.",
)
experiment = controls.experiment()
experiment, result = jobs.result_or_before(experiment)
header.strip(experiment, result)

link_notes.check("space", VIEWS)
link_notes.check("map", MAPS)
link_notes.check("paths", ("true", "false"))
row = header.row("view")
view = row.segmented_control(
    "View", VIEWS, default=VIEWS[0], required=True, key="space", bind="query-params"
)
kind = row.segmented_control(
    "Map",
    MAPS,
    default="UMAP",
    required=True,
    key="map",
    bind="query-params",
    help="UMAP keeps neighbours together. PCA shows the plane in which the logits of the original "
    "model spread most.",
)
part, filter_name, paths = result.split.measured_part, "All", True
if view == VIEWS[0]:
    if not result.split.forget_ids:
        part = selection.choose_part(row)
    filter_name = choose_filter(row.container(width=200))
    paths = row.toggle("Paths of forgotten", value=True, key="paths", bind="query-params")
jobs.stop_until_predicted(result, part)

if kind == "UMAP" and not cache.has_umap(experiment.config):
    key = maps.umap_key(experiment.config, experiment.dataset)
    jobs.show("embedding", key, experiment.config, "Fitting UMAP; until then the map is PCA")
    kind = "PCA"
if view == VIEWS[1]:
    over_time()
else:
    before_and_after()
