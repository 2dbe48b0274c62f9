"""A stored run on the page: its name, its card with what can be done to it, and the way in for exported ones."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path

import streamlit as st

from pages.shared import cache, state
from pages.shared.addresses import address, query_of
from unsc_core.data import DATASETS
from unsc_core.errors import ConfigError, UnscError
from unsc_core.experiment.keys import keys
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import altered, file_stem, method_title
from unsc_core.methods import METHODS
from unsc_core.runs.archive import MAX_BYTES
from unsc_core.runs.exporting import export_zip
from unsc_core.runs.history import Run, delete_run, list_runs
from unsc_core.runs.importing import import_zip
from unsc_core.runs.report import report_of


def listed() -> list[Run]:
    """All runs; the page stops with a sentence if they cannot be listed."""
    try:
        return list_runs(cache.store())
    except UnscError as error:
        st.error(str(error), icon=":material/error:")
        return st.stop()


def dataset_title(name: str) -> str:
    """A dataset as the controls call it; own data by its file's name."""
    return DATASETS[name].title if name in DATASETS else Path(name).name


def label(run: Run) -> str:
    """A run in one line."""
    made = datetime.fromtimestamp(run.created)
    when = f"{made.day} {made:%b %H:%M}"
    if run.config is None:
        return f"{run.trouble} · {when}"
    gamma = "" if run.config.energy_threshold is None else f" · γ {run.config.energy_threshold:g}"
    return f"{method(run)} · forgetting {', '.join(run.forgets)}{gamma} · seed {run.config.seed} · {dataset_title(run.config.dataset)} · {when}"


def method(run: Run) -> str:
    """How a run's method is called, with what is not as the method makes it."""
    assert run.config is not None
    title = method_title(run.config.method) if run.config.method in METHODS else run.config.method
    return altered(title, run.alterations)


def card(side: str, run: Run) -> Result | None:
    """One run with its buttons; returns its result, if it is complete."""
    st.markdown(f"**{side}** · {label(run)}")
    result = None if run.trouble or run.config is None else cache.result(run.config)
    if run.imported:
        st.caption(
            ":material/upload_file: Imported: computed elsewhere, shown as it came; nothing of it was computed again."
        )
    if run.trouble:
        st.warning(f"This run cannot be shown: {run.trouble}.", icon=":material/warning:")
    elif result is None:
        st.warning(
            "Some of its answers are missing; opened, they are computed again.",
            icon=":material/warning:",
        )
    if run.config is not None and not run.trouble:
        _open(side, run)
    buttons = st.container(horizontal=True)
    if result is not None:
        with buttons:
            _files(side, run)
    with buttons.popover(
        "Delete", icon=":material/delete:", key=f"ask-{side}-{run.key}"
    ):  # another run, another question: it opens closed
        st.markdown(
            f"Delete this run ({label(run)})? Its unlearned model and answers go; the original and the retrained model stay, as other runs need them."
        )
        st.button(
            "Delete it", type="primary", key=f"delete-{side}", on_click=_delete, args=(run.key,)
        )
    if sentence := st.session_state.pop(f"failed-{run.key}", ""):
        st.error(sentence, icon=":material/error:")
    return result


def _open(side: str, run: Run) -> None:
    """A button that shows the run on all pages, and a link that does the same; or why neither can."""
    try:
        query = _query(run)
    except UnscError as error:
        st.caption(f"Not on the other pages: {error}")
        return
    row = st.container(horizontal=True, vertical_alignment="center")
    if row.button(
        "Open",
        type="primary",
        icon=":material/open_in_new:",
        key=f"open-{side}",
        help="Show this run on all pages.",
    ):
        opened, _ = state.from_query(query)
        state.begin(**asdict(opened))
        st.switch_page("pages/decision_space.py")
    row.markdown(f"[Link to this run]({address('decision_space', query)})")


def _query(run: Run) -> dict[str, str]:
    """The query that opens the run.

    Raises:
        ConfigError: a link cannot say what it was.
    """
    assert run.config is not None
    dataset = cache.dataset(run.config.dataset)
    query = query_of(run.config, dataset)
    opened, notes = state.from_query(query)
    if notes or keys(resolve(opened.config(), dataset), dataset).unlearned != run.key:
        raise ConfigError("a link cannot say all its settings.")
    return query


def _address(run: Run) -> str:
    """The address that opens the run, for its report; "" if there is none."""
    try:
        return f"/{address('decision_space', _query(run))}"
    except UnscError:
        return ""


def _files(side: str, run: Run) -> None:
    """Export and report, each made when its button is pressed."""
    key, stem = run.key, file_stem(f"unsc-{run.key}", run.alterations)
    opens = _address(run)
    st.download_button(
        "Export .zip",
        partial(export_zip, key, cache.store(), opens),
        f"{stem}.zip",
        "application/zip",
        key=f"export-{side}",
        on_click="ignore",
        icon=":material/archive:",
        help="Weights, logits, labels, settings, numbers and the report. Another UNSC Lab can import it.",
    )
    st.download_button(
        "Report",
        partial(report_of, key, cache.store(), opens),
        f"{stem}.html",
        "text/html",
        key=f"report-{side}",
        on_click="ignore",
        icon=":material/description:",
        help="One HTML file with live figures that opens without network or server.",
    )


def _delete(key: str) -> None:
    try:
        delete_run(key, cache.store())
    except UnscError as error:
        st.session_state[f"failed-{key}"] = str(error)
    cache.forget_results()


def take_in() -> None:
    """A place to drop an exported .zip."""
    taken = st.session_state.setdefault(
        "runs_taken_in", 0
    )  # a new popover, closed and empty, after each
    with st.popover("Import a run", icon=":material/upload:", key=f"import-{taken}"):
        st.markdown(
            "A .zip that *Export* made, here or on another machine. It is checked before anything is kept, and nothing in it is executed."
        )
        file = st.file_uploader(
            "Exported run",
            type=["zip"],
            key=f"import-file-{taken}",
            max_upload_size=MAX_BYTES >> 20,
        )
        if file is not None and st.session_state.get("taken_in") != file.file_id:
            st.session_state["taken_in"] = file.file_id
            st.session_state["import_error"] = ""
            try:
                with st.spinner("Checking the file"):
                    imported = import_zip(file, cache.store())
            except UnscError as error:
                st.session_state["import_error"] = str(error)
            else:
                cache.forget_results()
                st.session_state["runs_taken_in"] += 1
                st.session_state["run_a"] = imported.key
                st.session_state["import_notes"] = imported.notes
                st.rerun()
        if file is not None and st.session_state.get("import_error"):
            st.error(st.session_state["import_error"], icon=":material/error:")
    notes = st.session_state.pop("import_notes", None)
    if notes is not None:
        st.success(
            " ".join(["The run was imported; it is run A.", *notes]), icon=":material/check_circle:"
        )
