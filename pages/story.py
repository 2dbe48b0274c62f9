"""Story: what unlearning is, what goes wrong, and what calibration does about it, on this machine's own numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import streamlit as st

from pages.shared import cache, controls, gallery, header, jobs, links, show, state
from unsc_core.analysis import comparison, maps
from unsc_core.experiment.keys import keys
from unsc_core.experiment.resolve import settings
from unsc_core.experiment.result import Result
from unsc_core.figures import story
from unsc_core.figures.accuracy import change_per_class
from unsc_core.figures.decision_space import space
from unsc_core.figures.flow import label_counts
from unsc_core.figures.phrases import run_title
from unsc_core.figures.spectra import free_share, ranks
from unsc_core.subspace.energy import cuts

PRESETS = {
    "Forget shirts": {"dataset": "fashion-mnist-mini", "forget": (6,), "method": "unsc"},
    "Forget ankle boots": {"dataset": "fashion-mnist-mini", "forget": (9,), "method": "unsc"},
    "Two classes at once": {"dataset": "fashion-mnist-mini", "forget": (0, 6), "method": "unsc"},
    "See over-unlearning": {
        "dataset": "fashion-mnist-mini",
        "forget": (6,),
        "method": "random-labels",
    },
    "Forget a digit": {"dataset": "digits", "forget": (3,), "method": "unsc"},
}
PICTURED = 8


def told(method: str) -> Result | None:
    """This request's result by a method that the story tells of, asked for where it is missing."""
    if method == chosen.config.method:
        return result
    seed = chosen.config.seed
    config = comparison.configs(replace(chosen.config, edits=()), chosen.dataset, [seed])[
        method, seed
    ]
    found = cache.result(config)
    if found is None:
        jobs.wait_for(
            "experiment", keys(config, chosen.dataset).unlearned, config, "Running the comparison"
        )
    return found


@contextmanager
def step(words: story.Step, page: str, label: str, icon: str) -> Iterator[None]:
    """One step of the story: words, a number of this machine and the way on to the left, its picture, drawn inside, to the right."""
    left, right = st.columns([2, 3], gap="large", vertical_alignment="center")
    with left:
        st.header(words.title)
        st.markdown(words.text)
        st.metric(words.meaning, words.number)
        links.to(page, label, icon)
    with right:
        yield


st.title("Make a network forget, and keep the rest")
chosen = controls.experiment()
about = st.empty()
presets = st.container(horizontal=True)
for name, preset in () if state.lesson().fixed(*state.CONTROLS) else PRESETS.items():
    presets.button(name, on_click=state.begin, kwargs=preset, key=f"preset-{name}")

result = jobs.result(chosen)
about.markdown(story.lead(result))
look = show.mode()
part = result.split.measured_part
part = part if result.unlearned.has(part) and result.original.has(part) else "test"
rows = maps.shown(result.split, part)
thin = result.split.is_forgotten(part)[rows] | (
    np.arange(len(rows)) % 3 == 0
)  # small pictures: every third point of the rest


def thinned(result: Result) -> dict[str, np.ndarray]:
    """Where the points of the small pictures lie, by every model."""
    kind = "UMAP" if cache.has_umap(result.config) else "PCA"
    return {model: placed[thin] for model, placed in cache.positions(kind, result, part).items()}


positions = thinned(result)
columns = st.columns(2)
for column, model in zip(columns, ("original", "unlearned"), strict=True):
    with column:
        show.picture(
            space(
                result,
                model,
                positions,
                rows[thin],
                look,
                paths=model == "unlearned",
                height=400,
                part=part,
            ),
            f"story-{model}",
        )
st.caption(
    f":red[**×**] {chosen.forgotten}, to be forgotten · **●** the classes that stay · lines: where each forgotten sample was, and is now"
)
header.strip(chosen, result)

with step(story.forgetting(result), "decision_space", "See them among the others", "scatter_plot"):
    samples = np.flatnonzero(result.split.is_forgotten(part))[:PICTURED]
    names = [chosen.dataset.class_names[label] for label in chosen.dataset.labels(part)[samples]]
    gallery.cards(chosen.dataset, chosen.dataset.samples(part), samples, names)

careless, calibrated = told("random-labels"), told("unsc")
if careless is not None:
    with step(
        story.over_unlearning(careless), "compare", "All methods side by side", "leaderboard"
    ):
        show.picture(
            change_per_class([careless, *([calibrated] if calibrated else [])], look),
            "story-change",
        )

spectra = cache.spectra(chosen.config)
if spectra is not None and calibrated is not None:
    cut_at = cuts(
        spectra, settings(calibrated.config).energy_threshold, calibrated.config.energy_thresholds
    )
    with step(
        story.null_space(ranks(spectra, cut_at), cut_at),
        "null_space",
        "Move γ yourself",
        "equalizer",
    ):
        show.picture(
            free_share(
                {layer: f"Layer {i + 1}" for i, layer in enumerate(spectra)}, spectra, cut_at, look
            ),
            "story-null-space",
        )

if calibrated is not None and calibrated.labels is not None:
    with step(story.pseudo_labels(calibrated), "pseudo_labels", "See who went where", "alt_route"):
        show.picture(label_counts(calibrated, look), "story-labels")

if calibrated is not None:
    with step(story.ending(calibrated), "confusion", "Confusion before and after", "grid_on"):
        placed = thinned(calibrated)
        both = [name for name in ("unlearned", "retrained") if name in placed]
        for column, name in zip(st.columns(len(both)), both, strict=True):
            with column:
                show.picture(
                    space(
                        calibrated,
                        name,
                        placed,
                        rows[thin],
                        look,
                        paths=True,
                        height=330,
                        part=part,
                    ),
                    f"story-calibrated-{name}",
                    sentence=False,
                )
    with step(story.hiding(calibrated), "compare", "The mask beside all methods", "leaderboard"):
        if calibrated.mask is not None:
            series = {
                "Mask": (calibrated.mask, look.ink),
                run_title(calibrated): (calibrated.unlearned, look.teal),
            }
            if calibrated.retrained is not None:
                series["Retrained"] = (calibrated.retrained, look.muted)
            models = [replace(calibrated, unlearned=answers) for answers, _ in series.values()]
            show.picture(
                change_per_class(
                    models, look, list(series), [colour for _, colour in series.values()]
                ),
                "story-mask",
            )

st.header("Start here")
teacher, learner = st.columns(2)
with teacher.container(border=True, height="stretch"):
    st.markdown(
        "**Teaching a room?** Every setting is in the address: choose an experiment, press *Share*, and the room opens the same picture. "
        "Begin with *See over-unlearning*, then switch the method to UNSC."
    )
    links.to("compare", "Compare all methods", "leaderboard")
with learner.container(border=True, height="stretch"):
    st.markdown(
        "**Learning alone?** Watch four ways to forget in the plane, then choose another class here. "
        "Classes that are often confused with others leave most to gain."
    )
    links.to("lab", "The 2-D lab", "science")

cache.engine()  # starts in the background, so that the first click finds it awake
