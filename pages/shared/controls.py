"""The sidebar: widgets -> state -> resolved config. Impossible settings become one sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pages.shared import cache, state
from pages.shared.state import GAMMAS, State
from unsc_core.config import ExperimentConfig
from unsc_core.data import DATASETS
from unsc_core.dataset import Dataset
from unsc_core.downloads import is_here
from unsc_core.errors import DataError, UnscError
from unsc_core.home import data_folder
from unsc_core.methods import METHODS
from unsc_core.models import MODELS
from unsc_core.own_data import load_own_data
from unsc_core.results import resolve


@dataclass(frozen=True, eq=False)
class Chosen:
    """What a page shows: the resolved experiment and its dataset."""

    config: ExperimentConfig
    dataset: Dataset

    @property
    def forget_names(self) -> list[str]:
        """The classes to forget, by name."""
        return [self.dataset.class_names[c] for c in self.config.forget_classes]


def experiment(gamma_here: bool = False) -> Chosen:
    """Draw the controls in the sidebar and return the experiment; stop the page with a sentence if it is impossible.

    Args:
        gamma_here: the page has the γ slider itself (see `gamma`), so the sidebar leaves it out.
    """
    now = state.current()
    for note in st.session_state.pop("link_notes", []):
        st.warning(note, icon=":material/link_off:")
    with st.sidebar:
        chosen, data = _controls(now, gamma_here)
    state.keep(chosen)
    if isinstance(data, Dataset):
        try:
            return Chosen(resolve(chosen.config(), data), data)
        except UnscError as error:
            data = str(error)
    if data:
        st.error(data, icon=":material/error:")
    return st.stop()


def gamma(container: Any = st) -> float:
    """The γ slider; its value is the experiment's wherever it is drawn."""
    _begin("gamma", _nearest(state.current().gamma))
    return container.select_slider(
        "Energy threshold γ", GAMMAS, key="control_gamma",
        help="How much of the retained classes' energy (Σσ²) is protected. Higher: safer for the rest, harder to forget.",
    )  # fmt: skip


def _nearest(value: float) -> float:
    return min(GAMMAS, key=lambda g: abs(g - value))


def _begin(name: str, value: Any) -> None:
    """Give a widget its first value on this page; afterwards the widget keeps its own."""
    if f"control_{name}" not in st.session_state:
        st.session_state[f"control_{name}"] = value


def _controls(now: State, gamma_here: bool) -> tuple[State, Dataset | str]:
    options = [*DATASETS, *_own_datasets()]
    if now.dataset not in options:
        options.append(now.dataset)
    _begin("dataset", now.dataset)
    name = st.selectbox(
        "Dataset", options, key="control_dataset", accept_new_options=True,
        format_func=lambda n: DATASETS[n].title if n in DATASETS else n,
        help="Bundled and public datasets, or type the path of your own .npz file or image folder inside the data folder.",
    )  # fmt: skip
    if name != now.dataset:
        state.choose(dataset=name)
        st.rerun()
    _own_data()
    try:
        config = now.config()
        if name in DATASETS and not is_here(name):
            from pages.shared import jobs

            jobs.download(config, DATASETS[name].title)
            return now, ""
        data = cache.dataset(config.dataset)
    except UnscError as error:
        return now, str(error)
    _begin("model", now.model)
    model = st.selectbox("Model", list(MODELS), key="control_model", format_func=lambda n: MODELS[n].title, help=MODELS[now.model].summary)
    classes = list(range(data.num_classes))
    _begin("forget", [c for c in now.forget if c in classes])
    forget = st.multiselect("Classes to forget", classes, key="control_forget", format_func=lambda c: data.class_names[c])
    _begin("method", now.method)
    method = st.selectbox("Method", list(METHODS), key="control_method", format_func=lambda n: METHODS[n].title, help=_method_help())
    threshold = now.gamma
    if METHODS[method].uses_energy_threshold and not gamma_here:
        threshold = gamma()
    elif gamma_here:
        threshold = st.session_state.get("control_gamma", now.gamma)
    lr, epochs, seed = _more(now, method)
    unknown = [c for c in now.forget if c not in classes]
    chosen = State(now.dataset, model, tuple(sorted(forget)) if not unknown else now.forget, method, threshold, seed, lr, epochs)
    return chosen, data


def _more(now: State, method: str) -> tuple[float | None, int | None, int]:
    with st.expander("More", icon=":material/tune:"):
        _begin("seed", now.seed)
        seed = st.number_input("Seed", 0, 2**31 - 1, key="control_seed", help="Initial weights, batch order and random labels follow from it.")
        entry = METHODS[method]
        if entry.learning_rate is None:
            return None, None, int(seed)
        _begin("lr", now.lr)
        lr = st.number_input(
            "Learning rate", min_value=1e-5, max_value=10.0, key="control_lr", format="%g", step=0.01,
        placeholder=f"{entry.learning_rate:g} (default)",
            help="Of the unlearning: plain SGD, gradient norm clipped to 1.",
        )  # fmt: skip
        _begin("epochs", now.epochs)
        epochs = st.number_input(
            "Epochs, at most", 1, 1000, key="control_epochs", placeholder=f"{entry.epochs} (default)",
            help="Unlearning stops by itself once training accuracy on the forgotten classes is at most 1 %.",
        )  # fmt: skip
    return lr, epochs, int(seed)


def _method_help() -> str:
    return "\n".join(f"- **{method.title}**: {method.summary}" for method in METHODS.values())


def _own_datasets() -> list[str]:
    root = data_folder()
    found = [path.relative_to(root).as_posix() for path in sorted(root.glob("own/*")) if path.suffix == ".npz" or (path / "train").is_dir()]
    return found[:50]


def _own_data() -> None:
    with st.popover("Own images", icon=":material/upload:", width="stretch"):
        st.markdown(
            "An **.npz** file with `x_train, y_train, x_test, y_test` (uint8 images N×H×W or N×H×W×C, integer labels from 0; "
            f"optional `class_names`). Folders `train/<class>/*`, `test/<class>/*` go into `{data_folder() / 'own'}`."
        )
        upload = st.file_uploader("Upload an .npz file", type="npz", key="upload")
        if upload is not None and st.session_state.get("uploaded") != upload.file_id:
            st.session_state["uploaded"] = upload.file_id
            try:
                name = _keep_upload(upload.name, upload.getvalue())
            except UnscError as error:
                st.error(str(error), icon=":material/error:")
                return
            state.choose(dataset=name)
            st.rerun()


def _keep_upload(name: str, content: bytes) -> str:
    """Store an uploaded file under a safe name once it has proved readable; its path relative to the data folder."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(name).stem).strip(".-") or "images"
    target = data_folder() / "own" / f"{stem[:60]}.npz"
    partial = target.with_name(f".{target.name}.part.npz")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        load_own_data(partial)
        partial.replace(target)
    except OSError as error:
        raise DataError(f"The upload cannot be kept in {target.parent} ({error.strerror}); make room or set UNSC_HOME elsewhere.") from None
    except DataError as error:
        raise DataError(str(error).replace(partial.name, name)) from None
    finally:
        partial.unlink(missing_ok=True)
    return f"own/{target.name}"
