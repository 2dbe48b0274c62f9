"""`prepare --check`: whether this machine is ready for a room, on one screen."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from unsc_core.commands.prepare import steps
from unsc_core.course import preparation
from unsc_core.course.course import lessons
from unsc_core.data import DATASETS, is_available
from unsc_core.errors import UnscError
from unsc_core.experiment import store_limit
from unsc_core.experiment.machine import this_machine
from unsc_core.experiment.presets import PRESETS
from unsc_core.experiment.store import Store
from unsc_core.figures.phrases import counted, dataset_title, joined
from unsc_core.learning.device import resolve_device
from unsc_core.paths import APP, home

ROOM_GB = 4.0
"""What a server with thirty people and its workers may take of memory."""
RESULTS_GB = 2.0
"""What an hour of new results may take of the disk."""
PORT = 8501
ELSEWHERE = ("192.0.2.1", 9)
"""An address kept for documentation (RFC 5737): nothing is sent, only a route is looked up."""


@dataclass(frozen=True)
class Finding:
    """What was found of one part.

    Attributes:
        text: what there is. todo: what to do first; "" where nothing is to be done.
    """

    text: str
    todo: str = ""


def device() -> Finding:
    """What networks are trained on."""
    return Finding(this_machine(resolve_device("auto")))


def memory() -> Finding:
    """Whether a full room fits into the memory that is free."""
    found = psutil.virtual_memory()
    text = f"{found.available / 1e9:.1f} of {found.total / 1e9:.1f} GB are free"
    short = found.available < ROOM_GB * 1e9
    return Finding(text, f"close other programs: a full room takes {ROOM_GB:g} GB" if short else "")


def disk() -> Finding:
    """Whether new results fit on the disk and into the store."""
    folder = next(path for path in (home(), *home().absolute().parents) if path.is_dir())
    free = shutil.disk_usage(folder).free
    short = free < RESULTS_GB * 1e9
    used = sum(one.size for one in store_limit.stored(Store().root))
    text = f"{free / 1e9:.1f} GB are free in {folder}; "
    text += f"results take {used / 1e9:.2f} of at most {store_limit.limit() / 1e9:g} GB"
    return Finding(text, f"free at least {RESULTS_GB:g} GB of the disk" if short else "")


def data() -> Finding:
    """Which datasets can be used without a network."""
    titles = {name: dataset_title(name) for name in DATASETS}
    here = [titles[name] for name in DATASETS if is_available(name)]
    absent = [titles[name] for name in DATASETS if not is_available(name)]
    text = f"{joined(here)} are here"
    return Finding(f"{text}; {joined(absent)} would be downloaded" if absent else text)


def results() -> Finding:
    """Whether the app's first pages and the lessons have nothing to compute."""
    store = Store()
    first = [step for step in steps([PRESETS[0].config]) if not step.is_stored(store)]
    found, errors = lessons(home())
    missing = [lesson.name for lesson in found if preparation.missing([lesson], store)]
    if errors:
        return Finding(f"{counted(len(errors), 'lesson file')} cannot be read", "lessons --check")
    if first:
        return Finding("what the app opens on is not computed", "run prepare")
    if missing:
        text = f"{len(missing)} of {counted(len(found), 'lesson')} are not computed"
        return Finding(text, "run prepare --lesson all")
    return Finding(f"what the app opens on and all {len(found)} lessons need is computed")


def port() -> Finding:
    """Whether the app can listen where it does by default."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PORT))
            return Finding(f"{PORT} is free")
        except OSError:
            if _streamlit_answers():
                return Finding(f"a Streamlit app, perhaps this one, runs at {PORT}")
            todo = f"start the app with --server.port {PORT + 1}"
            return Finding(f"another program uses {PORT}", todo)


def _streamlit_answers() -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{PORT}/_stcore/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def address() -> Finding:
    """How others reach this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)
        except OSError:
            return Finding("this machine is in no network", "join the room's network")
        own = probe.getsockname()[0]
    return Finding(f"http://{own}:{PORT}, if the app is started with --server.address 0.0.0.0")


def versions() -> Finding:
    """Whether the packages are those that the app is tested with."""
    python = f"Python {platform.python_version()}"
    pins: Path = APP / "requirements.txt"
    if not pins.is_file():
        return Finding(python)
    wanted = dict(line.split("==") for line in pins.read_text().split() if "==" in line)
    others = []
    for package, version in wanted.items():
        try:
            found = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found = "missing"
        if found.partition("+")[0] != version:
            others.append(f"{package} {found}, not {version}")
    if others:
        return Finding(f"{python}; {'; '.join(others)}", "install requirements.txt")
    return Finding(f"{python}; {len(wanted)} packages as in requirements.txt")


PARTS: tuple[Callable[[], Finding], ...] = (
    *(device, memory, disk, data, results, port, address, versions),
)


def check(out: Any = None) -> int:
    """Print every part, and what is still to be done.

    Returns:
        The exit code: 0 if nothing is, else 2.
    """
    out = out or sys.stdout
    todo = 0
    for part in PARTS:
        try:
            found = part()
        except UnscError as error:
            found = Finding("cannot be told", str(error))
        todo += bool(found.todo)
        print(f"{'✗' if found.todo else '✓'} {part.__name__:9} {found.text}", file=out)
        if found.todo:
            print(f"  {'':9} → {found.todo}", file=out)
    print("Ready for a room." if not todo else f"{counted(todo, 'thing')} to do first.", file=out)
    return 2 if todo else 0
