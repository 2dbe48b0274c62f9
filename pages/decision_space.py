"""Decision space: where every sample lies before and after, on one map."""

from typing import Any

import numpy as np
import streamlit as st

from pages.shared import cache, controls, gallery, header, jobs, linked, show, state
from pages.shared.addresses import MAX_IDS
from unsc_core.analysis import maps
from unsc_core.analysis.replay import epochs_key
from unsc_core.figures.decision_space import PARTS, ranges, space
from unsc_core.figures.epochs import animated
from unsc_core.figures.logits import logits

FILTERS = {
    "All": "every shown sample",
    "Forget": "what is to be forgotten",
    "Correctly forgotten": "to be forgotten, and no longer answered so",
    "Not forgotten": "to be forgotten, but still answered so",
    "Over-forgotten": "retained, right before, wrong after",
}
SAMPLES = {"Test": "test", "Training": "train"}
CHOOSE = ("Lasso", "Click")
MAX_CARDS = 24


def filter_text(name: str) -> str:
    """A filter with its meaning."""
    return f"{name}: {FILTERS[name]}"


def legend(place: Any, text: str) -> None:
    """What the points are; how far to trust the map takes a moment, so the maps are drawn first."""
    trust = cache.trustworthiness(kind, part, result.key, result, positions["original"])
    place.caption(
        f":red[**×**] {chosen.forgotten} (to forget){text} · {len(rows):,} {PARTS[part]} samples · map trustworthiness {trust:.2f}"
    )


def over_time() -> None:
    """The map, epoch by epoch."""
    recorded = cache.epochs(chosen.config)
    if recorded is None:
        jobs.wait_for(
            "epochs",
            epochs_key(chosen.config, chosen.dataset),
            chosen.config,
            "Recording what happens after each epoch",
        )
        return
    about = st.empty()
    labels = [str(epoch) for epoch in recorded.epoch]
    state.note_impossible("epoch", labels)
    asked = st.query_params.get("epoch")
    begin = labels.index(asked) if asked in labels else 0
    placed = cache.epoch_positions(kind, result.key, result, recorded)
    picture = animated(result, recorded, placed, ranges(positions), show.mode(), begin)
    show.picture(picture, "epochs")
    legend(about, ", with each sample's whole way · **●** retained")
    linked.epochs()
    show.downloads({"epochs": picture})


def before_and_after() -> None:
    """One panel a model; what is chosen in any of them is shown below."""
    state.note_impossible("choose", CHOOSE)
    left, middle, right = st.columns([4, 2, 3], vertical_alignment="bottom")
    state.note_impossible("show", map(filter_text, FILTERS))
    filter_name = left.selectbox(
        "Show", list(FILTERS), key="show", bind="query-params", format_func=filter_text
    )
    lasso = (
        middle.segmented_control(
            "Choose by", CHOOSE, default=CHOOSE[0], required=True, key="choose", bind="query-params"
        )
        == CHOOSE[0]
    )
    paths = right.toggle(
        "Draw the path of each sample to forget", value=True, key="paths", bind="query-params"
    )
    visible = shown_by(filter_name)
    if not visible.any():
        st.info(
            f"No sample is {filter_name.lower()} here: {FILTERS[filter_name]}.",
            icon=":material/check_circle:",
        )
        return
    about = st.empty()
    placed, window = {model: p[visible] for model, p in positions.items()}, ranges(positions)
    pictures = {
        model: space(
            result,
            model,
            placed,
            rows[visible],
            show.mode(),
            paths=paths and model != "original",
            window=window,
            part=part,
        )
        for model in positions
    }
    selected: list[int] = []
    for column, (model, picture) in zip(st.columns(len(pictures)), pictures.items(), strict=True):
        with column:
            event = show.picture(picture, f"space-{model}-{part}", selectable=True, lasso=lasso)
            selected += [
                point["customdata"]
                for point in event.selection.points
                if point.get("customdata") is not None
            ]
    choosing = "drag a lasso around some" if lasso else "click one, with shift more,"
    legend(
        about,
        f" · **●** retained, each class named at its middle · {int(visible.sum()):,} shown · {choosing} to see images",
    )
    show.downloads(pictures)
    samples = (
        np.unique([row[0] if isinstance(row, list) else row for row in selected]).astype(int)
        if selected
        else picked()
    )
    keep_picked(samples)
    if len(samples):
        chosen_ones(samples)


