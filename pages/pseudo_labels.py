"""Pseudo-labels: the class that each forgotten sample is trained towards."""

from dataclasses import replace

import numpy as np
import streamlit as st

from pages.shared import (
    before,
    cache,
    controls,
    explorer,
    gallery,
    header,
    jobs,
    lesson,
    pictures,
    selection,
    state,
)
from pages.shared.components import linked
from unsc_core.analysis import evaluation
from unsc_core.analysis.summary import summary
from unsc_core.experiment.keys import keys
from unsc_core.figures.accuracy import change_per_class
from unsc_core.figures.flow import bands, flow, label_counts
from unsc_core.learning.edits import redirected
from unsc_core.methods import METHODS

PER_CLASS = 8
HINT = (
    "Click a band or an image below, or choose a class or an outcome here, to see the samples. "
    "They stay selected on every page."
)


def draw_flow() -> None:
    """Where samples go by label and by the retrained model, beside the selected ones."""
    left, right = st.columns([8, 5])
    with left:
        if result.retrained is None or result.retrained.train is None:
            st.info(
                "This figure needs the retrained model; its progress is in the sidebar.",
                icon=":material/hourglass_top:",
            )
        else:
            drawn["flow"] = cache.picture(flow, result, look)
            data = bands(result, look, picked.of("train"))
            linked.flow(data | {"targets": retained if editable else []}, explorer.take, drag)
            st.markdown(drawn["flow"].sentence)
    with right:
        if result.original.train is not None and result.unlearned.train is not None:
            explorer.drawer(result, "train", HINT)


def drag(moved: dict[str, int]) -> None:
    """Give all samples with one label another, and run again."""
    edits = redirected(experiment.config.edits, moved["from"], moved["to"])
    state.change(edits=edits)


def draw_samples() -> list[int]:
    """Some samples of each pseudo-label, and which these are."""
    margins = None
    if result.original.train is not None:
        logits = result.original.train[rows]
        margins = evaluation.margins(logits, labels, result.split.banned())
        st.caption(
            "Each sample with its margin, the largest first. Where it is negative, the original "
            "model finds another retained class more similar."
        )
    shown: list[int] = []
    for label in by_count:
        of_label = np.flatnonzero(labels == label)
        count = len(of_label)
        if margins is not None:
            of_label = of_label[np.argsort(-margins[of_label])]
        of_label = of_label[:PER_CLASS]
        shown += [int(row) for row in rows[of_label]]
        st.markdown(f"**{names[label]}** · {count:,} sample{'s' if count > 1 else ''}")
        texts = [
            [names[experiment.dataset.y_train[rows[i]]], f"#{rows[i]}"]
            + ([] if margins is None else [margin_text(float(margins[i]))])
            for i in of_label
        ]
        gallery.selectable(experiment.dataset, "train", rows[of_label], texts, picked)
    return shown


def margin_text(margin: float) -> str:
    """A margin with one decimal place, never −0.0."""
    return f"margin {round(margin, 1) + 0.0:.1f}".replace("-", "−")


def edit_form(shown: list[int]) -> None:
    """Give another label to all samples of a pseudo-label, or to single ones, and run again."""
    config = experiment.config
    with st.form("edit", border=True):
        left, right = st.columns(2)
        source = left.selectbox(
            "All samples with the pseudo-label",
            [int(c) for c in np.unique(labels)],
            format_func=lambda c: names[c],
            index=None,
            key="edit_from",
        )
        samples = left.multiselect(
            "And single samples",
            shown,
            format_func=lambda row: f"#{row} {names[experiment.dataset.y_train[row]]}",
            key="edit_samples",
            help="The numbers that the samples above have. Any other sample can be given in a "
            "link, for example edits=#17>2.",
        )
        target = right.selectbox(
            "New label", retained, format_func=lambda c: names[c], index=None, key="edit_to"
        )
        sources = [str(source)] if source is not None else []
        sources += [f"#{row}" for row in samples]
        if not st.form_submit_button("Run with these labels", type="primary"):
            return
        if target is None or not sources:
            st.info("Choose a new label, and the samples that get it.", icon=":material/info:")
            return
    kept = [edit for edit in config.edits if edit.split(">")[0] not in sources]
    state.change(edits=(*kept, *(f"{source}>{target}" for source in sources)))
    st.rerun()


