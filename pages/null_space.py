"""Null space: what the retained classes use of every layer, and where the weights may move."""

from typing import Any

import streamlit as st

from pages.shared import (
    before,
    cache,
    controls,
    header,
    jobs,
    lesson,
    link_choices,
    page_links,
    pictures,
    state,
    subspace_views,
)
from pages.shared.components import linked
from unsc_core.analysis import geometry
from unsc_core.audits import AUDITS
from unsc_core.audits.entry import check_request
from unsc_core.audits.excess import over_seeds
from unsc_core.errors import AuditError
from unsc_core.figures import spectra as figures
from unsc_core.figures.audit_depth import depth
from unsc_core.figures.gamma_words import without_gamma
from unsc_core.figures.phrases import at_gamma, layer_name
from unsc_core.methods import METHODS
from unsc_core.subspace.energy import energy_error, energy_rank

VIEWS = {
    "Spectra": "the energy along each direction, and the cut at γ",
    "Frozen and reachable": "how much of the forgotten samples' energy lies in free directions",
    "Class angles": "how close the subspaces of the classes are",
    "Drift": "how far retained test samples move in every layer",
    "Readable": "in which layers the forgotten class can still be found",
}
TITLES = {"Frozen and reachable": "Kept and free"}  # for views that links name otherwise
FORMER_VIEW = "Sweep over γ"  # now a page of its own, which older links lead to


def view_title(name: str) -> str:
    """A view as people read it."""
    return TITLES.get(name, name)


def choose_gammas() -> dict[str, float]:
    """The γ of every layer to look at, and a button that unlearns with them."""
    used = state.current().gammas
    place: Any = st.container(horizontal=True, vertical_alignment="bottom", key="gammas")
    each = place.toggle(
        "A γ for each layer", bool(used), key="each_gamma", disabled=lesson.current().fixed("gamma")
    )
    if each:
        shown = {}
        for start in range(0, len(spectra), 3):
            for i, column in enumerate(st.columns(3)[: len(spectra) - start], start):
                shown[list(spectra)[i]] = controls.layer_gamma(column, i)
        changes: dict[str, Any] = {"gammas": tuple(shown.values())}
        is_new, label = changes["gammas"] != used, "Unlearn with these γ"
    else:
        one = controls.gamma(place)
        shown = dict.fromkeys(spectra, one)
        changes = {"gamma": one, "gammas": ()}
        is_new, label = one != run_gamma, f"Unlearn with γ = {one:g}"
    if before.is_shown():
        return shown
    if not method.uses_energy_threshold:
        st.caption(f"{without_gamma(result)} The slider shows cuts at any γ.")
    elif is_new and (st if each else place).button(label, type="primary"):
        state.change(**changes)
        st.rerun()
    return shown


def rank_table() -> dict[str, dict[str, int]]:
    """γ as a slider shows it -> the rank of every layer."""
    now = state.current()
    return {
        str(gamma): {layer: energy_rank(groups[0], gamma) for layer, groups in spectra.items()}
        for gamma in {*state.GAMMAS, now.shown_gamma, *now.gammas}
    }


@st.fragment
def spectra_view(ranks: dict[str, dict[str, int]]) -> None:
    """γ and the cuts it moves; only this part is drawn again when it changes."""
    cut_at, look = choose_gammas(), pictures.page_look()
    total = cache.picture(figures.free_share, titles, spectra, cut_at, look)
    drawn = {
        f"spectrum-{i + 1}": cache.picture(
            figures.spectrum, layer, titles[layer], {layer: values}, cut_at[layer], look
        )
        for i, (layer, values) in enumerate(spectra.items())
    }
    pictures.draw_in_rows(drawn, 3)
    sliders = {controls.LAYER_GAMMA.format(i + 1): [layer] for i, layer in enumerate(spectra)}
    linked.cuts(ranks, {controls.GAMMA: [*spectra], **sliders})
    st.caption(
        ":gray[grey: kept directions, with at least the share γ of the energy] · "
        "**teal: free directions, the null space** · dotted: the cut at γ"
    )
    if experiment.config.subspace == "merge":
        st.caption(subspace_views.merged_ranks(result))
    pictures.draw(total, "null-space")
    held_out_caption(cut_at)
    if METHODS[experiment.config.method].uses_energy_threshold:
        page_links.link("gamma", "See what each γ leads to")
    pictures.downloads({"null-space": total} | drawn)


