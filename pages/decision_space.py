"""Decision space: where every test sample lies before and after, on one map."""

import numpy as np
import streamlit as st

from pages.shared import cache, controls, gallery, header, jobs, show
from unsc_core import embedding
from unsc_core.epochs import epochs_key
from unsc_core.figures.decision_space import ranges, space
from unsc_core.figures.epochs import animated

FILTERS = {
    "All": "every shown sample",
    "Forget": "samples of the forgotten classes",
    "Correctly forgotten": "forgotten, and no longer answered with a forgotten class",
    "Not forgotten": "to be forgotten, but still answered with a forgotten class",
    "Over-forgotten": "retained, right before, wrong after",
}

st.title("Decision space")
chosen = controls.experiment()
st.markdown("Each point is a test image, placed by its **logits**. The map is fitted once, on the original; the other models are drawn into it.")
result = jobs.result(chosen)
header.strip(chosen, result)

views = ["Before and after", "Epoch by epoch"]
left, middle, right = st.columns([3, 2, 4], vertical_alignment="bottom")
view = left.segmented_control("View", views, default=views[0], required=True, key="space", bind="query-params")
kind = middle.segmented_control(
    "Map", ["UMAP", "PCA"], default="UMAP", required=True, key="map", bind="query-params",
    help="UMAP: who is whose neighbour. PCA: the plane in which the original's logits spread most.",
)  # fmt: skip

rows = embedding.sample(chosen.dataset)
models = tuple(result.models)
if kind == "UMAP" and not cache.has_umap(chosen.config):
    key = embedding.umap_key(chosen.config, chosen.dataset)
    jobs.wait_for("embedding", key, chosen.config, "Drawing the map with UMAP; PCA is shown meanwhile")
    kind = "PCA"
positions = cache.positions(kind, result.key, models, result)

neighbours = cache.trustworthiness(kind, result.key, result, positions["original"])
about_map = f"{len(rows):,} test samples · map trustworthiness {neighbours:.2f}"

if view == "Epoch by epoch":
    recorded = cache.epochs(chosen.config)
    if recorded is None:
        jobs.wait_for("epochs", epochs_key(chosen.config, chosen.dataset), chosen.config, "Recording what happens after each epoch")
        st.stop()
    st.caption(f":red[**×**] {', '.join(chosen.forget_names)} (to forget), with each sample's whole way · **●** retained classes · {about_map}")
    picture = animated(result, recorded, cache.epoch_positions(kind, result.key, result, recorded), ranges(positions), show.mode())
    show.picture(picture, "epochs")
    show.downloads({"epochs": picture})
    st.stop()

filter_name = right.selectbox("Show", list(FILTERS), key="show", bind="query-params", format_func=lambda n: f"{n}: {FILTERS[n]}")
paths = st.toggle("Draw each forgotten sample's path from its old place", value=True, key="paths", bind="query-params")
labels = chosen.dataset.y_test[rows]
before, after = (answers.test[rows].argmax(1) for answers in (result.original, result.unlearned))
of_forget = np.isin(labels, chosen.config.forget_classes)
forgotten = ~np.isin(after, chosen.config.forget_classes)
shown = {
    "All": np.ones(len(rows), bool),
    "Forget": of_forget,
    "Correctly forgotten": of_forget & forgotten,
    "Not forgotten": of_forget & ~forgotten,
    "Over-forgotten": ~of_forget & (before == labels) & (after != labels),
}[filter_name]

if not shown.any():
    st.info(f"No sample is {filter_name.lower()} here: {FILTERS[filter_name]}.", icon=":material/check_circle:")
    st.stop()

st.caption(
    f":red[**×**] {', '.join(chosen.forget_names)} (to forget) · **●** retained classes, named at their middle · {int(shown.sum()):,} shown · "
    f"drag a lasso or click to see images · {about_map}"
)
pictures = {
    name: space(
        result,
        name,
        {m: p[shown] for m, p in positions.items()},
        rows[shown],
        show.mode(),
        paths=paths and name != "original",
        window=ranges(positions),
    )
    for name in models
}
selected: list[int] = []
for column, (name, item) in zip(st.columns(len(pictures)), pictures.items(), strict=True):
    with column:
        event = show.picture(item, f"space-{name}", selectable=True)
        selected += [point["customdata"] for point in event.selection.points if point.get("customdata") is not None]
show.downloads(pictures)

if selected:
    flat = np.unique([row[0] if isinstance(row, list) else row for row in selected]).astype(int)
    st.subheader(f"{len(flat)} chosen")
    gallery.answers(result, flat[:24])