def picked() -> np.ndarray:
    """The samples that the link chose; once samples were chosen here, it is what is chosen here that counts."""
    asked = st.query_params.get("picked", "")
    if not asked or st.session_state.get("picked_here"):
        return np.array([], int)
    try:
        samples = np.unique([int(row) for row in asked.split(",")])
    except ValueError:
        samples = np.array([-1])
    if len(samples) > MAX_IDS or not np.isin(samples, rows).all():
        state.note(
            f"The link says picked = '{asked[:40]}', which are not among the shown samples; none is chosen."
        )
        return np.array([], int)
    return samples


def keep_picked(samples: np.ndarray) -> None:
    """Have the link choose these samples."""
    if 0 < len(samples) <= MAX_IDS:
        if st.query_params.get("picked") != (text := ",".join(map(str, samples))):
            st.query_params["picked"] = text
            st.session_state["picked_here"] = True
    elif "picked" in st.query_params:
        del st.query_params["picked"]


def shown_by(filter_name: str) -> np.ndarray:
    """(n,) which of the shown samples a filter lets through."""
    labels, leaves = chosen.dataset.labels(part)[rows], result.split.is_forgotten(part)[rows]
    before, after = (
        answers.of(part)[rows].argmax(1) for answers in (result.original, result.unlearned)
    )
    forgotten = (
        after != labels if result.split.forget_ids else ~np.isin(after, result.split.forget_classes)
    )
    return {
        "All": np.ones(len(rows), bool),
        "Forget": leaves,
        "Correctly forgotten": leaves & forgotten,
        "Not forgotten": leaves & ~forgotten,
        "Over-forgotten": ~leaves & (before == labels) & (after != labels),
    }[filter_name]


def chosen_ones(samples: np.ndarray) -> None:
    """The chosen samples' images and answers; training samples can be forgotten, exactly these."""
    heading, button = st.columns([3, 2], vertical_alignment="bottom")
    heading.header(f"{len(samples)} chosen")
    if part == "test":
        button.caption(
            "To forget chosen samples, choose them among the *Training* samples: only what was learned can be forgotten."
        )
    elif state.lesson().fixed("forget"):
        pass
    elif len(samples) > MAX_IDS:
        button.caption(
            f"At most {MAX_IDS} samples can be forgotten together here; draw a smaller lasso."
        )
    elif button.button(
        "Forget exactly these", type="primary", icon=":material/ink_eraser:", width="stretch"
    ):
        state.choose(ids=tuple(int(i) for i in samples), edits=())
        st.rerun()
    picture = logits(result, samples, part, show.mode())
    show.picture(picture, f"logits-{part}")
    gallery.answers(result, samples[:MAX_CARDS], part)
    if len(samples) > MAX_CARDS:
        st.caption(f"The first {MAX_CARDS} of {len(samples)} are pictured.")


st.title("Decision space")
chosen = controls.experiment()
st.markdown(
    "Each point is an image, placed by its **logits**. The map is fitted once, on the original; the other models are drawn into it."
)
result = jobs.result(chosen)
header.strip(chosen, result)

views = ["Before and after", "Epoch by epoch"]
for name, options in (
    ("space", views),
    ("map", ["UMAP", "PCA"]),
    ("samples", SAMPLES),
    ("paths", ("true", "false")),
):
    state.note_impossible(name, options)
left, middle, right = st.columns([3, 2, 2], vertical_alignment="bottom")
view = left.segmented_control(
    "View", views, default=views[0], required=True, key="space", bind="query-params"
)
kind = middle.segmented_control(
    "Map",
    ["UMAP", "PCA"],
    default="UMAP",
    required=True,
    key="map",
    bind="query-params",
    help="UMAP: who is whose neighbour. PCA: the plane in which the original's logits spread most.",
)
part = result.split.measured_part
if view == views[0] and not result.split.forget_ids:
    part = SAMPLES[
        right.segmented_control(
            "Samples",
            list(SAMPLES),
            default="Test",
            required=True,
            key="samples",
            bind="query-params",
        )
    ]
if not (result.original.has(part) and result.unlearned.has(part)):
    st.info(
        "The answers on the training set are still being computed.", icon=":material/hourglass_top:"
    )
    st.stop()

rows = maps.shown(result.split, part)
if kind == "UMAP" and not cache.has_umap(chosen.config):
    key = maps.umap_key(chosen.config, chosen.dataset)
    jobs.wait_for(
        "embedding", key, chosen.config, "Drawing the map with UMAP; PCA is shown meanwhile"
    )
    kind = "PCA"
positions = cache.positions(kind, result, part)
if view == views[1]:
    over_time()
else:
    before_and_after()