def held_out_caption(cut_at: dict[str, float]) -> None:
    """How well the cuts hold for samples that the spectra were not computed from."""
    if experiment.config.subspace == "merge":
        what = "the merged subspace of this run keeps"
        errors = result.energy_error if set(cut_at.values()) == {run_gamma} else {}
    else:
        what = "these cuts keep"
        unseen = cache.unseen_energy(experiment.config)
        errors = energy_error(spectra, spectra, unseen, cut_at) if unseen else {}
    if errors:
        worst = max(errors, key=lambda layer: abs(errors[layer]))
        st.caption(
            "The spectra are computed from some of the retained samples' inputs. "
            f"{at_gamma(cut_at)}, {what} about the same share of the energy of all inputs "
            "of samples that were not drawn: it differs by at most "
            f"{100 * abs(errors[worst]):.2f} points ({layer_name(titles[worst]).lower()})."
        )


def readable_view() -> None:
    """In which layers a linear probe still finds the class, if audits of this run are stored."""
    try:
        check_request(result.split)
    except AuditError as error:
        st.info(str(error), icon=":material/block:")
        return
    found = cache.some_audits(experiment.config)
    if found is None:
        st.info("The audits of this experiment have not been run.", icon=":material/info:")
        page_links.link("audit", "Run them on the page Audit")
        return
    probe = over_seeds(AUDITS["linear-probe"], found["linear-probe"])
    if probe["failed"]:
        st.info(probe["failed"], icon=":material/info:")
        return
    classes, look = experiment.dataset.num_classes, pictures.page_look()
    picture = depth(probe, experiment.config.method, classes, look)
    pictures.draw(picture, "readable")
    seeds = len(probe["original"]["values"])
    band = "; grey band: the retrained models' mean ± twice their standard deviation"
    over = f"Mean over {seeds} seeds{band}" if seeds > 1 else "One seed"
    text = (
        f"{over}. A linear probe is trained on the inputs of a layer to tell all classes apart; "
        "what it finds beyond the retrained model is a trace of the class."
    )
    if method.uses_energy_threshold:
        text += " Changes along free directions leave what the kept ones carry about the class."
    st.caption(text)
    pictures.downloads({"readable": picture})


if st.query_params.get("view") == FORMER_VIEW:
    controls.use_navigation()
    page_links.go_to("gamma", without="view")
header.title(
    "Null space",
    *header.TERMS,
    "Second moments",
    "Drift",
    about="UNSC moves weights only along **free** directions.",
)
experiment = controls.experiment(gamma_on_page=True)
experiment, result = jobs.result_or_before(experiment)
header.strip(experiment, result)
spectra = subspace_views.spectra_or_stop(experiment)
titles = subspace_views.layer_titles(spectra)
method = METHODS[experiment.config.method]
run_gamma = experiment.config.energy_threshold

link_choices.read("view", VIEWS, "Spectra")
header.row("view").segmented_control(
    "View",
    list(VIEWS),
    required=True,
    key="view",
    format_func=view_title,
    on_change=link_choices.write,
    args=("view", "Spectra"),
    help="\n".join(f"- **{view_title(name)}**: {meaning}" for name, meaning in VIEWS.items()),
)
view = st.session_state["view"]
if view == "Spectra":
    spectra_view(rank_table())
elif view == "Readable":
    readable_view()
elif (subspaces := cache.subspaces(experiment.config)) is None:
    key = geometry.key(experiment.config, experiment.dataset)
    jobs.show("subspaces", key, experiment.config, "Comparing the subspaces")
else:
    draw = subspace_views.DRAW[view]
    draw(subspace_views.Shown(experiment, subspaces, spectra, titles, choose_gammas))
st.caption(
    "Most of the energy of a layer's inputs from the retained classes lies along some of its "
    "directions. The fewest that hold at least the share γ of it are **kept**. UNSC changes "
    "weights only along the others, which are **free** and hold at most the share 1 − γ: the "
    "**null space**."
)
