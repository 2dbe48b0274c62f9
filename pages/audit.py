"""Audit: is a class gone, or only hidden? Attacks on four models, and a verdict."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.shared import (
    cache,
    controls,
    header,
    jobs,
    link_notes,
    pictures,
    selection,
    selection_line,
    shadow_section,
)
from unsc_core.audits import ALL_AUDITS, AUDITS
from unsc_core.audits.entry import GROUPS, RELEARNED_IMAGES, check_request
from unsc_core.audits.excess import over_seeds
from unsc_core.audits.verdict import NO, UNKNOWN, YES, finding, is_blind, verdict
from unsc_core.data.request import split
from unsc_core.errors import AuditError
from unsc_core.experiment.keys import keys
from unsc_core.figures import audit_membership, audit_relearning, audit_table, audit_words
from unsc_core.figures.audit_depth import depth
from unsc_core.figures.audit_scores import scores
from unsc_core.figures.audit_values import audit_values
from unsc_core.figures.keeping import SHOWN, keeping
from unsc_core.figures.theme import Picture
from unsc_core.jobs.job import AUDITED_SEEDS
from unsc_core.methods import METHODS

COUNTS = {f"{n} seed{'s' * (n > 1)}": n for n in AUDITED_SEEDS.values()}
THRESHOLDS = {f"{chance:g} %": chance for chance in audit_membership.CHANCES}
NO_VERDICT = (
    "One seed cannot say how much two retrained models differ by chance. Choose 3 or 5 seeds for a "
    "verdict."
)
MARKED = "to be forgotten and marked by ticks in the histograms below"
BADGES = {
    YES: ":blue-badge[:material/check: yes]",
    NO: ":red-badge[:material/close: no]",
    UNKNOWN: ":gray-badge[:material/question_mark: can't tell]",
}


def run_or_stop() -> dict[str, dict[str, Any]]:
    """Every audit over the seeds; while they are missing, a button that makes them."""
    kind = next(kind for kind, count in AUDITED_SEEDS.items() if count == seeds)
    key = keys(config, experiment.dataset).unlearned
    jobs.release_previous({kind: key}, "audits")
    found = cache.audited(config, seeds)
    if found is None:
        numbers = range(config.seed, config.seed + seeds)
        title = (
            f"{len(AUDITS)} audits of four models, "
            f"seed{'s' * (seeds > 1)} {', '.join(map(str, numbers))}"
        )
        if seeds == 1:
            st.caption(NO_VERDICT)
        jobs.show(kind, key, config, title, ask="Run the audits")
        st.stop()
    if models and (more := cache.shadow_audits(config, seeds, models)):
        found = found | more
    return {name: over_seeds(ALL_AUDITS[name], each) for name, each in found.items()}


def verdict_panel() -> None:
    """Four lines: gone, still there, or not known, and why."""
    with st.container(border=True):
        st.markdown(f"#### {audit_words.headline(found, experiment.request, audits)}")
        st.markdown(
            "\n".join(
                f"- Gone from **{audit_words.PLACES[group]}**? {BADGES[one['gone']]} {one['why']}"
                for group, one in found.items()
            )
        )
        if seeds == 1:
            st.caption(NO_VERDICT)
            return
        about = "In brackets: the excess over the retrained, with its 95 % interval over the seeds."
        if seeds < max(COUNTS.values()) and any(one["gone"] == UNKNOWN for one in found.values()):
            about += " More seeds narrow an interval that is too wide."
        st.caption(about)


def attacks() -> None:
    """The audits, group by group."""
    st.header("Attack by attack")
    st.markdown(
        "A network may stop naming a class and still know all about it. Audits look for it in the "
        "answers, in the logits, in the features and in the memory. The retrained model never saw "
        "the class, and yet audits find something of it there, as they do in any network; only "
        "what they find beyond that is a trace."
    )
    for first in range(0, len(GROUPS), 2):
        for column, group in zip(st.columns(2), GROUPS[first : first + 2], strict=False):
            with column.container(border=True, height="stretch"):
                attack(group)
    if seeds > 1:
        st.caption(
            "Small dots: seeds · large marks: their mean · grey band: the retrained models' mean ± "
            "twice their standard deviation, which is what networks show that never saw the class"
        )


def attack(group: str) -> None:
    """The audits of one group, one at a time; the first that says what the verdict says."""
    names = [name for name, audit in audits.items() if audit["group"] == group]
    st.markdown(f"**Gone from {audit_words.PLACES[group]}?** {BADGES[found[group]['gone']]}")
    chosen = names[0]
    if len(names) > 1:
        titles = {ALL_AUDITS[name].title: name for name in names}
        link_notes.check(group, titles)
        agrees = [
            finding(audits[name]) == found[group]["gone"] and not is_blind(audits[name])
            for name in names
        ]
        title = st.selectbox(
            audit_words.ATTACKS[group],
            list(titles),
            agrees.index(True) if any(agrees) else 0,
            key=group,
            bind="query-params",
        )
        chosen = titles[title]
    else:
        st.markdown(audit_words.ATTACKS[group])
    drawn[f"audit-{group}"] = cache.picture(
        audit_values, chosen, audits[chosen], config.method, look
    )
    pictures.draw(drawn[f"audit-{group}"], f"audit-{group}")
    st.caption(ALL_AUDITS[chosen].measures)


@st.fragment
def members() -> None:
    """Confidences and a threshold; only this part is drawn again when it moves."""
    st.header("Which samples was it trained on?")
    if not result.unlearned.has("train"):
        st.info("The predictions on the training set are still being computed.")
        return
    link_notes.check("threshold", THRESHOLDS)
    threshold = st.select_slider(
        "Called a member from this confidence on",
        list(THRESHOLDS),
        "5 %",  # from 50 % on, hardly any is found except in the original
        key="threshold",
        bind="query-params",
    )
    picture = cache.picture(
        audit_membership.membership, result, THRESHOLDS[threshold], look, marked
    )
    pictures.draw(picture, "members")
    st.caption(
        "A network is often surer of samples that it was trained on, the **members**. An attacker "
        f"looks at its confidence in the true class of samples of {experiment.request} and calls "
        "everything from a threshold on a member."
    )
    pictures.downloads({"members": picture})


def probe_views() -> None:
    """What the linear probe sees in every layer, and of real samples."""
    probe = audits["linear-probe"]
    if probe["failed"]:
        return
    st.header("Where in the network is it still readable?")
    st.markdown(
        "A **linear probe** is trained on the features, the inputs of a layer, to tell all classes "
        f"apart. What does it find of held-out {experiment.request}?"
    )
    left, right = st.columns(2)
    classes = experiment.dataset.num_classes
    drawn["probe-by-layer"] = cache.picture(depth, probe, config.method, classes, look)
    held_out = np.flatnonzero(result.split.is_forgotten("test"))
    among = None
    if marked is not None and marked[0] == "test":
        among = np.searchsorted(held_out, marked[1]), marked[1]
    drawn["probe-scores"] = cache.picture(scores, probe, experiment.request, look, among)
    with left:
        st.markdown("**Layer by layer**")
        pictures.draw(drawn["probe-by-layer"], "probe-by-layer")
    with right:
        st.markdown("**Sample by sample, inputs of the last layer**")
        pictures.draw(drawn["probe-scores"], "probe-scores")
        st.caption(
            "The outermost bins hold all scores beyond; those of retained classes may rise above "
            "the picture."
        )


def relearning_views() -> None:
    """How fast the class comes back."""
    relearning = audits["relearning"]
    if relearning["failed"]:
        return
    st.header("How fast does it come back?")
    st.markdown(
        "All models are fine-tuned on a few training samples of **every** class. A network that "
        "only hides a class should be quicker than one that never saw it."
    )
    left, right = st.columns(2)
    with left:
        st.markdown(f"**A race: {RELEARNED_IMAGES} samples of every class**")
        drawn["relearning-race"] = cache.picture(
            audit_relearning.race, relearning, config.method, look
        )
        pictures.draw(drawn["relearning-race"], "relearning-race")
    with right:
        st.markdown("**More samples**")
        parts = {words.capitalize(): part for part, words in audit_relearning.PARTS.items()}
        link_notes.check("tuned", parts)
        tuned = st.segmented_control(
            "Fine-tuned",
            list(parts),
            default=next(iter(parts)),
            required=True,
            key="tuned",
            bind="query-params",
            label_visibility="collapsed",
        )
        drawn["relearning-images"] = cache.picture(
            audit_relearning.by_images, relearning, parts[tuned], config.method, look
        )
        pictures.draw(drawn["relearning-images"], "relearning-images")


@st.fragment
def methods_view() -> None:
    """What the audited methods of this request keep, and what is still found of it."""
    st.header("What does erasing cost?")
    methods = cache.audited_methods(config, seeds)
    if len(methods) < 2:
        st.caption(
            f"Only {METHODS[config.method].title} was audited on this request with these "
            "seeds. Choose another method under *Method*, run its audits, and both are compared "
            "here."
        )
        return
    st.markdown(
        "Each mark is a method whose audits are stored: what it keeps of the rest, and how much "
        "more than in the retrained model an audit finds of what was to be forgotten."
    )
    titles = {AUDITS[name].title: name for name in SHOWN}
    link_notes.check("cost", titles)
    title = st.selectbox("Excess of", list(titles), key="cost", bind="query-params")
    picture = keeping(methods, titles[title], look)
    pictures.draw(picture, "keeping")
    st.caption(
        "Right is better, and so is a height of 0, that of the retrained model · a number after a "
        "name: strength of erasing · *: does not forget"
    )
    pictures.downloads({"keeping": picture})


def draw_table() -> None:
    """Every audit of every model."""
    text = st.column_config.TextColumn
    columns = audit_table.columns(audits)
    st.dataframe(
        pd.DataFrame(columns),
        hide_index=True,
        height="content",
        alt="Audits and their values",
        column_config={
            name: text(alignment="left" if name in ("Audit", "Looks in") else "right")
            for name in columns
        },
    )
    st.caption(" · ".join(note.removesuffix(".") for note in audit_table.NOTES))


TERMS = ("Linear probe", "Excess", "Zero", "Sees", "Member", "Shadow model", "AUC", "CKA")
header.title("Audit", *header.TERMS, *TERMS, about="**Can anyone still find it?**")
experiment = controls.experiment()
config, look = experiment.config, pictures.page_look()
try:
    check_request(split(experiment.dataset, config.forget_classes, config.forget_ids))
except AuditError as error:
    st.info(str(error), icon=":material/block:")
    st.stop()
experiment, result = jobs.result_or_before(experiment)
config = experiment.config
header.shown(experiment, result)
picked = selection.current(result)
marked = None
with st.container():  # one element with and without a selection, see link_notes
    if picked.selection is not None:
        part = picked.selection.part
        marked = part, audit_membership.marked(result, part, picked.rows)
        selection_line.draw(picked, part, len(marked[1]), MARKED)

link_notes.check("audited", COUNTS)
chosen_seeds = header.row("audit").segmented_control(
    "Audit with",
    list(COUNTS),
    default="3 seeds",
    required=True,
    key="audited",
    bind="query-params",
    help="Each seed has its own original, unlearned and retrained model. One seed shows values, "
    "but not how much two retrained models differ by chance, so it allows no verdict.",
)
seeds = COUNTS[chosen_seeds]
above, below = st.container(), st.container()
with below:  # always in one place: Streamlit no longer writes a control that moves into the link
    members()
    header.measures(result)
    models = shadow_section.draw(experiment, result, look)
with above:
    audits = run_or_stop()
    drawn: dict[str, Picture] = {}
    found = verdict(audits, lambda name: audit_words.written(name, audits))
    verdict_panel()
    attacks()
    probe_views()
    relearning_views()
methods_view()
st.header("Every audit")
draw_table()
pictures.downloads(drawn)
