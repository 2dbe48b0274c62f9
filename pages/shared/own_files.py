"""Own images and weights: uploads kept in the data folder under safe names, and what lies there."""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st

from pages.shared import state
from unsc_core.data.own import load_user_dataset
from unsc_core.errors import DataError, UnscError
from unsc_core.paths import data_folder

WEIGHTS = (".safetensors", ".pt", ".pth")
SHOWN = 50


def datasets() -> list[str]:
    """Own datasets in the data folder, as paths relative to it."""
    return [
        name
        for name in _names()
        if name.endswith(".npz") or (data_folder() / name / "train").is_dir()
    ]


def checkpoints() -> list[str]:
    """Own weights in the data folder, as paths relative to it."""
    return [name for name in _names() if name.endswith(WEIGHTS)]


def _names() -> list[str]:
    root = data_folder()
    paths = sorted(path for path in root.glob("own/*") if not path.name.startswith("."))
    return [path.relative_to(root).as_posix() for path in paths[:SHOWN]]


def upload() -> None:
    """A place to drop own images or weights; images are shown at once."""
    with st.popover("Own images or weights", icon=":material/upload:", width="stretch"):
        st.markdown(
            "**Images**: an .npz file with `x_train, y_train, x_test, y_test` (uint8 images N×H×W or N×H×W×C, integer labels from 0; "
            f"optional `class_names`). Folders `train/<class>/*`, `test/<class>/*` go into `{data_folder() / 'own'}`. "
            "**Weights**: a state_dict as .safetensors or .pt; choose it under *More*."
        )
        file = st.file_uploader(
            "Upload a file", type=["npz", *(suffix[1:] for suffix in WEIGHTS)], key="upload"
        )
        if file is None or st.session_state.get("uploaded") == file.file_id:
            return
        st.session_state["uploaded"] = file.file_id
        try:
            name = _keep(file.name, file.getvalue())
        except UnscError as error:
            st.error(str(error), icon=":material/error:")
            return
    state.choose(**({"checkpoint": name} if name.endswith(WEIGHTS) else {"dataset": name}))
    st.rerun()


def _keep(name: str, content: bytes) -> str:
    """Store an uploaded file under a safe name, images only once they have proved readable; its path in the data folder."""
    suffix = Path(name).suffix.lower()
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(name).stem).strip(".-") or "upload"
    target = data_folder() / "own" / f"{stem[:60]}{suffix}"
    partial = target.with_name(f".{stem[:60]}.part{suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        if suffix == ".npz":
            load_user_dataset(partial)
        partial.replace(target)
    except OSError as error:
        raise DataError(
            f"The upload cannot be kept in {target.parent} ({error.strerror}); make room or set UNSC_HOME elsewhere."
        ) from None
    except DataError as error:
        raise DataError(str(error).replace(partial.name, name)) from None
    finally:
        if partial.exists():
            partial.unlink()
    return f"own/{target.name}"
