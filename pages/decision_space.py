"""Decision space: every sample before and after unlearning, on one map."""

from typing import Any

import numpy as np
import streamlit as st

from pages.shared import (
    before,
    cache,
    controls,
    gallery,
    header,
    jobs,
    lesson,
    link_choices,
    link_notes,
    pictures,
    state,
)
from pages.shared.addresses import MAX_IDS
from pages.shared.components import linked
from unsc_core.analysis import maps
from unsc_core.analysis.replay import epochs_key
from unsc_core.figures.decision_space import PARTS, ranges, space
from unsc_core.figures.epochs import animated
from unsc_core.figures.logits import logits

FILTERS = {
    "All": "every shown sample",
    "Forget": "what is to be forgotten",
    "Correctly forgotten": "to be forgotten, and not predicted as such",
    "Not forgotten": "to be forgotten, but predicted as such",
    "Over-forgotten": "retained, right before, wrong after",
}
SAMPLES = {"Test": "test", "Training": "train"}
SELECT = ("Lasso", "Click")
MAPS = ("UMAP", "PCA")
VIEWS = ("Before and after", "Epoch by epoch")
WIDTHS = [3, 2, 2]  # of the columns in both rows of controls
MAX_CARDS = 24


def filter_text(name: str) -> str:
    """A filter with its meaning."""
    return f"{name}: {FILTERS[name]}"


def legend(place: Any, *parts: str, shown: int | None = None) -> None:
    """What the points are. Trustworthiness takes a moment, so the maps are drawn first."""
    trust = cache.trustworthiness(kind, part, result.key, result, positions["original"])
    count = f"{len(rows):,}" if shown in (None, len(rows)) else f"{shown:,} of {len(rows):,}"
    marks = (f":red[**×**] {experiment.request}, to be forgotten", "**●** retained", *parts)
    about = (f"{count} {PARTS[part]} samples", f"map trustworthiness {trust:.2f}")
    place.caption(" · ".join((*marks, *about)))


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
    picture = animated(result, recorded, placed, ranges(positions), pictures.page_look(), start)
    pictures.draw(picture, "epochs")
    legend(about, "lines: paths of the forgotten samples over all epochs")
    linked.epochs()
    pictures.downloads({"epochs": picture})


def before_and_after() -> None:
    """One map for each model; samples selected in any of them are shown below."""
    filter_name, lasso, paths = map_controls()
    visible = passes(filter_name)
    if not visible.any():
        st.info(
            f"No shown sample is “{filter_name}” ({FILTERS[filter_name]}).",
            icon=":material/check_circle:",
        )
        return
    about = st.empty()
    placed = {model: points[visible] for model, points in positions.items()}
    look, window, some = pictures.page_look(), ranges(positions), rows[visible]
    drawn = {
        model: space(result, model, placed, some, look, paths=paths, window=window, part=part)
        for model in positions
    }
    selected: list[Any] = []
    for column, (model, picture) in zip(st.columns(len(drawn)), drawn.items(), strict=True):
        with column:
            name = f"space-{model}-{part}"
            event = pictures.draw(picture, name, selectable=True, lasso=lasso)
            points = event.selection.points
            selected += [point["customdata"] for point in points if "customdata" in point]
    how = "draw a lasso around points" if lasso else "click a point, with Shift for more,"
    legend(about, f"{how} to see their images", shown=int(visible.sum()))
    pictures.downloads(drawn)
    ids = [one[0] if isinstance(one, list) else one for one in selected if one is not None]
    samples = np.unique(ids).astype(int) if ids else samples_in_link()
    keep_in_link(samples)
    if len(samples):
        selected_samples(samples)


def map_controls() -> tuple[str, bool, bool]:
    """Filter, whether a lasso selects, and whether paths are drawn."""
    link_notes.check("choose", SELECT)
    left, middle, right = st.columns(WIDTHS, vertical_alignment="top")
    filter_name = choose_filter(left)
    select = middle.segmented_control(
        "Select by", SELECT, default="Lasso", required=True, key="choose", bind="query-params"
    )
    paths = right.toggle(
        "Show the paths of forgotten samples", value=True, key="paths", bind="query-params"
    )
    return filter_name, select == "Lasso", paths


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


