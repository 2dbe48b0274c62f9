"""Story: what unlearning is, what goes wrong, and what calibration changes, in computed numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

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
    page_links,
    pictures,
    state,
)
from unsc_core.analysis import comparison, maps
from unsc_core.audits import AUDITS
from unsc_core.audits.excess import over_seeds
from unsc_core.data import DEFAULT_DATASET
from unsc_core.experiment.keys import keys
from unsc_core.experiment.resolve import settings
from unsc_core.experiment.result import Result
from unsc_core.figures import story
from unsc_core.figures.accuracy import change_per_class
from unsc_core.figures.audit_values import audit_values
from unsc_core.figures.decision_space import space
from unsc_core.figures.flow import label_counts
from unsc_core.figures.phrases import run_title
from unsc_core.figures.spectra import free_share, ranks
from unsc_core.methods import METHODS
from unsc_core.subspace.energy import cuts


@dataclass(frozen=True)
class Preset:
    """One click to an experiment, and what it shows."""

    shows: str
    forget: tuple[int, ...]
    method: str = "unsc"
    dataset: str = DEFAULT_DATASET


PRESETS = {
    "Forget shirts": Preset(
        "Shirts look like T-shirts, pullovers and coats. UNSC forgets them.", (6,)
    ),
    "Forget ankle boots": Preset(
        "Ankle boots are easy to tell apart, so little can be gained by forgetting them.", (9,)
    ),
    "Forget two classes": Preset(
        "T-shirts and shirts, which are often confused, forgotten together.", (0, 6)
    ),
    "See over-unlearning": Preset(
        "The same request with random labels instead of UNSC: what happens to the other classes?",
        (6,),
        "random-labels",
    ),
    "Forget a digit": Preset(
        "A second dataset: handwritten digits, with the 3 forgotten.", (3,), dataset="digits"
    ),
}
CALIBRATING = ("unsc", "unsc-auto")  # steps 3 to 6 tell of these, with other methods of the first
EXAMPLES = 8
PARTS = {"test": "Test", "train": "Training"}
THINNING = 3  # of the retained samples, one in this many is drawn on the small maps


def method_result(method: str) -> Result | None:
    """The result of this request by another method; while it is missing, its job is shown."""
    if method == experiment.config.method:
        return result
    seed = experiment.config.seed
    plain = replace(experiment.config, edits=())
    config = comparison.configs(plain, experiment.dataset, [seed])[method, seed]
    found = cache.result(config)
    if found is None:
        key = keys(config, experiment.dataset).unlearned
        jobs.show("experiment", key, config, "Running the method to compare with")
    return found


@contextmanager
def step(words: story.Step, page: str, label: str) -> Iterator[None]:
    """A step: text, a number and a link on the left; its picture, drawn inside, on the right."""
    left, right = st.columns([2, 3], gap="large", vertical_alignment="center")
    with left:
        st.header(words.title)
        st.markdown(words.text)
        st.metric(words.meaning, words.number)
        page_links.link(page, label)
    with right:
        yield


def small_maps(of: Result, models: tuple[str, ...], name: str, height: int, sentence: bool) -> None:
    """Small maps side by side; that of the original has no paths."""
    kind = "UMAP" if cache.has_umap(of.config) else "PCA"
    placed = {model: points[thin] for model, points in cache.positions(kind, of, part).items()}
    models = tuple(model for model in models if model in placed)
    for column, model in zip(st.columns(len(models)), models, strict=True):
        with column:
            picture = space(
                of, model, placed, rows[thin], look, paths=True, height=height, part=part
            )
            pictures.draw(picture, f"{name}-{model}", sentence=sentence)


def forgetting_step() -> None:
    """What is to be forgotten."""
    data = experiment.dataset
    with step(story.forgetting(result), "decision_space", "See them on the map"):
        samples = np.flatnonzero(result.split.is_forgotten(part))[:EXAMPLES]
        names = [data.class_names[label] for label in data.labels(part)[samples]]
        gallery.cards(data, data.samples(part), samples, names)


def over_unlearning_step(careless: Result, calibrated: Result | None) -> None:
    """What random labels do to the retained classes."""
    with step(story.over_unlearning(careless), "compare", "Compare all methods"):
        shown = [careless, *([calibrated] if calibrated else [])]
        pictures.draw(change_per_class(shown, look), "story-change")


def null_space_step(calibrated: Result) -> None:
    """How much of every layer is free."""
    spectra = cache.spectra(experiment.config)
    if spectra is None:
        return
    config, single = calibrated.config, bool(calibrated.split.forget_ids)
    threshold = settings(config).energy_threshold
    soft = bool(calibrated.chosen) and calibrated.chosen["energy_threshold"] is None
    if calibrated.chosen and not soft:
        threshold = calibrated.chosen["energy_threshold"]
    cut_at = cuts(spectra, threshold, config.energy_thresholds)
    words = story.null_space(ranks(spectra, cut_at), cut_at, single=single, soft=soft)
    if config.subspace == "merge":
        own = {layer: (of["rank"], of["dim"]) for layer, of in calibrated.null_space.items()}
        words = story.null_space(own, {}, single=single)
    titles = {layer: f"Layer {i + 1}" for i, layer in enumerate(spectra)}
    with step(words, "null_space", "Change γ yourself"):
        pictures.draw(free_share(titles, spectra, cut_at, look), "story-null-space")


def targets_step(calibrated: Result) -> None:
    """What the forgotten samples are trained towards."""
    if calibrated.labels is not None:
        with step(story.pseudo_labels(calibrated), "pseudo_labels", "See the samples by label"):
            pictures.draw(label_counts(calibrated, look), "story-labels")
    elif calibrated.original.train is not None:
        words, targets = story.masked_targets(calibrated)
        with step(words, "decision_space", "See where they went"):
            data = experiment.dataset
            likeliest = np.argsort(-targets[:EXAMPLES], axis=1)[:, :2]
            texts = [
                "<br>".join(f"{data.class_names[c]} {targets[i, c]:.0%}" for c in pair)
                for i, pair in enumerate(likeliest)
            ]
            gallery.cards(data, data.x_train, calibrated.split.forget_train()[:EXAMPLES], texts)


def mask_step(calibrated: Result) -> None:
    """What the mask gains without unlearning anything."""
    with step(story.hiding(calibrated), "compare", "Compare the mask with all methods"):
        if calibrated.mask is None:
            return
        series = {
            "Mask": (calibrated.mask, look.ink),
            run_title(calibrated): (calibrated.unlearned, look.teal),
        }
        if calibrated.retrained is not None:
            series["Retrained"] = (calibrated.retrained, look.muted)
        models = [replace(calibrated, unlearned=model) for model, _ in series.values()]
        colours = [colour for _, colour in series.values()]
        pictures.draw(change_per_class(models, look, list(series), colours), "story-mask")


def audit_step() -> None:
    """Whether an audit still finds the class, if one of this run is stored."""
    found = cache.some_audits(experiment.config)
    name = "linear-probe"
    probe = None if found is None else over_seeds(AUDITS[name], found[name])
    with step(story.gone(result, probe), "audit", "Ask whether anyone can still find it"):
        if probe is not None:
            picture = audit_values(name, probe, experiment.config.method, look)
            pictures.draw(picture, "story-audit", sentence=False)


def next_steps() -> None:
    """Where a teacher and a learner go from here."""
    teacher, learner = st.columns(2)
    with teacher.container(border=True, height="stretch"):
        st.markdown(
            "**Teaching?** The address holds every setting. Choose an experiment, open *Share*, "
            "and give the link to your class: everyone sees the same picture. You can start with "
            "*See over-unlearning*, then change the method to UNSC."
        )
        page_links.link("compare", "Compare all methods")
    with learner.container(border=True, height="stretch"):
        st.markdown(
            "**Learning on your own?** Watch three methods forget points in the plane, then choose "
            "another class on this page. A class that is often confused with others "
            "usually leaves the most to gain."
        )
        page_links.link("lab", "Open the 2-D lab")


header.title("Make a network forget, and keep the rest", *header.TERMS, "Calibrated")
experiment = controls.experiment()
about = st.empty()
buttons = st.container(horizontal=True)
if not lesson.current().fixed(*lesson.CONTROLS):
    for name, preset in PRESETS.items():
        changes = {"forget": preset.forget, "method": preset.method}
        buttons.button(
            name,
            help=preset.shows,
            on_click=state.open_preset,
            args=(preset.dataset,),
            kwargs=changes,
            key=f"preset-{name}",
        )

experiment, result = jobs.result_or_before(experiment)
if not before.is_shown():
    about.markdown(story.lead(result))
look = pictures.page_look()
part = result.split.measured_part
part = part if result.unlearned.has(part) and result.original.has(part) else "test"
rows = maps.shown(result.split, part)
thin = result.split.is_forgotten(part)[rows] | (np.arange(len(rows)) % THINNING == 0)

small_maps(result, ("original", "unlearned"), "story", 400, sentence=True)
st.caption(
    f"{PARTS[part]} images: :red[**×**] {experiment.request}, to be forgotten · **●** retained · "
    "lines: from each forgotten sample's place before to its place after"
)
header.strip(experiment, result)

forgetting_step()
own = experiment.config.method if experiment.config.method in CALIBRATING else CALIBRATING[0]
careless, calibrated = method_result("random-labels"), method_result(own)
if careless is not None:
    over_unlearning_step(careless, calibrated)
if calibrated is not None:
    if own != experiment.config.method:
        st.info(
            f"Steps 3 to 6 show **{METHODS[own].title}** on the same request, to compare with "
            f"{METHODS[experiment.config.method].title}.",
            icon=":material/compare_arrows:",
        )
    null_space_step(calibrated)
    targets_step(calibrated)
    with step(story.ending(calibrated), "confusion", "See the confusion matrices"):
        small_maps(calibrated, ("unlearned", "retrained"), "story-calibrated", 330, sentence=False)
    mask_step(calibrated)
if result.split.forget_classes:
    audit_step()

st.header("Where to go next")
next_steps()

cache.engine()  # starts in the background, so that it is ready at the first click
