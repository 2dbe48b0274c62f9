"""The sidebar: widgets -> state -> resolved config. Impossible settings become one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from pages.shared import cache, jobs, own_files, state
from pages.shared.state import GAMMAS, Chosen, State
from unsc_core.data import DATASETS, is_available
from unsc_core.data.dataset import Dataset
from unsc_core.errors import UnscError
from unsc_core.experiment.keys import keys
from unsc_core.experiment.resolve import SUBSPACES, resolve
from unsc_core.methods import METHODS
from unsc_core.models import MODELS


def experiment(gamma_here: bool = False) -> Chosen:
    """Draw the controls in the sidebar and return the experiment; stop the page with a sentence if it is impossible.

    Args:
        gamma_here: the page has the γ slider itself (see `gamma`) to look around with, so the sidebar leaves it out.
    """
    use_navigation()
    _begin_anew_on_another_page()
    now = state.current()
    state.lesson()
    state.repeat_notes()
    for note in st.session_state.pop("link_notes", []):
        state.note(note)
    try:
        with st.sidebar:
            now = _choose_dataset(now)
        config = now.config()
        if now.dataset in DATASETS and not is_available(now.dataset):
            state.keep(now)
            jobs.download(config, DATASETS[now.dataset].title)
            st.stop()
        data = cache.dataset(config.dataset)
        with st.sidebar:
            now = _choose_the_rest(now, data, gamma_here)
        state.keep(now)
        _share()
        resolved = resolve(now.config(), data)
        keys(resolved, data)  # finds out whether a checkpoint is there
        return Chosen(resolved, data)
    except UnscError as error:
        state.keep(now)
        st.error(str(error), icon=":material/error:")
        return st.stop()


def use_navigation() -> None:
    """Run app.py instead, if a link to a page was the first thing a new server was asked for.

    Until app.py has called st.navigation once, streamlit takes pages/ for its older convention and runs the page alone.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()


GAMMA = "Energy threshold γ"
LAYER_GAMMA = "γ of layer {}"
"""How the sliders are called."""


def layer_gamma(container: Any, i: int) -> float:
    """The γ slider of one layer; it begins at the experiment's γ of this layer."""
    now, key = state.current(), f"gamma_layer_{i}"
    ran = now.gammas[i] if i < len(now.gammas) else now.shown_gamma
    st.session_state.setdefault(key, ran)
    options = sorted({*GAMMAS, ran, st.session_state[key]})
    return container.select_slider(
        LAYER_GAMMA.format(i + 1), options, key=key, disabled=state.lesson().fixed("gamma")
    )


def gamma(container: Any = st) -> float:
    """The γ slider; it begins at the experiment's γ wherever it is drawn."""
    now = state.current().shown_gamma
    _begin("gamma", now)
    return container.select_slider(
        GAMMA,
        sorted({*GAMMAS, now, st.session_state["control_gamma"]}),
        key="control_gamma",
        disabled=state.lesson().fixed("gamma"),
        help="How much of the retained classes' energy (Σσ²) is protected. Higher: safer for the rest, harder to forget.",
    )


def _begin_anew_on_another_page() -> None:
    """Forget the widgets of the page before: streamlit may still list their values, but gives widgets of another page their defaults."""
    page = cache.page()
    if st.session_state.get("page_of_controls") != page:
        st.session_state["page_of_controls"] = page
        state.forget_controls()


def _begin(name: str, value: Any) -> None:
    """Give a widget its first value on this page; afterwards the widget keeps its own."""
    if f"control_{name}" not in st.session_state:
        st.session_state[f"control_{name}"] = value


def _choose_dataset(now: State) -> State:
    lesson = state.lesson()
    if "dataset" in lesson.hidden:
        return now
    options = [*DATASETS, *own_files.datasets()]
    if now.dataset not in options:
        options.append(now.dataset)
    _begin("dataset", now.dataset)
    name = st.selectbox(
        "Dataset",
        options,
        key="control_dataset",
        accept_new_options=True,
        disabled=lesson.fixed("dataset"),
        format_func=lambda n: DATASETS[n].title if n in DATASETS else n,
        help="Bundled and public datasets, or type the path of your own .npz file or image folder inside the data folder.",
    )
    if name != now.dataset:
        state.choose(dataset=name)
        st.rerun()
    if not lesson.fixed("dataset"):
        own_files.upload()
    return now


