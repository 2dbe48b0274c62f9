"""`export`, `import` and `report`: stored results to and from files."""

from __future__ import annotations

import argparse
from pathlib import Path

from unsc_core.errors import StoreError, os_errors_as
from unsc_core.experiment.store import Store
from unsc_core.figures.lab import static_page
from unsc_core.paths import write_whole
from unsc_core.runs.exporting import export_result, export_zip
from unsc_core.runs.importing import import_zip
from unsc_core.runs.report import report_of


def export_run(options: argparse.Namespace) -> int:
    """Write a result to a folder or a .zip."""
    if options.out.suffix == ".zip":
        return _write(options.out, export_zip(options.key, Store()))
    for path in export_result(options.key, options.out):
        print(path)
    return 0


def import_run(options: argparse.Namespace) -> int:
    """Read an exported .zip into this machine's store."""
    imported = import_zip(options.file, Store())
    print("\n".join([f"key {imported.key}", *imported.notes]))
    return 0


def write_report(options: argparse.Namespace) -> int:
    """Write a result as one HTML file."""
    return _write(options.out, report_of(options.key).encode())


def export_lab(options: argparse.Namespace) -> int:
    """Write the 2-D lab as one HTML file."""
    return _write(options.out, static_page().encode())


def _write(path: Path, content: bytes) -> int:
    with os_errors_as(StoreError, f"{path} cannot be written", "choose another place"):
        write_whole(path, content)
        path.chmod(0o644)  # to be passed on, unlike what is written for this user alone
    print(path)
    return 0
