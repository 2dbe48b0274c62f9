"""Compare: every method on this request, beside the retrained model and the mask."""

from dataclasses import replace

import streamlit as st

from pages.shared import (
    batch,
    cache,
    comparison_table,
    controls,
    header,
    jobs,
    link_choices,
    pictures,
    selection,
    selection_line,
    state,
)
from pages.shared.components import linked
from unsc_core.analysis import comparison, parts
from unsc_core.analysis.claims import Forgetting
from unsc_core.analysis.replay import MAX_SAMPLES, epochs_key
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.artefacts import EPOCHS
from unsc_core.figures import parts as parts_figure
from unsc_core.figures import selected_answers, standings
from unsc_core.figures.accuracy_plane import plane
from unsc_core.figures.change_map import change_map
from unsc_core.figures.equal_forgetting import equal_forgetting as equal_forgetting_figure
from unsc_core.figures.equal_forgetting import nothing_to_forget
from unsc_core.figures.ladder import SORTS, ladder, ordered
from unsc_core.figures.phrases import counted, joined
from unsc_core.figures.theme import Picture
from unsc_core.jobs.cost import duration
from unsc_core.methods import METHODS


def configs_of(of: state.ResolvedExperiment) -> dict[tuple[str, int], ExperimentConfig]:
    """(method, seed) -> config, of the chosen methods and as many seeds as are chosen."""
    seeds = range(of.config.seed, of.config.seed + count)
    if method_set == "parts":
        return parts.configs(of.config, of.dataset, seeds)
    return comparison.configs(of.config, of.dataset, seeds, comparison.METHOD_SETS[method_set])


def batch_items(of: state.ResolvedExperiment) -> list[batch.BatchItem]:
    """Every method's run with its epochs; after the first one of each seed, its retrained model."""
    items, data, configs = [], of.dataset, configs_of(of)
    for (method, seed), config in configs.items():
        key, title = epochs_key(config, data), f"{METHODS[method].title}, seed {seed}"
        done = cache.is_stored(EPOCHS, key)
        items.append(batch.BatchItem("epochs", key, config, title, done))
        if method == next(iter(configs))[0]:
            items.append(batch.retraining(config, data))
    return items


def choose_set() -> tuple[str, int]:
    """Which methods are compared, and over how many seeds."""
    now = state.current()
    methods = choices.segmented_control(
        "Methods",
        list(comparison.METHOD_SETS),
        format_func=lambda name: f"{name.capitalize()} · {len(comparison.METHOD_SETS[name])}",
        default=now.methods,
        required=True,
        key="control_methods",
        help="All: with further methods of the field, most of them in their published form. Parts: "
        "UNSC taken apart, two targets × three sets of weights × what is read.",
    )
    seeds = choices.segmented_control(
        "Seeds",
        state.SEED_COUNTS,
        default=now.seeds,
        required=True,
        key="control_seeds",
        help="One seed is quick. Three seeds can tell a difference from chance.",
    )
    state.keep(replace(now, methods=methods, seeds=seeds))
    return methods, seeds


def choose_order() -> tuple[str, str]:
    """By what the methods are put in order, and which of them are shown."""
    link_choices.read("sort", SORTS, "acc_r")
    by = choices.selectbox(
        "Sort by",
        list(SORTS),
        format_func=lambda key: f"Sort by {SORTS[key]}",
        label_visibility="collapsed",
        key="sort",
        on_change=link_choices.write,
        args=("sort", "acc_r"),
        width=165,
    )
    link_choices.read("show", SHOWN, "all")
    which = choices.selectbox(
        "Show",
        list(SHOWN),
        format_func=SHOWN.__getitem__,
        label_visibility="collapsed",
        key="show",
        on_change=link_choices.write,
        args=("show", "all"),
        width=165,
    )
    return by, which


def in_order() -> list[str]:
    """The methods to show, from the top; it is said which are left out."""
    every, of = ordered(runs, sort), comparison.by_method(runs)
    if show == "all":
        return every
    out = [method for method in every if not comparison.forgets(of[method])]
    if out:
        names = joined([standings.name(method, of[method]) for method in out])
        why = "because they do not forget, or because that is not known yet"
        st.caption(f"Not shown, {why}: {names}.")
    return [method for method in every if method not in out]


