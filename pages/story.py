"""Story: what unlearning is, what goes wrong, and what calibration changes, in computed numbers."""

from dataclasses import replace
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
    page_links,
    presets,
    selection,
    selection_line,
)
from pages.shared.components import story as component
from unsc_core.analysis import comparison, maps
from unsc_core.audits import AUDITS
from unsc_core.audits.excess import over_seeds
from unsc_core.experiment.keys import keys
from unsc_core.experiment.resolve import settings
from unsc_core.experiment.result import Result
from unsc_core.figures import story, story_method, story_stage
from unsc_core.figures.decision_space import ranges
from unsc_core.figures.phrases import projector_of, run_title
from unsc_core.figures.spectra import ranks
from unsc_core.figures.story import Chapter
from unsc_core.methods import METHODS
from unsc_core.subspace.energy import cuts

CALIBRATING = ("unsc", "unsc-auto")  # chapters 3 to 7 tell of these, with other methods of UNSC
EXAMPLES = 8
MOST_ADDED = 200  # selected samples that are not among those on the map, and are drawn as well
THINNING = 3  # of the retained samples, one in this many is drawn on the map
LINKS = {  # chapter -> the page that shows more of it
    "request": ("decision_space", "See them on the map"),
    "careless": ("compare", "Compare all methods"),
    "waiting": ("compare", "Compare all methods"),
    "space": ("null_space", "Change γ yourself"),
    "targets": ("pseudo_labels", "See the samples by label"),
    "ending": ("confusion", "See the confusion matrices"),
    "hiding": ("compare", "Compare the mask with all methods"),
    "gone": ("audit", "Ask whether anyone can still find it"),
}


def method_result(method: str) -> Result | None:
    """The result of this request by another method; while it is missing, its job is shown."""
    plain = replace(experiment.config, edits=())
    seed = experiment.config.seed
    config = comparison.configs(plain, experiment.dataset, [seed])[method, seed]
    found = cache.result(config)
    if found is None:
        key = keys(config, experiment.dataset).unlearned
        title = f"{METHODS[method].title}, for the chapters on it"
        jobs.show("experiment", key, config, title)
    return found


def images(part: str, rows: Any, texts: list[str]) -> list[dict[str, str]]:
    """Samples with a line of text each; none of data that are no images."""
    data = experiment.dataset
    if not data.is_images:
        return []
    pairs = zip(rows, texts, strict=True)
    return [{"src": gallery.data_uri(data.samples(part)[row]), "text": text} for row, text in pairs]


def wrong(run: Result | None, chapter: Chapter) -> dict[str, Any]:
    """Images that became wrong, where damage is claimed."""
    if run is None or "ver-unlearning" not in chapter.headline:
        return {}
    rows, names = story_stage.wrong_examples(run, EXAMPLES), experiment.dataset.class_names
    answers = run.unlearned.test.argmax(1)
    texts = [f"{names[experiment.dataset.y_test[row]]} → {names[answers[row]]}" for row in rows]
    shown = images("test", rows, texts)
    return {"images": shown, "caption": story_stage.wrong_caption(run)} if shown else {}


def space_chapter(run: Result) -> Chapter | None:
    """How much of every layer is free."""
    spectra = cache.spectra(run.config)
    if spectra is None:
        return None
    config, single = run.config, bool(run.split.forget_ids)
    threshold = settings(config).energy_threshold
    uncut = projector_of(run.chosen) if run.chosen else ""
    if run.chosen and run.chosen["energy_threshold"] is not None:
        threshold, uncut = run.chosen["energy_threshold"], ""
    cut_at = cuts(spectra, threshold, config.energy_thresholds)
    stage["directions"] = story_stage.directions(spectra, cut_at)
    if config.subspace == "merge":
        own = {layer: (of["rank"], of["dim"]) for layer, of in run.null_space.items()}
        return story_method.null_space(own, {}, single=single)
    return story_method.null_space(ranks(spectra, cut_at), cut_at, single=single, uncut=uncut)


def targets_chapter(run: Result) -> Chapter | None:
    """What the forgotten samples are trained towards."""
    if run.labels is not None:
        words, targets = story_method.pseudo_labels(run), run.labels
    elif run.original.train is not None:
        words, shares = story_method.masked_targets(run)
        targets = shares.argmax(1)
    else:
        return None
    rows, places = np.empty(0, np.intp), np.empty((0, 2), np.float32)
    if run.original.has("train"):
        shown, gone = maps.shown(run.split, "train"), run.split.is_forgotten("train")
        places = cache.positions(kind, run, "train")["original"][gone[shown]]
        rows = shown[gone[shown]]
    stage["targets"] = story_stage.destinations(run, targets, places, rows, ranges(placed))
    return words


def gone_chapter(run: Result) -> Chapter:
    """Whether an audit still finds the class, if one of this run is stored."""
    found, name = cache.some_audits(run.config), "linear-probe"
    probe = None if found is None else over_seeds(AUDITS[name], found[name])
    stage["probe"] = story_stage.probed(probe, run_title(run))
    return story.gone(run, probe)