def compare_edits() -> None:
    """What the edits changed against the unedited pseudo-labels."""
    unedited = replace(experiment.config, edits=())
    edits = []
    for source, target in (edit.split(">") for edit in experiment.config.edits):
        what = f"sample {source}" if source[0] == "#" else names[int(source)]
        edits.append(f"{what} → {names[int(target)]}")
    st.markdown(f"**Edited**: {', '.join(edits)}")
    if st.button("Undo all edits", icon=":material/undo:"):
        state.change(edits=())
        st.rerun()
    plain = cache.result(unedited)
    if plain is None:
        key = keys(unedited, experiment.dataset).unlearned
        jobs.show("experiment", key, unedited, "Running without the edits")
        return
    drawn["edited"] = change_per_class([plain, result], look, ["Unedited", "Edited"])
    pictures.draw(drawn["edited"], "edited")
    before, after = (summary(one)["unlearned"] for one in (plain, result))
    told = [
        f"{title} is **{percent(after[key])}**"
        + (
            ", as without"
            if (was := percent(before[key])) == percent(after[key])
            else f" instead of {was}"
        )
        for title, key in (("Acc_r", "acc_retain"), ("Acc_f", "acc_forget"))
    ]
    st.markdown(f"With the edits, {told[0]}, and {told[1]}.")


def percent(value: float | None) -> str:
    """A measure; "…" while it is not known."""
    return "…" if value is None else f"{value:.1f} %"


header.title(
    "Pseudo-labels",
    *header.TERMS,
    "Features",
    "Margin",
    about="The class that each forgotten sample is trained towards.",
)
experiment = controls.experiment()
experiment, result = jobs.result_or_before(experiment)
method = METHODS[experiment.config.method]
similar = "class other than its own" if experiment.config.forget_ids else "retained class"
header.strip(experiment, result)
if method.uses_pseudo_labels:
    intro = (
        f"Before unlearning starts, {method.title} gives each forgotten sample a **pseudo-label**: "
        f"the {similar} that the original model finds most similar."
    )
else:
    intro = (
        f"UNSC trains each forgotten sample on a **pseudo-label**, the {similar} that the "
        f"original model finds most similar. The method chosen here is **{method.title}**: "
        f"{method.summary[0].lower()}{method.summary[1:]}"
    )
intro += (
    " The retrained model, which never saw these samples, shows where they go when nobody assigns "
    "them a class."
)
if result.labels is None:
    st.markdown(intro)
    st.info(
        "This run gave forgotten samples no single label to train on. UNSC, pseudo-labels only and "
        "random labels do.",
        icon=":material/info:",
    )
    controls.offer_method("unsc")
    st.stop()

look, names = pictures.page_look(), experiment.dataset.class_names
labels, rows = result.labels, result.split.forget_train()
classes, counts = np.unique(labels, return_counts=True)
by_count = classes[np.argsort(-counts)]
retained = [c for c in range(len(names)) if c not in experiment.config.forget_classes]
editable = method.uses_pseudo_labels and not (lesson.current().fixed("more") or before.is_shown())
picked = selection.current(result)
drawn = {"label-counts": cache.picture(label_counts, result, look)}
draw_flow()
st.caption(intro)
if editable and experiment.config.edits:
    compare_edits()
st.header("Samples by label")
pictures.draw(drawn["label-counts"], "label-counts")
sample_rows = draw_samples()
if editable:
    st.header("What if they had other labels?")
    edit_form(sample_rows)
pictures.downloads(drawn, without_figure=("flow",))
