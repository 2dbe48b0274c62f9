"""Compare: every method on this request, beside the retrained model, over seeds and epochs, and at equal forgetting."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from pages.shared import batch, cache, controls, header, jobs, show, state
from unsc_core.analysis import comparison
from unsc_core.analysis.claims import FORGOTTEN
from unsc_core.analysis.replay import MAX_SAMPLES, epochs_key
from unsc_core.config import ExperimentConfig
from unsc_core.experiment.keys import keys, logits_key
from unsc_core.figures import standings
from unsc_core.figures.accuracy_plane import plane
from unsc_core.figures.change_map import change_map
from unsc_core.figures.equal_forgetting import equal_forgetting
from unsc_core.methods import METHODS

st.title("Compare")
chosen = controls.experiment()
st.markdown(
    "The same request to every method. A method is good when it forgets (Acc_f near 0 %) **and** keeps the rest. Two rows to judge by: the "
    "**retrained** model, which never saw the forgotten classes, and the **mask**, which only hides the answer and changes no weight."
)
above = st.container()
data, look = chosen.dataset, show.mode()


def pieces(configs: dict[tuple[str, int], ExperimentConfig]) -> list[batch.Piece]:
    """What all methods need: every method's run with its epochs, and after each seed's first one its retrained model."""
    found = []
    for (method, seed), config in configs.items():
        key = epochs_key(config, data)
        found.append(
            batch.Piece(
                "epochs",
                key,
                config,
                f"{METHODS[method].title}, seed {seed}",
                cache.is_stored("epochs", key),
            )
        )
        if method == comparison.COMPARED[0]:
            retrained = keys(config, data).retrained
            there = all(
                cache.is_stored("logits", logits_key(retrained, data, part))
                for part in ("test", "train")
            )
            found.append(batch.Piece("retrain", retrained, config, f"Retrain, seed {seed}", there))
    return found


def set_apart(row: pd.Series) -> list[str]:
    """The references on grey, UNSC in teal."""
    reference = row["Method"] in map(standings.name, comparison.REFERENCES)
    style = (
        f"background-color: {look.grid}"
        if reference
        else f"color: {look.teal}"
        if row["Method"].startswith(standings.MARK)
        else ""
    )
    return [style] * len(row)


left, right = st.columns([1, 3], vertical_alignment="bottom")
now = state.current()
count = left.segmented_control(
    "Seeds",
    state.SEEDS,
    default=now.seeds,
    required=True,
    key="control_seeds",
    help="One seed is quick; three tell a difference from chance.",
)
state.keep(replace(now, seeds=count))
configs = comparison.configs(
    chosen.config, data, range(chosen.config.seed, chosen.config.seed + count)
)
with right:
    batch.run_all(pieces(configs), "Run all methods")
with above:
    header.strip(chosen, jobs.result(chosen))
runs = [run for run in map(cache.run, configs.values()) if run is not None]
if not runs:
    st.info("Run all methods to compare them.", icon=":material/info:")
    st.stop()

st.dataframe(
    pd.DataFrame(standings.table(runs)).style.apply(set_apart, axis=1),
    hide_index=True,
    height="content",
    alt="Methods and their measures",
    column_config={
        "Method": st.column_config.TextColumn(width=160),
        "Seeds": st.column_config.TextColumn(alignment="right"),
        "Verdict": st.column_config.TextColumn(width=200),
    }
    | {
        column: st.column_config.TextColumn(help=text, alignment="right")
        for column, text in standings.columns().items()
    },
)
st.caption(
    f"◆ UNSC · on grey: references · forgets: Acc_f at most {FORGOTTEN:g} % with every seed · above, below: by Acc_r · "
    + (
        "± half of the 95 % interval over the seeds, of differences paired by seed · tied: the interval of the difference holds 0"
        if count > 1
        else "one seed: no interval, so a small difference may be chance"
    )
)

st.header("On the way to forgetting")
pictures = {"plane": plane(runs, look)}
show.picture(pictures["plane"], "plane")
st.caption(
    "A small dot per epoch, a mark at the end, grey lines to the names · ★ retrained · ◇ mask · ○ original · "
    "dotted: in one step, or epochs not recorded"
    + (
        f" · paths are counted on {MAX_SAMPLES:,} test images"
        if len(data.y_test) > MAX_SAMPLES
        else ""
    )
)

st.header("At equal forgetting")
st.markdown(
    "Of every method the epoch at which Acc_f has come down to the chosen value. An **oracle**: the epoch is picked by the test accuracy itself, "
    "which nobody knows while unlearning, so this shows what each method could keep at its best moment, not what it would."
)


@st.fragment
def equal() -> None:
    """The slider and what it moves; only this part is drawn again."""
    kept = state.current()
    most = st.slider(
        "Acc_f to compare at, %",
        0,
        30,
        kept.equal,
        key="control_equal",
        help="The epoch with the highest test Acc_f at or under this is taken, and Acc_r is compared there.",
    )
    state.keep(replace(kept, equal=most))
    picture = equal_forgetting(runs, most, look)
    show.picture(picture, "equal")
    show.downloads({"equal-forgetting": picture})


equal()

st.header("Who pays")
pictures["change"] = change_map(
    runs,
    data.class_names,
    [c for c in range(data.num_classes) if c not in chosen.config.forget_classes],
    look,
)
show.picture(pictures["change"], "change")
st.markdown(f"**{standings.conclusion(runs)}**")
show.downloads(pictures)