def chapters() -> list[dict[str, Any]]:
    """All chapters that there are results for."""
    samples = np.flatnonzero(result.split.is_forgotten(part))[:EXAMPLES]
    names = [experiment.dataset.class_names[c] for c in experiment.dataset.labels(part)[samples]]
    stage["examples"] = images(part, samples, names)
    what = {"test": "Test", "train": "Training"}[part]
    stage["examples_of"] = f"{what} images: {experiment.request}"
    told: list[tuple[Chapter | None, Result]] = [(story.request(result), result)]
    if careless is None:
        told.append((story.waiting("2 · The obvious way", "random-labels"), result))
    else:
        told.append((story.careless(careless), careless))
    if calibrated is None:
        told.append((story.waiting("3 to 7 · Calibration", CALIBRATING[0]), result))
    else:
        told += [(space_chapter(calibrated), calibrated), (targets_chapter(calibrated), calibrated)]
        told += [(story.ending(calibrated), calibrated), (story.hiding(calibrated), calibrated)]
        if calibrated.split.forget_classes:
            told.append((gone_chapter(calibrated), calibrated))
    query = st.query_params.to_dict()
    written = []
    for chapter, run in told:
        if chapter is None:
            continue
        page, label = LINKS[chapter.key]
        guess = chapter.guess and chapter.guess.as_json()
        link = {"page": page, "label": label, "address": page_links.address(page, query)}
        shown = {"run": run.key, "guess": guess, "link": link, **wrong(run, chapter)}
        written.append(vars(chapter) | shown)
    return written


def notes() -> dict[str, str]:
    """What is said before chapters that show another run than the controls ask for."""
    if calibrated is None or calibrated is result:
        return {}
    own, other = run_title(result), run_title(calibrated)
    return {"space": f"From here on: **{other}** on the same request, to compare with **{own}**."}


def next_steps() -> None:
    """Where a teacher and a learner go from here."""
    teacher, learner = st.columns(2)
    with teacher.container(border=True, height="stretch"):
        st.markdown(
            "**Teaching?** The address holds every setting. Open *Share* and give the link to your "
            "class: everyone sees the same picture."
        )
        page_links.link("compare", "Compare all methods")
    with learner.container(border=True, height="stretch"):
        st.markdown(
            "**Learning on your own?** Watch three methods forget points in the plane, then choose "
            "another class here."
        )
        page_links.link("lab", "Open the 2-D lab")


header.title("Make a network forget, and keep the rest", *header.TERMS, "Calibrated")
experiment = controls.experiment()
with st.container():
    if not before.is_known() and cache.result(experiment.config) is None:
        presets.buttons()
experiment, result = jobs.result_or_before(experiment)
shown, missing = st.container(), st.container()
calibrates = experiment.config.method in CALIBRATING
with missing:
    careless = method_result("random-labels") if calibrates else result
    calibrated = result if calibrates else method_result(CALIBRATING[0])

runs = {"careless": careless, "calibrated": calibrated}
there = {name: run for name, run in runs.items() if run is not None}
part = result.split.measured_part
if not all(run.unlearned.has(part) and run.original.has(part) for run in there.values()):
    part = "test"
kind = "UMAP" if cache.has_umap(experiment.config) else "PCA"
rows = maps.shown(result.split, part)
picked = selection.current(result)
chosen = picked.of(part)
thin = result.split.is_forgotten(part)[rows] | (np.arange(len(rows)) % THINNING == 0)
thin |= np.isin(rows, chosen)
more = np.setdiff1d(chosen, rows)[:MOST_ADDED]
placed = {}
for name, model, run in (
    ("original", "original", result),
    *((name, "unlearned", run) for name, run in there.items()),
):
    usual, added = cache.positions(kind, run, part), cache.positions_of(kind, run, part, more)
    placed[name] = np.concatenate([usual[model][thin], added[model]])
rows = np.concatenate([rows[thin], more])
marked = np.isin(rows, chosen)
stage = story_stage.stage_map(result, placed, rows, part)
stage["selected"] = np.flatnonzero(marked).tolist()
stage["bars"] = story_stage.bars(careless, calibrated)
if part == "test":
    stage["wrong"] = {
        name: story_stage.turned_wrong(run, rows).tolist() for name, run in there.items()
    }

with shown:
    selection_line.draw(picked, part, int(marked.sum()), "ringed on the map (◎)")
    component.draw(
        {
            "lead": story.lead(result),
            "start": f"Forget {experiment.request}",
            "chapters": chapters(),
            "notes": notes(),
            "stage": stage,
            "presets": presets.offered(),
        }
    )

st.header("This run in numbers")
header.strip(experiment, result)
st.header("Where to go next")
next_steps()

cache.engine()  # starts in the background, so that it is ready at the first click
