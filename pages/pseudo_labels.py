"""Pseudo-labels: to which class each forgotten sample goes, and whether a model that never saw it agrees."""

import numpy as np
import streamlit as st

from pages.shared import controls, gallery, header, jobs, show
from unsc_core import evaluation
from unsc_core.figures.flow import flow, label_counts

PER_CLASS = 8

st.title("Pseudo-labels")
chosen = controls.experiment()
st.markdown(
    "UNSC gives each forgotten sample the retained class that the original model found **most similar**, once, before it begins. "
    "The retrained model, which never saw these classes, is the judge."
)
result = jobs.result(chosen)
header.strip(chosen, result)
if result.labels is None:
    st.info("Retraining teaches no labels: choose UNSC, pseudo-labels only or random labels.", icon=":material/info:")
    st.stop()

look = show.mode()
left, right = st.columns([3, 2])
pictures = {"label-counts": label_counts(result, look)}
with left:
    if result.retrained is None or result.retrained.train is None:
        st.info("The flow appears as soon as the retrained model is there; its progress is in the sidebar.", icon=":material/hourglass_top:")
    else:
        pictures["flow"] = flow(result, look)
        show.picture(pictures["flow"], "flow")
with right:
    st.markdown("**Labels taught**")
    show.picture(pictures["label-counts"], "label-counts")

st.subheader("Who went where")
rows = result.split.forget_train()
names = chosen.dataset.class_names
margins = None
if result.original.train is not None:
    margins = evaluation.margins(result.original.train[rows], result.labels, result.split.banned())
    st.caption("Most certain first. The number is the margin: the taught class's logit over the next retained class's, by the original model.")
classes, counts = np.unique(result.labels, return_counts=True)
for label in classes[np.argsort(-counts)]:
    of_label = np.flatnonzero(result.labels == label)
    if margins is not None:
        of_label = of_label[np.argsort(-margins[of_label])]
    of_label = of_label[:PER_CLASS]
    st.markdown(f"**{names[label]}** · {int((result.labels == label).sum()):,} samples")
    texts = [f"{names[chosen.dataset.y_train[rows[i]]]}" + ("" if margins is None else f"<br>margin {margins[i]:.1f}") for i in of_label]
    gallery.cards(chosen.dataset, chosen.dataset.x_train, rows[of_label], texts)
show.downloads(pictures)
