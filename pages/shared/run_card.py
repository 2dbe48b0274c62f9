"""A stored run on the page: its name, a card with its actions, and the import of exported runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from functools import partial

import streamlit as st

from pages.shared import cache, header, lesson, page_links, refusal, state
from pages.shared.addresses import query_of
from unsc_core.errors import ConfigError, UnscError
from unsc_core.experiment.keys import keys
from unsc_core.experiment.resolve import resolve
from unsc_core.experiment.result import Result
from unsc_core.figures.phrases import altered, dataset_title, file_stem, method_title
from unsc_core.methods import METHODS
from unsc_core.runs.archive import MAX_BYTES
from unsc_core.runs.exporting import export_zip
from unsc_core.runs.history import Run, delete_run, list_runs
from unsc_core.runs.importing import import_zip
from unsc_core.runs.report import report_of


def list_or_stop() -> list[Run]:
    """All runs; the page stops with a sentence if they cannot be listed."""
    try:
        return list_runs(cache.store())
    except UnscError as error:
        refusal.show(error)
        return st.stop()


def label(run: Run) -> str:
    """A run in one line."""
    created = datetime.fromtimestamp(run.created)
    when = f"{created.day} {created:%b %H:%M}"
    if run.config is None:
        return f"{run.trouble} · {when}"
    config = run.config
    gamma = "" if config.energy_threshold is None else f" · γ {config.energy_threshold:g}"
    return (
        f"{method(run)} · forgetting {', '.join(run.forgets)}{gamma} · seed {config.seed} · "
        f"{dataset_title(config.dataset)} · {when}"
    )


def method(run: Run) -> str:
    """The method of a run, with how the run differs from the plain method."""
    assert run.config is not None
    title = method_title(run.config.method) if run.config.method in METHODS else run.config.method
    if run.config.subspace == "merge":
        title += ", per-class merge"
    return altered(title, run.alterations)


def card(side: str, run: Run) -> Result | None:
    """Draw one run with its buttons; return its result, if it is complete."""
    st.markdown(f"**{side}** · {label(run)}")
    result = None if run.trouble or run.config is None else cache.result(run.config)
    if run.imported:
        st.caption(
            ":material/upload_file: Imported: computed elsewhere and shown as it was exported; "
            "nothing was computed again."
        )
    if run.trouble:
        st.warning(f"This run cannot be shown: {run.trouble}.", icon=":material/warning:")
    elif result is None:
        st.warning(
            "Some predictions of this run are missing. Open it to compute them again.",
            icon=":material/warning:",
        )
    if run.config is not None and not run.trouble:
        _open(side, run)
    with st.container(horizontal=True):
        if result is not None:
            _downloads(side, run)
        _delete_button(side, run)
    if error := st.session_state.pop(f"delete-error-{run.key}", ""):
        refusal.show(error)
    return result


def _open(side: str, run: Run) -> None:
    """A button and a link that show the run on all pages; or why neither can."""
    try:
        query = _query(run)
    except UnscError as error:
        st.caption(f"This run cannot be opened on the other pages: {error}")
        return
    row = header.row(f"open-{side}", vertical_alignment="center")
    if row.button(
        "Open",
        type="primary",
        icon=":material/open_in_new:",
        key=f"open-{side}",
        help="Show this run on all pages.",
    ):
        opened, _ = state.from_query(query)
        state.open_preset(**asdict(opened))
        st.switch_page(page_links.path("decision_space"))
    row.markdown(f"[Link to this run]({page_links.address('decision_space', query)})")


def _query(run: Run) -> dict[str, str]:
    """The query that opens the run.

    Raises:
        ConfigError: a link cannot hold its settings.
    """
    assert run.config is not None
    dataset = cache.dataset(run.config.dataset)
    query = query_of(run.config, dataset)
    opened, notes = state.from_query(query)
    if notes or keys(resolve(opened.config(), dataset), dataset).unlearned != run.key:
        raise ConfigError("a link cannot hold all its settings.")
    return query


def _address(run: Run) -> str:
    """The address that opens the run, for its report; "" if there is none."""
    try:
        return f"/{page_links.address('decision_space', _query(run))}"
    except UnscError:
        return ""


def _downloads(side: str, run: Run) -> None:
    """Export and report, each made when its button is clicked."""
    stem, address = file_stem(f"unsc-{run.key}", run.alterations), _address(run)

    def button(
        label: str, make: Callable[..., str | bytes], kind: str, icon: str, help: str
    ) -> None:
        suffix = kind.rpartition("/")[2]
        st.download_button(
            label,
            partial(make, run.key, cache.store(), address),
            f"{stem}.{suffix}",
            kind,
            key=f"{label.split()[0].lower()}-{side}",
            on_click="ignore",
            icon=f":material/{icon}:",
            help=help,
        )

    button(
        "Export .zip",
        export_zip,
        "application/zip",
        "archive",
        "Weights, logits, labels, settings, numbers and the report. "
        "Another UNSC Lab can import the file.",
    )
    words = "One HTML file with interactive figures. It opens offline."
    button("Report", report_of, "text/html", "description", words)


def _delete_button(side: str, run: Run) -> None:
    """Ask, then delete. The key has the run in it, so that the next run's question is closed."""
    with st.popover("Delete", icon=":material/delete:", key=f"ask-{side}-{run.key}"):
        st.markdown(
            f"Delete this run ({label(run)})? This removes its unlearned model and the "
            "predictions of that. The original and the retrained model stay, because other runs "
            "use them."
        )
        st.button(
            "Delete run",
            type="primary",
            key=f"delete-{side}",
            on_click=_delete,
            args=(run.key,),
            **lesson.unless_read_only(),
        )


def _delete(key: str) -> None:
    try:
        delete_run(key, cache.store())
    except UnscError as error:
        st.session_state[f"delete-error-{key}"] = str(error)
    cache.forget_results()


def import_form() -> None:
    """A place to drop an exported .zip."""
    # Counting the imports gives each form its own key, so that the next one is closed and empty.
    count = st.session_state.setdefault("imports", 0)
    with st.popover("Import a run", icon=":material/upload:", key=f"import-{count}"):
        st.markdown(
            "Choose a .zip file that *Export* made, here or on another machine. It is checked "
            "before anything is stored, and nothing in it is executed."
        )
        file = st.file_uploader(
            "Exported run",
            type=["zip"],
            key=f"import-file-{count}",
            max_upload_size=MAX_BYTES >> 20,
        )
        if file is not None and st.session_state.get("imported_file") != file.file_id:
            st.session_state["imported_file"] = file.file_id
            st.session_state["import_error"] = ""
            try:
                with st.spinner("Checking the file"):
                    imported = import_zip(file, cache.store())
            except UnscError as error:
                st.session_state["import_error"] = str(error)
            else:
                cache.forget_results()
                st.session_state["imports"] += 1
                st.session_state["run_a"] = imported.key
                st.session_state["import_notes"] = imported.notes
                st.rerun()
        if file is not None and st.session_state.get("import_error"):
            refusal.show(st.session_state["import_error"])
    notes = st.session_state.pop("import_notes", None)
    if notes is not None:
        text = " ".join(["The run was imported as run A.", *notes])
        st.success(text, icon=":material/check_circle:")