def draw_first() -> dict[str, Picture]:
    """The parts as a grid, where these are compared; every method, and its way there."""
    found = {}
    if method_set == "parts":
        config = configs_of(experiment)["unsc", experiment.config.seed]
        threshold = f"{config.energy_threshold:g}" if config.energy_threshold else "per layer"
        found["parts"] = cache.picture(parts_figure.grid, runs, look, threshold)
        pictures.draw(found["parts"], "parts", sentence=False)
        st.markdown(f"**{found['parts'].sentence}**")
        st.caption(parts_figure.note())
    left, right = st.columns([11, 10])
    with left:
        found["methods"] = cache.picture(ladder, runs, order, look, sort, experiment.config.method)
        pictures.draw(found["methods"], "methods", sentence=False)
        st.markdown(f"**{found['methods'].sentence}**")
    with right:
        found["plane"] = cache.picture(plane, shown, look)
        pictures.draw(found["plane"], "plane")
    linked.methods()
    counted_on = f" · epochs are measured on {MAX_SAMPLES:,} test samples"
    st.caption(
        "Point at a mark to see its method in both figures · ◀ further left than drawn · in the "
        "plane, small dots are epochs and the large mark is the last one · "
        f"★ retrained{'' if samples else ' · ◇ mask'} · ○ original · dotted: in one step, or "
        "epochs not recorded" + (counted_on if len(data.y_test) > MAX_SAMPLES else "")
    )
    return found


def foretell_parts(items: list[batch.BatchItem]) -> None:
    """What the grid will show, and how long it takes, while parts are missing.

    Most stop before their last epoch, which the estimate cannot know.
    """
    missing = [(item.kind, item.config) for item in items if not item.done]
    if not missing:
        return
    cost = cache.cost(missing)
    takes = f" That takes at most about {duration(cost.seconds)} on this machine." if cost else ""
    st.info(
        "Once all twelve have been run, a grid shows what each of them keeps beside the mask, and "
        f"one sentence says what the null space buys.{takes}",
        icon=":material/grid_on:",
    )


def draw_selected() -> None:
    """What every method predicts for the selected samples, with the seed of the sidebar."""
    picked = selection.current(result)
    if picked.selection is None:
        return
    part, rows = picked.selection.part, picked.rows
    st.header("The selected samples")
    references = {
        name: one.of(part)[rows].argmax(1)
        for name, one in result.rows.items()
        if name != "unlearned" and one.has(part)
    }
    methods, missing, of = {}, [], comparison.by_method(runs)
    for (method, seed), config in configs_of(experiment).items():
        if seed == experiment.config.seed and method in order:
            found, title = cache.predicted(config, part), standings.name(method, of[method])
            if found is None:
                missing.append(title)
            else:
                methods[method] = title, found[rows]
    seeded = f", with seed {experiment.config.seed}" if count > 1 else ""
    how = f"by the class that each model predicts{seeded}"
    selection_line.draw(picked, part, len(rows), how)
    if not len(rows) or not (methods or references):
        return
    answers = dict(methods[method] for method in order if method in methods)
    labels = data.labels(part)[rows]
    drawn["selected"] = selected_answers.strips(references, answers, labels, result.split, look)
    pictures.draw(drawn["selected"], "selected", sentence=False)
    st.caption(selected_answers.note(drawn["selected"]))
    st.markdown(drawn["selected"].sentence)
    if missing:
        st.caption(f"Not predicted yet by {joined(missing)}.")


@st.fragment
def equal_forgetting() -> None:
    """A slider and its figure; only this part is drawn again when it moves."""
    now = state.current()
    acc_forget = st.slider(
        "Acc_f to compare at, %",
        0,
        30,
        now.equal,
        key="control_equal",
        help="From each method, the epoch with the highest test Acc_f that is not above this value "
        "is taken. Acc_r is compared there.",
    )
    state.keep(replace(now, equal=acc_forget))
    draw_equal(acc_forget)


