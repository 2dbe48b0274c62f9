"""What the server process does once, in the background, for everyone who will open a page."""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import threading
from pathlib import Path

from unsc_core import figures

NO_FREEZE = "UNSC_NO_FREEZE"
"""Set in the environment, it leaves the libraries to the garbage collector: to measure what that costs."""
AFTER_S = 2.0
"""Between the end of the first script and the background work, so that the browser gets the first picture undisturbed."""
LIBRARIES = (
    "sklearn.manifold",
    "sklearn.datasets",
    "sklearn.model_selection",
    "pandas.io.formats.style",
)
"""What pages and core load only when it is needed; torch and umap are needed by the workers alone."""
_begun = threading.Lock()


def settle() -> None:
    """Load every library that a page may need and exempt them all from garbage collection; once in a process, in the background.

    Streamlit collects garbage after every script run. Without this it looks each time, while everyone waits, at the hundreds of
    thousands of objects of the imported libraries, which live as long as the process does.
    """
    if _begun.acquire(blocking=False):
        timer = threading.Timer(AFTER_S, _settle)
        timer.daemon = True
        timer.start()


def _settle() -> None:
    for name in _modules():
        importlib.import_module(name)
    if NO_FREEZE not in os.environ:
        gc.collect()
        gc.freeze()


def _modules() -> list[str]:
    """All that pages share and every figure, which import the libraries, and what those load late."""
    shared = [
        f"pages.shared.{module.name}"
        for module in pkgutil.iter_modules([str(Path(__file__).parent)])
    ]
    drawn = [
        f"{figures.__name__}.{module.name}" for module in pkgutil.iter_modules(figures.__path__)
    ]
    return [*shared, *drawn, *LIBRARIES]
