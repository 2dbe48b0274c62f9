"""Runs: everything that was computed in this data folder, two runs side by side, and runs as files."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from pages.shared import cache, controls, show, state, stored
from unsc_core.analysis import maps
from unsc_core.analysis.measures import MEASURES
from unsc_core.analysis.summary import summary
from unsc_core.experiment.keys import keys
from unsc_core.experiment.result import Result
from unsc_core.figures.accuracy import change_per_class
from unsc_core.figures.decision_space import ranges, space
from unsc_core.figures.phrases import MODEL_TITLES, run_title
from unsc_core.figures.theme import Picture
from unsc_core.figures.two_runs import comparison, differences, seconds_note
from unsc_core.runs.history import LIMIT, Run

SIDES = ("A", "B")


def table(runs: list[Run]) -> None:
    """The history, newest first."""
    configs = [run.config for run in runs]
    columns = {
        "When": [datetime.fromtimestamp(run.created) for run in runs],
        "Dataset": [stored.dataset_title(c.dataset) if c else None for c in configs],
        "Model": [c.model if c else None for c in configs],
        "Forgets": [", ".join(run.forgets) for run in runs],
        "Method": [stored.method(run) if run.config else None for run in runs],
        "γ": [c.energy_threshold if c else None for c in configs],
        "Seed": [c.seed if c else None for c in configs],
        "Acc_f": [run.acc_forget for run in runs],
        "Acc_r": [run.acc_retain for run in runs],
        "Seconds": [run.seconds for run in runs],
        "Note": [run.trouble for run in runs],
    }
    number = st.column_config.NumberColumn
    formats = {
        "When": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm"),
        "γ": number(format="%g", help="Kept share of the retained energy."),
        "Acc_f": number(format="%.1f %%", help=MEASURES["acc_forget"].help),
        "Acc_r": number(format="%.1f %%", help=MEASURES["acc_retain"].help),
        "Seconds": number(format="%.1f", help=MEASURES["seconds"].help),
    }
    st.dataframe(
        columns,
        column_config=formats,
        hide_index=True,
        height=min(38 + 35 * len(runs), 388),
        placeholder="–",
        alt="All runs, newest first",
        key="runs_table",
    )


def picked(runs: list[Run]) -> list[Run]:
    """The two runs to look at, from the select boxes or the link; one, where there is no other."""
    by_key = {run.key: run for run in runs}
    whole = [run.key for run in runs if not run.trouble] or list(by_key)
    chosen = []
    for side, default in zip(SIDES, (whole[0], whole[min(1, len(whole) - 1)]), strict=True):
        name, asked = f"run_{side.lower()}", st.query_params.get(side.lower())
        if name not in st.session_state and asked is not None and asked not in by_key:
            st.warning(
                f"The link says {side.lower()} = '{asked[:40]}', which is no run in this data folder; another is shown.",
                icon=":material/link_off:",
            )
        if st.session_state.get(name) not in by_key:  # at first, and after it was deleted
            st.session_state[name] = asked if asked in by_key else default
    for side, column in zip(SIDES[: len(runs)], st.columns(2), strict=False):
        chosen.append(
            column.selectbox(
                f"Run {side}",
                list(by_key),
                key=f"run_{side.lower()}",
                format_func=lambda key: stored.label(by_key[key]),
            )
        )
    wanted = {**state.to_query(state.current()), **dict(zip("ab", chosen, strict=False))}
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)
    return [by_key[key] for key in chosen]


def numbers(results: list[Result]) -> None:
    """The header numbers of both and their difference, beside what their original, the mask and the retrained model score."""
    both = [summary(result) for result in results]
    measures = list(MEASURES.values())
    values = [[measure.read(n) for n in both] for measure in measures]
    rows = {"": [measure.name for measure in measures]}
    for i, side in enumerate(SIDES):
        rows[side] = [measure.text(pair[i]) for measure, pair in zip(measures, values, strict=True)]
    rows["B − A"] = [
        measure.difference(_difference(measure.key, pair, results))
        for measure, pair in zip(measures, values, strict=True)
    ]
    shared = same_references(results)
    for i, side in enumerate(SIDES[:1] if shared else SIDES):
        for model in ("original", "mask", "retrained"):
            if both[i].get(model):
                title = MODEL_TITLES[model] if shared else f"{MODEL_TITLES[model]} of {side}"
                rows[title] = [measure.text(measure.read(both[i], model)) for measure in measures]
    st.table(
        rows,
        border="horizontal",
        hide_index=True,
        alt="Header numbers of runs A and B and their difference, and of their references",
    )
    apart = results[0].took["unlearned"].apart(results[1].took["unlearned"])
    if apart:
        st.caption(f"Seconds of A and B are not compared: {apart}.")
    for side, result in zip(SIDES, results, strict=True):
        if note := seconds_note(result):
            st.caption(f"{side}: {note}")
    with st.popover("What the numbers mean", icon=":material/help:"):
        st.markdown("\n".join(f"- **{measure.name}**: {measure.help}" for measure in measures))


def _difference(key: str, pair: list[float | None], results: list[Result]) -> float | None:
    """B − A of one measure; None where one lacks it, or where seconds are of different machines."""
    one, other = pair
    if (
        one is None
        or other is None
        or (key == "seconds" and results[0].took["unlearned"].apart(results[1].took["unlearned"]))
    ):
        return None
    return other - one


def same_references(results: list[Result]) -> bool:
    """Whether original, mask and retrained model are the same of both."""
    found = [keys(result.config, result.split.dataset) for result in results]
    same_request = (
        results[0].split.forget_classes == results[1].split.forget_classes
        and results[0].split.forget_ids == results[1].split.forget_ids
    )
    return same_request and (found[0].original, found[0].retrained) == (
        found[1].original,
        found[1].retrained,
    )


def placed_pictures(results: list[Result]) -> dict[str, Picture]:
    """Both unlearned models on the one map of their original."""
    positions = [cache.positions("PCA", result, result.split.measured_part) for result in results]
    window = ranges(
        {
            f"{side}-{name}": p
            for side, placed in zip(SIDES, positions, strict=True)
            for name, p in placed.items()
        }
    )
    pictures = {}
    for side, result, placed in zip(SIDES, results, positions, strict=True):
        part = result.split.measured_part
        picture = space(
            result,
            "unlearned",
            placed,
            maps.shown(result.split, part),
            show.mode(),
            paths=True,
            window=window,
            part=part,
        )
        picture.figure.update_layout(title_text=f"{side}: {run_title(result)}")
        pictures[f"map-{side.lower()}"] = picture
    return pictures


def changes(results: list[Result]) -> dict[str, Picture]:
    """The change of every retained class, on one scale."""
    pictures = {
        f"change-{side.lower()}": change_per_class([result], show.mode())
        for side, result in zip(SIDES, results, strict=True)
    }
    values = [
        value for picture in pictures.values() for bar in picture.figure.data for value in bar.y
    ]
    room = 0.08 * (max(0, *values) - min(0, *values)) + 0.1
    for side, picture in zip(SIDES, pictures.values(), strict=True):
        picture.figure.update_yaxes(range=[min(0, *values) - room, max(0, *values) + room])
        picture.figure.update_layout(
            title={
                "text": f"{side}: change per retained class",
                "x": 0,
                "y": 0.98,
                "font": {"size": 17},
            }
        )
    return pictures


def same_map(results: list[Result]) -> bool:
    """Whether both began at the same original, so that one map holds both."""
    data = [result.split.dataset for result in results]
    begun = [keys(result.config, d).original for result, d in zip(results, data, strict=True)]
    answered = all(
        answers.has(result.split.measured_part)
        for result in results
        for answers in (result.original, result.unlearned)
    )
    return begun[0] == begun[1] and data[0].test_digest == data[1].test_digest and answered


st.title("Runs")
controls.use_navigation()
st.markdown(
    "Every experiment that was computed in this data folder, newest first. Pick two to see them side by side."
)
runs = stored.listed()
stored.take_in()
if not runs:
    st.info(
        "No run is stored here yet: open the story, and the first one is computed.",
        icon=":material/info:",
    )
    st.stop()
table(runs)
if len(runs) == LIMIT:
    st.caption(f"The {LIMIT} runs that were written last are listed.")
pair = picked(runs)
results = []
for side, run, column in zip(SIDES, pair, st.columns(2), strict=False):
    with column.container(border=True, height="stretch"):
        results.append(stored.card(side, run))

if len({run.key for run in pair}) == 2 and None not in results:
    st.header("Side by side")
    show.mark_files(sorted({words for result in results for words in result.alterations}))
    st.markdown(comparison(*results))
    st.markdown(differences(*results))
    numbers(results)
    pictures = changes(results)
    show.in_rows(pictures, 2)
    if same_map(results):
        placed = placed_pictures(results)
        st.caption(
            ":red[**×**] forgotten · **●** retained · lines: each forgotten sample's way · PCA of the original's logits, one map for both"
        )
        show.in_rows(placed, 2)
        pictures |= placed
    else:
        st.caption(
            "A map is shown for runs that share dataset, model and original: only then do places mean the same."
        )
    show.downloads(pictures)
elif len(runs) > 1 and pair[0] == pair[1]:
    st.info("A and B are the same run; pick another to compare.", icon=":material/info:")
