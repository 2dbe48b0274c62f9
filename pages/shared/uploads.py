"""User-supplied images and weights: uploads, and the files in the data folder."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.shared import cache, refusal, session, state
from unsc_core.config import ExperimentConfig
from unsc_core.data.own import load_user_dataset
from unsc_core.errors import DataError, UnscError
from unsc_core.jobs.job import SHORT_S, JobState
from unsc_core.paths import data_folder

FOLDER = "own"
"""In the data folder; links to user-supplied files have it in their paths."""
IMAGES, WEIGHTS = ".npz", (".safetensors", ".pt", ".pth")
MAX_FILES, MAX_GB = 50, 10.0
"""What the folder may hold; more files are not listed, and no more are uploaded."""
READ_S = 120.0
"""How long a worker may take to read uploaded images, the work before it included."""


def datasets() -> list[str]:
    """User-supplied datasets, as paths relative to the data folder."""
    return [
        name
        for name in _files()
        if name.endswith(IMAGES) or (data_folder() / name / "train").is_dir()
    ]


def checkpoints() -> list[str]:
    """User-supplied weights, as paths relative to the data folder."""
    return [name for name in _files() if name.endswith(WEIGHTS)]


def _files() -> list[str]:
    root = data_folder()
    paths = sorted(path for path in root.glob(f"{FOLDER}/*") if not path.name.startswith("."))
    return [path.relative_to(root).as_posix() for path in paths[:MAX_FILES]]


def upload_form() -> None:
    """A place to drop images or weights. It closes, and images are shown at once."""
    if st.session_state.pop("upload_done", False):
        st.session_state["upload_form"] = False
    with st.popover(
        "Your images or weights",
        icon=":material/upload:",
        width="stretch",
        key="upload_form",
        on_change="rerun",
    ):
        st.markdown(
            "**Images**: an .npz file with `x_train`, `y_train`, `x_test`, `y_test` and optional "
            "`class_names`. Images are uint8, N×H×W or N×H×W×C; labels are integers from 0. "
            "Instead of a file, you can put folders `train/<class>/` and `test/<class>/` into "
            f"`data/{FOLDER}` of the folder `~/.cache/unsc-lab` (or `UNSC_HOME`).\n\n"
            "**Weights**: a state dict as .safetensors or .pt, used at once; *More* changes "
            "back."
        )
        types = [suffix[1:] for suffix in (IMAGES, *WEIGHTS)]
        file = st.file_uploader("Upload a file", type=types, key="upload")
        if file is None or st.session_state.get("uploaded") == file.file_id:
            return
        st.session_state["uploaded"] = file.file_id
        try:
            name = _store(file.name, file.getvalue(), _read_in_worker)
        except UnscError as error:
            refusal.show(error)
            return
    st.session_state["upload_done"] = True
    state.change(**{"checkpoint" if name.endswith(WEIGHTS) else "dataset": name})
    st.rerun()


def _read_in_worker(images: Path) -> None:
    """Have a worker read images, as what they take is not known before.

    Raises:
        DataError: they cannot be read.
    """
    config = ExperimentConfig(dataset=str(images))
    engine, tab = cache.engine(), session.tab_id()
    job = engine.wait(engine.submit("dataset", images.name, config, tab, seconds=SHORT_S), READ_S)
    if not job.over:
        engine.cancel(job, tab)
        raise DataError(f"'{images.name}' was not read within {READ_S:g} s; try again later.")
    if job.state != JobState.DONE:
        raise DataError(job.error or f"'{images.name}' was not read; try again.")


def _store(name: str, content: bytes, read: Callable[[Path], object] = load_user_dataset) -> str:
    """Store an upload under a safe name, images only if they can be read.

    Args:
        name: of the file as uploaded. content: of it.
        read: reads images, or raises DataError.

    Returns:
        Its path relative to the data folder.

    Raises:
        DataError: it cannot be stored or read.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in (IMAGES, *WEIGHTS):
        raise DataError(
            f"'{name[-40:]}' is neither images nor weights; choose a file that ends in "
            f"{', '.join((IMAGES, *WEIGHTS[:-1]))} or {WEIGHTS[-1]}."
        )
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(name).stem).strip(".-") or "upload"
    target = data_folder() / FOLDER / f"{stem[:60]}{suffix}"
    partial = target.with_name(f".{secrets.token_hex(8)}{suffix}")
    _check_room(target, len(content))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        if suffix == IMAGES:
            read(partial)
        partial.replace(target)
    except OSError as error:
        raise DataError(
            f"The upload cannot be stored in {target.parent} ({error.strerror}). Make room there, "
            "or set UNSC_HOME to another folder."
        ) from None
    except DataError as error:
        raise DataError(str(error).replace(partial.name, name)) from None
    finally:
        if partial.exists():
            partial.unlink()
    return f"{FOLDER}/{target.name}"


def _check_room(target: Path, size: int) -> None:
    """Raise DataError if the folder may not hold one more file of this size, in bytes."""
    others = [one for one in target.parent.glob("*") if one.is_file() and one != target]
    size += sum(one.stat().st_size for one in others)
    if len(others) >= MAX_FILES or size > MAX_GB * 1e9:
        raise DataError(
            f"There is no room for '{target.name}': data/{FOLDER} holds {len(others)} files, and "
            f"{MAX_FILES} of {MAX_GB:g} GB in all are the most; ask whoever runs this server to "
            "delete some."
        )
