"""Runs: every stored run, two of them side by side, and runs as files."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from pages.shared import (
    cache,
    controls,
    glossary,
    header,
    lesson,
    link_notes,
    pictures,
    refusal,
    room,
    run_card,
    state,
)
from unsc_core.analysis import maps
from unsc_core.analysis.measures import MEASURES
from unsc_core.analysis.summary import summary
from unsc_core.errors import one_line
from unsc_core.experiment import store_limit
from unsc_core.experiment.keys import keys
from unsc_core.experiment.result import Result
from unsc_core.figures.accuracy import change_per_class
from unsc_core.figures.decision_space import ranges, space
from unsc_core.figures.phrases import MODEL_TITLES, model_title, run_title
from unsc_core.figures.theme import Picture
from unsc_core.figures.two_runs import comparison, differences, same_request, seconds_note
from unsc_core.runs.history import LIMIT, Run
from unsc_core.runs.pair import default_pair

SIDES = ("A", "B")


def draw_table(runs: list[Run]) -> None:
    """All runs, newest first."""
    configs = [run.config for run in runs]
    columns = {
        "When": [datetime.fromtimestamp(run.created) for run in runs],
        "Dataset": [run_card.dataset_title(c.dataset) if c else None for c in configs],
        "Model": [model_title(c.model) if c else None for c in configs],
        "Forgets": [", ".join(run.forgets) for run in runs],
        "Method": [run_card.method(run) if run.config else None for run in runs],
        "γ": [c.energy_threshold if c else None for c in configs],
        "Seed": [c.seed if c else None for c in configs],
        "Acc_f": [run.acc_forget for run in runs],
        "Acc_r": [run.acc_retain for run in runs],
        "Seconds": [run.seconds for run in runs],
        "Note": [run.trouble for run in runs],
    }
    formats = {"γ": "%g", "Acc_f": "%.1f\u00a0%%", "Acc_r": "%.1f\u00a0%%", "Seconds": "%.1f"}
    numbers = {
        name: st.column_config.NumberColumn(format=text, help=glossary.meaning(name))
        for name, text in formats.items()
    }
    st.dataframe(
        columns,
        column_config={
            "When": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm"),
            **numbers,
        },
        hide_index=True,
        height=min(38 + 35 * len(runs), 388),
        placeholder="–",
        alt="All runs, newest first",
        key="runs_table",
    )
    if len(runs) == LIMIT:
        st.caption(f"Only the latest {LIMIT} runs are listed.")
    st.caption(store_limit.words(cache.store().root))


def choose(runs: list[Run]) -> list[Run]:
    """The two runs to compare, from the select boxes or the link; one, if there is no other."""
    by_key = {run.key: run for run in runs}
    chosen = []
    for side, default in zip(SIDES, default_pair(runs), strict=True):
        name, wanted = f"run_{side.lower()}", st.query_params.get(side.lower())
        if name not in st.session_state and wanted is not None and wanted not in by_key:
            text = (
                f"The link says {side.lower()} = '{wanted[:40]}', which is not a run in this data "
            )
            st.warning(
                refusal.as_typed(one_line(f"{text}folder; another run is shown.")),
                icon=link_notes.ICON,
            )
        if st.session_state.get(name) not in by_key:  # at first, and after it was deleted
            st.session_state[name] = wanted if wanted in by_key else default
    for side, column in zip(SIDES[: len(runs)], st.columns(2), strict=False):
        chosen.append(
            column.selectbox(
                f"Run {side}",
                list(by_key),
                key=f"run_{side.lower()}",
                format_func=lambda key: run_card.label(by_key[key]),
            )
        )
    query = {**state.to_query(state.current()), **dict(zip("ab", chosen, strict=False))}
    kept = (*lesson.PARTS, room.IN_LINK)
    query |= {name: st.query_params[name] for name in kept if name in st.query_params}
    if st.query_params.to_dict() != query:
        st.query_params.from_dict(query)
    return [by_key[key] for key in chosen]


def side_by_side(results: list[Result]) -> None:
    """Settings, numbers and figures of two runs."""
    st.header("Side by side")
    pictures.mark_files(sorted({words for result in results for words in result.alterations}))
    st.markdown(comparison(*results))
    st.markdown(differences(*results))
    draw_numbers(results)
    drawn = change_pictures(results)
    pictures.draw_in_rows(drawn, 2)
    if has_same_map(results):
        st.caption(
            ":orange[**×**] forgotten · **●** retained · lines: from the place in the original to "
            "the place in this model · PCA of the logits of the original, one map for both runs"
        )
        maps_drawn = map_pictures(results)
        pictures.draw_in_rows(maps_drawn, 2)
        drawn |= maps_drawn
    else:
        st.caption(
            "Maps are shown only for runs with the same dataset, model and original, because "
            "otherwise places on the two maps cannot be compared."
        )
    pictures.downloads(drawn)


def draw_numbers(results: list[Result]) -> None:
    """The measures of both runs, their differences, and the measures of their references."""
    both = [summary(result) for result in results]
    measures = list(MEASURES.values())
    values = [[measure.read(n) for n in both] for measure in measures]
    rows = {"": [measure.name for measure in measures]}
    for i, side in enumerate(SIDES):
        rows[side] = [measure.text(pair[i]) for measure, pair in zip(measures, values, strict=True)]
    if same_request(*results):
        rows["B − A"] = [
            measure.difference(_difference(measure.key, pair, results))
            for measure, pair in zip(measures, values, strict=True)
        ]
    shared = has_same_references(results)
    for i, side in enumerate(SIDES[:1] if shared else SIDES):
        for model in ("original", "mask", "retrained"):
            if both[i].get(model):
                title = MODEL_TITLES[model] if shared else f"{MODEL_TITLES[model]} of {side}"
                rows[title] = [measure.text(measure.read(both[i], model)) for measure in measures]
    st.table(
        rows,
        border="horizontal",
        hide_index=True,
        alt="Measures of runs A and B, their difference, and the measures of their references",
    )
    apart = results[0].took["unlearned"].apart(results[1].took["unlearned"])
    if apart:
        st.caption(f"The seconds of A and B cannot be compared: {apart}.")
    for side, result in zip(SIDES, results, strict=True):
        if note := seconds_note(result):
            st.caption(f"{side}: {note}")


def _difference(key: str, pair: list[float | None], results: list[Result]) -> float | None:
    """B − A of one measure; None where one is missing, or for seconds of different machines."""
    one, other = pair
    if one is None or other is None:
        return None
    if key == "seconds" and results[0].took["unlearned"].apart(results[1].took["unlearned"]):
        return None
    return other - one


def has_same_references(results: list[Result]) -> bool:
    """Whether both runs have the same original, mask and retrained model."""
    a, b = (keys(result.config, result.split.dataset) for result in results)
    return same_request(*results) and (a.original, a.retrained) == (b.original, b.retrained)


def map_pictures(results: list[Result]) -> dict[str, Picture]:
    """Both unlearned models on the one map of their original."""
    positions = [cache.positions("PCA", result, result.split.measured_part) for result in results]
    window = ranges(
        {
            f"{side}-{name}": points
            for side, placed in zip(SIDES, positions, strict=True)
            for name, points in placed.items()
        }
    )
    drawn = {}
    for side, result, placed in zip(SIDES, results, positions, strict=True):
        part = result.split.measured_part
        rows, look = maps.shown(result.split, part), pictures.page_look()
        picture = space(
            result, "unlearned", placed, rows, look, paths=True, window=window, part=part
        )
        picture.figure.update_layout(title_text=f"{side}: {run_title(result)}")
        drawn[f"map-{side.lower()}"] = picture
    return drawn


def change_pictures(results: list[Result]) -> dict[str, Picture]:
    """The change of every class that is not forgotten, on one scale."""
    drawn = {
        f"change-{side.lower()}": change_per_class([result], pictures.page_look())
        for side, result in zip(SIDES, results, strict=True)
    }
    values = [value for picture in drawn.values() for bar in picture.figure.data for value in bar.y]
    low, high = min(0, *values), max(0, *values)
    margin = 0.08 * (high - low) + 0.1
    for side, picture, result in zip(SIDES, drawn.values(), results, strict=True):
        picture.figure.update_yaxes(range=[low - margin, high + margin])
        title = f"{side}: change per {'' if result.split.forget_ids else 'retained '}class"
        picture.figure.update_layout(title={"text": title, "x": 0, "y": 0.98, "font": {"size": 17}})
    return drawn


def has_same_map(results: list[Result]) -> bool:
    """Whether both runs start from the same original, so that one map holds both."""
    a, b = (result.split.dataset for result in results)
    originals = {keys(result.config, result.split.dataset).original for result in results}
    complete = all(
        model.has(result.split.measured_part)
        for result in results
        for model in (result.original, result.unlearned)
    )
    return len(originals) == 1 and a.test_digest == b.test_digest and complete


header.title("Runs", *header.TERMS, "Gap to retrain", "Drift", "Agreement", "Seconds")
controls.use_navigation()
lesson.current()  # before the address is written anew
st.markdown("Every run stored in this data folder, newest first. Choose two to compare them.")
runs = run_card.list_or_stop()
run_card.import_form()
if not runs:
    st.info(
        "No run is stored here yet. Open the story: it computes the first one.",
        icon=":material/info:",
    )
    st.stop()
draw_table(runs)
pair = choose(runs)
results = []
for side, run, column in zip(SIDES, pair, st.columns(2), strict=False):
    with column.container(border=True, height="stretch"):
        result = run_card.card(side, run)
        if result is not None:
            results.append(result)

if len({run.key for run in pair}) == len(results) == 2:
    side_by_side(results)
elif len(runs) > 1 and pair[0] == pair[1]:
    st.info("A and B are the same run. Choose another to compare.", icon=":material/info:")