def samples_in_link() -> np.ndarray:
    """The samples in the link, unless others were selected here since it was opened."""
    text = st.query_params.get("picked", "")
    if not text or st.session_state.get("selected_here"):
        return np.array([], int)
    try:
        samples = np.unique([int(row) for row in text.split(",")])
    except ValueError:
        samples = np.array([-1])
    if len(samples) > MAX_IDS or not np.isin(samples, rows).all():
        link_notes.add(
            f"The link says picked = '{text[:40]}', but not all of these samples are shown; "
            "none is selected."
        )
        return np.array([], int)
    return samples


def keep_in_link(samples: np.ndarray) -> None:
    """Put the selected samples into the link."""
    if 0 < len(samples) <= MAX_IDS:
        if st.query_params.get("picked") != (text := ",".join(map(str, samples))):
            st.query_params["picked"] = text
            st.session_state["selected_here"] = True
    elif "picked" in st.query_params:
        del st.query_params["picked"]


def passes(filter_name: str) -> np.ndarray:
    """(n,) which of the shown samples pass a filter."""
    labels, to_forget = experiment.dataset.labels(part)[rows], result.split.is_forgotten(part)[rows]
    before, after = (
        model.of(part)[rows].argmax(1) for model in (result.original, result.unlearned)
    )
    if result.split.forget_ids:
        forgotten = after != labels
    else:
        forgotten = ~np.isin(after, result.split.forget_classes)
    return {
        "All": np.ones(len(rows), bool),
        "Forget": to_forget,
        "Correctly forgotten": to_forget & forgotten,
        "Not forgotten": to_forget & ~forgotten,
        "Over-forgotten": ~to_forget & (before == labels) & (after != labels),
    }[filter_name]


def selected_samples(samples: np.ndarray) -> None:
    """Images and predictions of the selected samples, and a button to forget exactly these."""
    heading, button = st.columns([3, 2], vertical_alignment="bottom")
    heading.header(f"{len(samples)} selected")
    forget_button(button, samples)
    picture = logits(result, samples, part, pictures.page_look())
    pictures.draw(picture, f"logits-{part}")
    gallery.predictions(result, samples[:MAX_CARDS], part)
    if len(samples) > MAX_CARDS:
        st.caption(f"Images of the first {MAX_CARDS} of {len(samples)} samples.")


def forget_button(place: Any, samples: np.ndarray) -> None:
    """A button to forget these samples, or why there is none."""
    if part == "test":
        place.caption(
            "To forget single samples, select them among the *Training* samples: a model can only "
            "forget what it was trained on."
        )
    elif lesson.current().fixed("forget") or before.is_shown():
        return
    elif len(samples) > MAX_IDS:
        place.caption(f"At most {MAX_IDS} samples can be forgotten together. Select fewer.")
    elif place.button(
        "Forget exactly these", type="primary", icon=":material/ink_eraser:", width="stretch"
    ):
        state.change(ids=tuple(int(i) for i in samples), edits=())
        st.rerun()


header.title("Decision space", *header.TERMS, "Trustworthiness")
experiment = controls.experiment()
st.markdown(
    "Each point is an image, placed by its **logits**. The map is fitted once, to the original "
    "model; the other models are drawn into the same map."
)
experiment, result = jobs.result_or_before(experiment)
header.strip(experiment, result)

link_notes.check("space", VIEWS)
link_notes.check("map", MAPS)
link_notes.check("samples", SAMPLES)
link_notes.check("paths", ("true", "false"))
left, middle, right = st.columns(WIDTHS, vertical_alignment="top")
view = left.segmented_control(
    "View", VIEWS, default=VIEWS[0], required=True, key="space", bind="query-params"
)
kind = middle.segmented_control(
    "Map",
    MAPS,
    default="UMAP",
    required=True,
    key="map",
    bind="query-params",
    help="UMAP keeps neighbours together. PCA shows the plane in which the logits of the original "
    "model spread most.",
)
part = result.split.measured_part
if view == VIEWS[0] and not result.split.forget_ids:
    samples = right.segmented_control(
        "Samples", list(SAMPLES), default="Test", required=True, key="samples", bind="query-params"
    )
    part = SAMPLES[samples]
jobs.stop_until_predicted(result, part)

rows = maps.shown(result.split, part)
if kind == "UMAP" and not cache.has_umap(experiment.config):
    key = maps.umap_key(experiment.config, experiment.dataset)
    jobs.show("embedding", key, experiment.config, "Fitting UMAP; until then the map is PCA")
    kind = "PCA"
positions = cache.positions(kind, result, part)
if view == VIEWS[1]:
    over_time()
else:
    before_and_after()
