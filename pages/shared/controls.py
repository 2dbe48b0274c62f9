"""The sidebar: widgets -> state -> resolved config. Impossible settings become one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from pages.shared import (
    before,
    cache,
    front_door,
    glossary,
    jobs,
    lesson,
    link_notes,
    refusal,
    session,
    state,
    uploads,
)
from pages.shared.state import GAMMAS, ExperimentState, ResolvedExperiment
from unsc_core.data import DATASETS, is_available
from unsc_core.data.dataset import Dataset
from unsc_core.errors import UnscError
from unsc_core.experiment.keys import keys
from unsc_core.experiment.resolve import MAX_STRENGTH, SUBSPACES, resolve
from unsc_core.methods import LISTED, METHODS
from unsc_core.models import MODELS
from unsc_core.paths import data_folder

GAMMA = "Energy threshold γ"
LAYER_GAMMA = "γ of layer {}"
"""Labels of the sliders; scripts in the browser find them by these."""
SEED_HELP = "Sets the initial weights, the order of batches and the random labels."
SUBSPACE_TITLES = {"joint": "joint", "merge": "per-class merge"}


def experiment(gamma_on_page: bool = False) -> ResolvedExperiment:
    """Draw the controls and return the experiment.

    If it is impossible, a sentence says why, and what was shown before is returned, to be drawn
    dimmed; where nothing was, the page stops.

    Args:
        gamma_on_page: the page itself has the γ slider (see `gamma`), so the sidebar has none.
    """
    use_navigation()
    _reset_on_page_change()
    now = state.current()
    lesson.current()
    link_notes.draw()
    before.draw_the_request()
    refused = st.container()  # one element with and without, see link_notes
    try:
        with st.sidebar:
            now = _choose_dataset(now)
        config = now.config()
        if now.dataset in DATASETS and not is_available(now.dataset):
            state.keep(now)
            jobs.offer_download(config, DATASETS[now.dataset].title)
            st.stop()
        data = cache.dataset(config.dataset)
        with st.sidebar:
            now = _choose_the_rest(now, data, gamma_on_page)
        state.keep(now)
        lesson.share()
        if now.dataset not in DATASETS and not (now.forget or now.ids):
            jobs.release_previous({})
            front_door.draw(data)
            st.stop()
        resolved = resolve(now.config(), data)
        keys(resolved, data)  # raises if the checkpoint is missing
        return ResolvedExperiment(resolved, data)
    except UnscError as error:
        state.keep(now)
        with refused:
            refusal.show(_without_folder(str(error)))
            st.button(
                "Open the default experiment",
                icon=":material/restart_alt:",
                on_click=state.open_default,
                key="open_default",
                **lesson.unless_read_only(),
            )
            earlier = before.show()
        if earlier is None:
            st.stop()
        return earlier[0]


def _without_folder(message: str) -> str:
    """A message without where the data folder is: that is nobody's business in a shared app."""
    return message.replace(f"{data_folder().resolve()}/", "").replace(f"{data_folder()}/", "")


def use_navigation() -> None:
    """Run app.py instead, if a link to a page was the first thing a new server was asked for.

    Until app.py has called st.navigation once, Streamlit takes pages/ for its older convention and
    runs the page alone.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()


def offer_method(name: str) -> None:
    """A button that shows the experiment with another method."""
    fixed = lesson.current().fixed("method")
    title = f"Show it with {METHODS[name].title}"
    if st.button(title, type="primary", key=f"offer-{name}", disabled=fixed):
        state.change(method=name)
        st.rerun()


def gamma(container: Any = st) -> float:
    """The γ slider; it starts at the experiment's γ wherever it is drawn."""
    now = state.current().shown_gamma
    key = state.widget_key("gamma", now)
    return container.select_slider(
        GAMMA,
        sorted({*GAMMAS, now, st.session_state[key]}),
        key=key,
        disabled=lesson.current().fixed("gamma"),
        help=glossary.meaning("γ"),
    )


def layer_gamma(container: Any, i: int) -> float:
    """The γ slider of one layer; it starts at the experiment's γ of this layer."""
    now, key = state.current(), f"gamma_layer_{i}"
    start = now.gammas[i] if i < len(now.gammas) else now.shown_gamma
    st.session_state.setdefault(key, start)
    options = sorted({*GAMMAS, start, st.session_state[key]})
    return container.select_slider(
        LAYER_GAMMA.format(i + 1), options, key=key, disabled=lesson.current().fixed("gamma")
    )


def _reset_on_page_change() -> None:
    """Start the widgets of another page from the state.

    Streamlit gives them their defaults, though the session may still list their old values.
    """
    page = session.page_id()
    if st.session_state.get("page_of_controls") != page:
        st.session_state["page_of_controls"] = page
        state.reset_widgets()


def _choose_dataset(now: ExperimentState) -> ExperimentState:
    allowed = lesson.current()
    if "dataset" in allowed.hidden:
        return now
    options = [*DATASETS, *uploads.datasets()]
    if now.dataset not in options:
        options.append(now.dataset)
    name = st.selectbox(
        "Dataset",
        options,
        key=state.widget_key("dataset", now.dataset),
        accept_new_options=True,
        disabled=allowed.fixed("dataset"),
        format_func=lambda n: DATASETS[n].title if n in DATASETS else n,
        help="A bundled or public dataset, or one of yours: type the path of an .npz file or an "
        "image folder, relative to the data folder.",
    )
    if name != now.dataset:
        state.change(dataset=name)
        st.rerun()
    if not allowed.fixed("dataset"):
        uploads.upload_form()
    return now


