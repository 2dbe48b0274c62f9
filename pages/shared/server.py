"""What the server process does once, in the background, for everyone who will open a page."""

from __future__ import annotations

import gc
import importlib
import logging
import pkgutil
import threading
from pathlib import Path

from unsc_core import figures

AFTER_S = 2.0
"""From the end of the first script to the background work: the first picture goes first."""
LIBRARIES = (
    "sklearn.manifold",
    "sklearn.datasets",
    "sklearn.model_selection",
    "pandas.io.formats.style",
    "unsc_core.analysis.smallest_change",
    "unsc_core.analysis.networks",
)
"""What pages and core load only when needed; the last two load torch. Only workers need umap."""
_started = threading.Lock()


def preload_libraries() -> None:
    """Load every library that a page may need and exempt them from garbage collection, once.

    From then on, the server's log has a line for each job that is over.

    A collection stops everyone's script. It would look at the hundreds of thousands of objects of
    the imported libraries, which live as long as the process does. That Streamlit does not collect
    after every script is set in .streamlit/config.toml; Python still does, after many new objects.
    """
    if _started.acquire(blocking=False):
        _log_jobs()
        timer = threading.Timer(AFTER_S, _preload)
        timer.daemon = True
        timer.start()


def _log_jobs() -> None:
    """One line for each job that is over, on the server's standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    log = logging.getLogger("unsc_core")
    log.addHandler(handler)
    log.setLevel(logging.INFO)


def _preload() -> None:
    for name in _modules():
        importlib.import_module(name)
    # One image at a time, of several people: threads of one computation would only wait.
    importlib.import_module("torch").set_num_threads(1)
    gc.collect()
    gc.freeze()


def _modules() -> list[str]:
    """All that pages share, every figure, and what these load late."""
    here = [str(Path(__file__).parent)]
    shared = [module.name for module in pkgutil.walk_packages(here, "pages.shared.")]
    drawn = [module.name for module in pkgutil.iter_modules(figures.__path__, "unsc_core.figures.")]
    return [*shared, *drawn, *LIBRARIES]
