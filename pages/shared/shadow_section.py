"""Attacks with shadow models on the page Audit: trained on demand, then one image, then all."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.shared import cache, gallery, jobs, link_notes, pictures
from pages.shared.state import ResolvedExperiment
from unsc_core.audits import SHADOW_AUDITS, likelihood_ratio
from unsc_core.audits.entry import SHADOW_MODELS
from unsc_core.audits.shadow import Attacked
from unsc_core.errors import AuditError
from unsc_core.experiment.keys import shadow_key
from unsc_core.experiment.result import Result
from unsc_core.figures import audit_shadow
from unsc_core.figures.theme import Look, Picture
from unsc_core.jobs.job import SHADOWS

KINDS = {"trained on": "train", "held out": "test"}
RANKS = {f"{percent} %": percent / 100 for percent in range(0, 101, 5)}


def draw(experiment: ResolvedExperiment, result: Result, look: Look) -> int:
    """Draw the section.

    Returns:
        How many shadow models the attacks are made with; 0 if there are none.
    """
    models = _models(experiment)
    if models:
        _attacks(experiment, result, models, look)
    return models


def _models(experiment: ResolvedExperiment) -> int:
    """How many shadow models to attack with; a button trains those that are missing."""
    st.header("What can shadow models tell?")
    st.markdown(
        "A stronger attacker trains **shadow models**: networks like the original, each on a "
        f"random half of all samples. For each sample of {experiment.request} they show how sure "
        "a network is that was trained on it, and how sure one is that was not. Which of the two "
        "does the audited network resemble? One set of shadow models serves every class, method "
        "and seed."
    )
    stored = cache.shadow_models(experiment.config)
    link_notes.check("shadows", SHADOW_MODELS)
    chosen = st.segmented_control(
        "Shadow models",
        list(map(str, SHADOW_MODELS)),
        default=_most(stored) or None,
        key="shadows",
        bind="query-params",
        help="More of them tell members from others better, but take longer. Those that are stored "
        "are not trained again; a training that was cancelled goes on where it stopped.",
    )
    wanted = int(chosen) if chosen else stored
    kind, key = f"{SHADOWS}{wanted}", shadow_key(experiment.config, experiment.dataset, 0)
    missing = wanted - stored
    jobs.release_previous({kind: key} if missing > 0 else {}, "needed_shadows")
    with st.container():  # one element in either case, see link_notes
        if missing > 0:
            title = f"{wanted} shadow models"
            jobs.show(kind, key, experiment.config, title, ask=f"Train {missing} shadow models")
    return int(_most(min(wanted, stored)) or 0)


def _most(models: int) -> str:
    """The largest number that is offered and not above this one; "" if there is none."""
    return max((str(n) for n in SHADOW_MODELS if n <= models), key=int, default="")


@st.fragment
def _attacks(experiment: ResolvedExperiment, result: Result, models: int, look: Look) -> None:
    """What the shadow models say of one image, and what the attacks find of all."""
    try:
        seen = cache.attacked_networks(experiment.config, models)
    except AuditError as error:
        st.info(str(error), icon=":material/block:")
        return
    if seen is None:
        st.info("The predictions on the training set are still being computed.")
        return
    left, right = st.columns(2)
    with left:
        one = _one_sample(experiment, result, seen, look)
    with right:
        every = _all_samples(experiment, seen, look)
    st.caption(
        f"{models} shadow models. They were not unlearned themselves; an attacker who unlearns "
        "each of them in the same way may find more. Behind the mask, which hides the class, the "
        "attacks ask about the most similar class that is shown."
    )
    pictures.downloads({"shadow-sample": one, "shadow-curves": every})


def _one_sample(
    experiment: ResolvedExperiment, result: Result, seen: dict[str, Attacked], look: Look
) -> Picture:
    """One sample of the forgotten classes, chosen by its rank, and what is said of it."""
    st.markdown("**One sample**")
    link_notes.check("samples", KINDS)
    kind = st.segmented_control(
        "A sample that was",
        list(KINDS),
        default="trained on",
        required=True,
        key="samples",
        bind="query-params",
    )
    link_notes.check("rank", RANKS)
    rank = st.select_slider(
        "Its rank: 100 % is the one that looks most like one the original was trained on",
        list(RANKS),
        "100 %",
        key="rank",
        bind="query-params",
    )
    part, original = KINDS[kind], seen["original"]
    of_kind = np.flatnonzero(original.member == (part == "train"))
    order = np.argsort(likelihood_ratio.scores(original)[of_kind], kind="stable")
    place = order[round(RANKS[rank] * (len(order) - 1))]
    row = np.flatnonzero(result.split.is_forgotten(part))[place]
    picture = cache.picture(
        audit_shadow.one_sample, seen, int(of_kind[place]), experiment.config.method, look
    )
    pictures.draw(picture, "shadow-sample")
    dataset = experiment.dataset
    name = dataset.class_names[dataset.labels(part)[row]]
    text = f"<b>{name}</b><br>{part} no. {row}"
    gallery.cards(dataset, dataset.samples(part), np.array([row]), [text])
    return picture


def _all_samples(experiment: ResolvedExperiment, seen: dict[str, Attacked], look: Look) -> Picture:
    """Members found against false alarms."""
    st.markdown("**All samples**")
    titles = {entry.title: entry for entry in SHADOW_AUDITS.values()}
    link_notes.check("attack", titles)
    title = st.segmented_control(
        "Attack",
        list(titles),
        default=next(iter(titles)),
        required=True,
        key="attack",
        bind="query-params",
    )
    entry = titles[title]
    st.markdown(entry.question)
    found = {name: entry.scores(each) for name, each in seen.items()}
    picture = cache.picture(audit_shadow.curves, seen, found, experiment.config.method, look)
    pictures.draw(picture, "shadow-curves")
    st.markdown(audit_shadow.power(entry.attack(seen["original"]).detail["by_models"]))
    return picture
