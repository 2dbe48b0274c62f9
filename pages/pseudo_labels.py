"""Pseudo-labels: to which class each forgotten sample goes, and whether a model that never saw it agrees."""

from dataclasses import replace

import numpy as np
import streamlit as st

from pages.shared import cache, controls, gallery, header, jobs, show, state
from unsc_core.analysis import evaluation
from unsc_core.analysis.summary import summary
from unsc_core.experiment.keys import keys
from unsc_core.figures.accuracy import change_per_class
from unsc_core.figures.flow import flow, label_counts
from unsc_core.methods import METHODS

PER_CLASS = 8

st.title("Pseudo-labels")
chosen = controls.experiment()
st.markdown(
    "UNSC gives each forgotten sample the retained class that the original model found **most similar**, once, before it begins. "
    "The retrained model, which never saw what is forgotten, is the judge."
)
result = jobs.result(chosen)
header.strip(chosen, result)
if result.labels is None:
    st.info(
        "This method teaches no labels: choose UNSC, pseudo-labels only or random labels.",
        icon=":material/info:",
    )
    st.stop()

look = show.mode()
names = chosen.dataset.class_names
rows = result.split.forget_train()
edits = chosen.config.edits
left, right = st.columns([3, 2])
pictures = {"label-counts": label_counts(result, look)}
with left:
    if result.retrained is None or result.retrained.train is None:
        st.info(
            "The flow appears as soon as the retrained model is there; its progress is in the sidebar.",
            icon=":material/hourglass_top:",
        )
    else:
        pictures["flow"] = flow(result, look)
        show.picture(pictures["flow"], "flow")
with right:
    st.markdown("**Labels taught**")
    show.picture(pictures["label-counts"], "label-counts")

st.header("Who went where")
margins = None
if result.original.train is not None:
    margins = evaluation.margins(result.original.train[rows], result.labels, result.split.banned())
    st.caption(
        "Largest margin first. The number is the margin: the taught class's logit over the next retained class's, by the original model."
    )
classes, counts = np.unique(result.labels, return_counts=True)
shown: list[int] = []
for label in classes[np.argsort(-counts)]:
    of_label = np.flatnonzero(result.labels == label)
    if margins is not None:
        of_label = of_label[np.argsort(-margins[of_label])]
    of_label = of_label[:PER_CLASS]
    shown += [int(row) for row in rows[of_label]]
    st.markdown(f"**{names[label]}** · {int((result.labels == label).sum()):,} samples")
    texts = [
        f"{names[chosen.dataset.y_train[rows[i]]]} #{rows[i]}"
        + ("" if margins is None else f"<br>margin {margins[i]:.1f}")
        for i in of_label
    ]
    gallery.cards(chosen.dataset, chosen.dataset.x_train, rows[of_label], texts)


def edit() -> None:
    """Send a whole flow, or single samples, elsewhere, and run again."""
    stay = [c for c in range(chosen.dataset.num_classes) if c not in chosen.config.forget_classes]
    with st.form("edit", border=True):
        left, right = st.columns(2)
        source = left.selectbox(
            "Samples with the pseudo-label",
            [int(c) for c in classes],
            format_func=lambda c: names[c],
            index=None,
            key="edit_from",
        )
        samples = left.multiselect(
            "and single samples",
            shown,
            format_func=lambda row: f"#{row} {names[chosen.dataset.y_train[row]]}",
            key="edit_samples",
            help="The pictures above carry these numbers; type any other with a link: edits=#17>2.",
        )
        target = right.selectbox(
            "are taught instead", stay, format_func=lambda c: names[c], index=None, key="edit_to"
        )
        if (
            not st.form_submit_button("Run with these labels", type="primary")
            or target is None
            or (source is None and not samples)
        ):
            return
    asked = [f"{source}>{target}"] if source is not None else []
    asked += [f"#{row}>{target}" for row in samples]
    replaced = {one.split(">")[0] for one in asked}
    state.choose(edits=(*(old for old in edits if old.split(">")[0] not in replaced), *asked))
    st.rerun()


def compare() -> None:
    """What the edits changed, beside what the original's own pseudo-labels lead to."""
    unedited = replace(chosen.config, edits=())
    plain = cache.result(unedited)
    said = []
    for source, target in (one.split(">") for one in edits):
        said.append(
            f"{f'sample {source}' if source[0] == '#' else names[int(source)]} → {names[int(target)]}"
        )
    st.markdown(f"**Edited**: {', '.join(said)}")
    if st.button("Back to the original's own pseudo-labels", icon=":material/undo:"):
        state.choose(edits=())
        st.rerun()
    if plain is None:
        jobs.wait_for(
            "experiment",
            keys(unedited, chosen.dataset).unlearned,
            unedited,
            "Running without the edits",
        )
        return
    pictures["edited"] = change_per_class([plain, result], look, ["Own pseudo-labels", "Edited"])
    show.picture(pictures["edited"], "edited")
    before, after = (summary(one)["unlearned"] for one in (plain, result))
    st.markdown(
        f"The edits took Acc_r from {before['acc_retain']:.1f} to **{after['acc_retain']:.1f} %** "
        f"and Acc_f from {before['acc_forget']:.1f} to **{after['acc_forget']:.1f} %**."
    )


if METHODS[chosen.config.method].uses_pseudo_labels and not state.lesson().fixed("more"):
    st.header("What if they went elsewhere?")
    if edits:
        compare()
    edit()
show.downloads(pictures)