def _choose_the_rest(now: State, data: Dataset, gamma_here: bool) -> State:
    lesson, model, forget, ids, method = state.lesson(), now.model, now.forget, now.ids, now.method
    if "model" not in lesson.hidden:
        _begin("model", now.model)
        model = st.selectbox(
            "Model",
            list(MODELS),
            key="control_model",
            format_func=lambda n: MODELS[n].title,
            help=_help(MODELS),
            disabled=lesson.fixed("model"),
        )
    if "forget" not in lesson.hidden:
        possible = () if now.ids else tuple(c for c in now.forget if c < data.num_classes)
        _begin("forget", list(possible))
        picked = st.multiselect(
            "Classes to forget",
            range(data.num_classes),
            key="control_forget",
            format_func=lambda c: data.class_names[c],
            disabled=lesson.fixed("forget"),
            placeholder=f"{len(now.ids)} single samples" if now.ids else "Choose one or more",
        )
        if (
            tuple(sorted(picked)) != possible
        ):  # a link's impossible class stays until another choice is made, so that it is named
            forget, ids = tuple(sorted(picked)), ()
    if "method" not in lesson.hidden:
        _begin("method", now.method)
        method = st.selectbox(
            "Method",
            list(METHODS),
            key="control_method",
            format_func=lambda n: METHODS[n].title,
            help=_help(METHODS),
            disabled=lesson.fixed("method"),
        )
    gamma_there = (
        METHODS[method].uses_energy_threshold and not gamma_here and "gamma" not in lesson.hidden
    )
    gammas = now.gammas if model == now.model else ()
    if gamma_there and gammas:
        st.caption(f"**γ per layer** · {' · '.join(f'{one:g}' for one in gammas)}")
        if not lesson.fixed("gamma") and st.button("One γ for all layers", key="one_gamma"):
            state.choose(gammas=())
            st.rerun()
    if method != now.method and now.gamma is None:
        st.session_state.pop("control_gamma", None)  # the slider moves to the new method's default
        state.keep(replace(now, method=method))
    threshold = now.gamma
    if gamma_there and not gammas and (picked_gamma := gamma()) != state.current().shown_gamma:
        threshold = picked_gamma
    edits = now.edits if (forget, ids) == (now.forget, now.ids) else ()
    now = replace(
        now,
        model=model,
        forget=forget,
        ids=ids,
        method=method,
        gamma=threshold,
        gammas=gammas,
        edits=edits,
    )
    return now if lesson.fixed("more") else _more(now)


def _share() -> None:
    """The link to this picture, as it is and for a lesson."""
    with st.sidebar.popover("Share", icon=":material/share:", width="stretch"):
        query = {
            name: value
            for name, value in st.query_params.to_dict().items()
            if name not in ("hide", "lock")
        }
        lesson = st.segmented_control(
            "Who opens it may",
            ["change everything", "look only", "see no controls"],
            default="change everything",
            required=True,
            key="share_as",
        )
        query |= {
            "change everything": {},
            "look only": {"lock": "all"},
            "see no controls": {"hide": "all"},
        }[lesson]
        st.code(
            (st.context.url or "").split("?")[0] + ("?" + urlencode(query) if query else ""),
            language=None,
            wrap_lines=True,
        )
        st.caption(
            "The link reopens this page with this experiment. `hide=` and `lock=` also take single controls, as in `lock=dataset,model`."
        )


def _more(now: State) -> State:
    with st.expander("More", icon=":material/tune:"):
        _begin("seed", now.seed)
        seed = st.number_input(
            "Seed",
            0,
            2**31 - 1,
            key="control_seed",
            help="Initial weights, batch order and random labels follow from it.",
        )
        _begin("checkpoint", now.checkpoint)
        files = own_files.checkpoints()
        checkpoint = st.selectbox(
            "Weights of the original",
            files if now.checkpoint in (None, *files) else [*files, now.checkpoint],
            index=None,
            key="control_checkpoint",
            placeholder="trained here",
            help="Start from your own weights for the chosen model; upload them above.",
        )
        entry = METHODS[now.method]
        if entry.uses_energy_threshold:
            _begin("subspace", now.subspace)
            subspace = st.selectbox(
                "Subspace",
                SUBSPACES,
                key="control_subspace",
                format_func=lambda name: {"joint": "joint", "merge": "per-class merge"}[name],
                help="Joint: cut once from all retained classes together. Per-class merge: cut class by class, then joined, as published.",
            )
            now = replace(now, subspace=subspace)
        if entry.learning_rate is None:
            return replace(now, seed=int(seed), checkpoint=checkpoint, lr=None, epochs=None)
        _begin("lr", now.lr)
        iterates = entry.epochs is not None
        lr = st.number_input(
            "Learning rate" if iterates else "Strength",
            min_value=1e-5,
            max_value=100.0,
            key="control_lr",
            format="%g",
            step=0.01,
            placeholder=f"{entry.learning_rate:g} (default)",
            help="Of the unlearning: plain SGD, gradient norm clipped to 1."
            if iterates
            else "How much is changed to forget.",
        )
        epochs = None
        if iterates:
            _begin("epochs", now.epochs)
            epochs = st.number_input(
                "Epochs, at most",
                1,
                1000,
                key="control_epochs",
                placeholder=f"{entry.epochs} (default)",
                help="Most methods stop by themselves once training accuracy on the forgotten classes is at most 1 %.",
            )
    return replace(now, seed=int(seed), checkpoint=checkpoint, lr=lr, epochs=epochs)


def _help(registry: Mapping[str, Any]) -> str:
    return "\n".join(f"- **{entry.title}**: {entry.summary}" for entry in registry.values())