def draw_equal(acc_forget: int) -> None:
    """The figure at this Acc_f."""
    if nothing := nothing_to_forget(shown, acc_forget, experiment.request):
        st.info(nothing, icon=":material/info:")
        return
    picture = cache.picture(equal_forgetting_figure, shown, acc_forget, look)
    pictures.draw(picture, "equal-forgetting")
    pictures.downloads({"equal-forgetting": picture})


# Of a request for classes, and for single samples: what a good method does; which epoch is taken.
GOALS = {
    False: "Every method gets the same request. A good method forgets (Acc_f near 0\u00a0%) "
    "**and** keeps the retained classes. Two references: the **retrained** model never saw the "
    "forgotten classes; the **mask** only hides their logits and changes no weight.",
    True: "Every method gets the same request. A good method recognises as many of these samples "
    "as the **retrained** model, which never saw them, **and** keeps its accuracy on the test "
    "images. Recognising fewer can be a trace as well. Single samples have no mask.",
}
EQUAL = {
    False: "For each method, the recorded epoch whose Acc_f comes closest to the chosen value "
    "without exceeding it. It is selected on the test set, so nobody could select it in practice.",
    True: "For each method, the last recorded epoch whose Acc_f is nearest to the retrained "
    "model's. It is selected with that model, so nobody could select it without retraining.",
}
SHOWN = {"all": "Show all", "forgetting": "Those that forget"}
NO_PARTS = (
    "UNSC's parts are compared with the mask, and single samples have none. Choose classes to "
    "forget in the sidebar, or other methods above."
)


header.title("Compare", *header.TERMS, "Agreement", "Drift")
requested = controls.experiment()
choices = header.row("methods")
method_set, count = choose_set()
sort, show = choose_order()
if method_set == "parts" and requested.config.forget_ids:
    st.info(NO_PARTS, icon=":material/block:")
    st.stop()
items = batch_items(requested)
batch.run_button(items, "Run all methods")
if method_set == "parts":
    foretell_parts(items)
experiment, result = jobs.result_or_before(requested)
pictures.mark_files(result.alterations)
samples = len(experiment.config.forget_ids)
data, look = experiment.dataset, pictures.page_look()
runs = [run for run in map(cache.run, configs_of(experiment).values()) if run is not None]
if not runs:
    many = len(comparison.METHOD_SETS[method_set])
    st.info(
        f"None of these {many} methods has been run on this request yet: *Run all methods* does "
        "that, and keeps the results.",
        icon=":material/info:",
    )
    st.stop()
order = in_order()
if not order:
    st.info(
        f"None of the {counted(len(comparison.by_method(runs)), 'method')} that have been run "
        f"forgets here; choose *{SHOWN['all']}* above.",
        icon=":material/info:",
    )
    st.stop()
shown = [run for run in runs if run.method in order]
drawn = draw_first()
with st.container():  # one element with and without a selection, see link_notes
    draw_selected()
header.strip(experiment, result)
st.header("Every measure")
st.markdown(GOALS[samples > 0])
comparison_table.draw(
    runs, order, count, experiment.config.method, look, wide=method_set == "parts"
)

st.header("At equal forgetting")
st.markdown(EQUAL[samples > 0])
if unrecorded := dict.fromkeys(standings.name(r.method) for r in shown if not r.path.recorded):
    every = " with every seed" if count > 1 else ""
    st.caption(
        f"Epochs of {joined([*unrecorded])} are not recorded yet{every}. Of a run without "
        "them, only the unlearned model can be taken; *Run all methods* records them."
    )
if not samples:
    equal_forgetting()
elif any(run.forgetting is not Forgetting.UNKNOWN for run in shown):
    draw_equal(state.current().equal)
else:
    st.info("This needs a retrained model to compare with.", icon=":material/info:")

st.header("Who pays")
retained = [c for c in range(data.num_classes) if c not in experiment.config.forget_classes]
drawn["change"] = cache.picture(change_map, shown, data.class_names, retained, look, order)
pictures.draw(drawn["change"], "change")
st.caption(
    "Change of each class's test accuracy against the original, in points; the colour grows with "
    "the root of the change, so that small and large ones can be told apart."
)
pictures.downloads(drawn)