def _choose_the_rest(now: ExperimentState, data: Dataset, gamma_on_page: bool) -> ExperimentState:
    allowed = lesson.current()
    model = _choose_entry("model", MODELS, now)
    forget, ids = _choose_request(now, data)
    method = _choose_entry("method", LISTED | {now.method: METHODS[now.method]}, now)
    same_request = (forget, ids) == (now.forget, now.ids)
    gammas = now.gammas if model == now.model else ()
    with_gamma = METHODS[method].uses_energy_threshold and "gamma" not in allowed.hidden
    threshold = now.gamma
    if method != now.method and now.gamma is None:
        st.session_state.pop("control_gamma", None)  # the slider moves to the method's default
        state.keep(replace(now, method=method))
    if with_gamma and not gamma_on_page:
        if gammas:
            _draw_layer_gammas(gammas)
        elif (chosen := gamma()) != state.current().shown_gamma:
            threshold = chosen
    now = replace(
        now,
        model=model,
        forget=forget,
        ids=ids,
        method=method,
        gamma=threshold,
        gammas=gammas,
        edits=now.edits if same_request else (),
    )
    return now if allowed.fixed("more") else _more(now)


def _choose_entry(name: str, registry: Mapping[str, Any], now: ExperimentState) -> str:
    """The name of a model or method; `name` says which of the two."""
    chosen = getattr(now, name)
    if name in lesson.current().hidden:
        return chosen
    return st.selectbox(
        name.capitalize(),
        list(registry),
        key=state.widget_key(name, chosen),
        format_func=lambda entry: registry[entry].title,
        help="\n".join(f"- **{entry.title}**: {entry.summary}" for entry in registry.values()),
        disabled=lesson.current().fixed(name),
    )


def _choose_request(now: ExperimentState, data: Dataset) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Classes or sample ids to forget."""
    if "forget" in lesson.current().hidden:
        return now.forget, now.ids
    possible = () if now.ids else tuple(c for c in now.forget if c < data.num_classes)
    classes = st.multiselect(
        "Classes to forget",
        range(data.num_classes),
        key=state.widget_key("forget", list(possible)),
        format_func=lambda c: data.class_names[c],
        disabled=lesson.current().fixed("forget"),
        placeholder=f"{len(now.ids)} single samples" if now.ids else "Choose one or more",
    )
    chosen = tuple(sorted(classes))
    if chosen == possible:  # an impossible class in a link stays, so that the error names it
        return now.forget, now.ids
    return chosen, ()


def _draw_layer_gammas(gammas: tuple[float, ...]) -> None:
    """The γ of each layer, and a button back to one for all."""
    st.caption(f"**γ per layer** · {' · '.join(f'{one:g}' for one in gammas)}")
    if not lesson.current().fixed("gamma") and st.button("Use one γ", key="one_gamma"):
        state.change(gammas=())
        st.rerun()


def _more(now: ExperimentState) -> ExperimentState:
    with st.expander("More", icon=":material/tune:"):
        key = state.widget_key("seed", now.seed)
        seed = st.number_input("Seed", 0, 2**31 - 1, key=key, help=SEED_HELP)
        files = uploads.checkpoints()
        checkpoint = st.selectbox(
            "Weights of the original",
            files if now.checkpoint in (None, *files) else [*files, now.checkpoint],
            index=None,
            key=state.widget_key("checkpoint", now.checkpoint),
            placeholder="trained here",
            help="Start from your own weights for this model. Upload them above.",
        )
        if METHODS[now.method].uses_energy_threshold:
            subspace = st.selectbox(
                "Subspace",
                SUBSPACES,
                key=state.widget_key("subspace", now.subspace),
                format_func=SUBSPACE_TITLES.__getitem__,
                help="Which directions are kept. Joint: those of all retained classes taken "
                "together. Per-class merge: those of each class, then combined, as in the paper.",
            )
            now = replace(now, subspace=subspace)
        lr, epochs = _choose_training(now)
        strength = now.strength
        if METHODS[now.method].erases:
            strength = st.number_input(
                "Strength of erasing",
                0.0,
                MAX_STRENGTH,
                key=state.widget_key("strength", now.strength),
                format="%g",
                step=0.5,
                help="How much making the features alike counts beside forgetting in the "
                "predictions; 1 is usual, 0 leaves the features alone.",
            )
    return replace(
        now, seed=int(seed), checkpoint=checkpoint, lr=lr, epochs=epochs, strength=strength
    )


def _choose_training(now: ExperimentState) -> tuple[float | None, int | None]:
    """Learning rate and epochs of the method, None for its defaults."""
    entry = METHODS[now.method]
    if entry.learning_rate is None:
        return None, None
    lr = st.number_input(
        "Strength" if entry.epochs is None else "Learning rate",
        min_value=1e-5,
        max_value=100.0,
        key=state.widget_key("lr", now.lr),
        format="%g",
        step=0.01,
        placeholder=f"{entry.learning_rate:g} (default)",
        help="How strongly the weights are changed."
        if entry.epochs is None
        else "Used for unlearning: plain SGD, gradient norm clipped to 1.",
    )
    if entry.epochs is None:
        return lr, None
    epochs = st.number_input(
        "Maximum epochs",
        1,
        1000,
        key=state.widget_key("epochs", now.epochs),
        placeholder=f"{entry.epochs} (default)",
        help="Some methods stop before that: UNSC, for one, once it recognises at most 1 % of the "
        "training samples to forget.",
    )
    return lr, epochs
