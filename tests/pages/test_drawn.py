"""Pictures that are drawn once for everyone who looks at the same."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import plotly.graph_objects as go
import pytest

from pages.shared import cache
from unsc_core.figures.theme import Look, Picture, look


class Thing:
    """Equal to itself alone, as a result is."""


class Drawing:
    """Counts how often it has drawn."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, thing: Thing, values: dict[str, np.ndarray], n: int, seen: Look) -> Picture:
        self.times += 1
        return Picture(go.Figure(), f"{n} of {len(values)} {seen.name}")


def test_the_same_is_drawn_once_and_whatever_differs_anew() -> None:
    draw, thing, values = Drawing(), Thing(), {"a": np.arange(3)}
    first = cache.picture(draw, thing, values, 1, look("light"))
    assert cache.picture(draw, thing, {"a": np.arange(3)}, 1, look("light")) is first
    assert draw.times == 1
    others = [
        (draw, Thing(), values, 1, look("light")),
        (draw, thing, {"a": np.arange(3.0)}, 1, look("light")),
        (draw, thing, {"a": np.array([0, 1, 3])}, 1, look("light")),
        (draw, thing, {"b": np.arange(3)}, 1, look("light")),
        (draw, thing, values, 2, look("light")),
        (draw, thing, values, 1, look("dark")),
        (Drawing(), thing, values, 1, look("light")),
    ]
    assert all(cache.picture(*call) is not first for call in others)
    assert cache.picture(draw, thing, values, 1, look("dark")).alt == "1 of 1 dark"


def test_a_result_that_nobody_else_needs_is_not_kept() -> None:
    draw, thing = Drawing(), Thing()
    cache.picture(draw, thing, {}, 1, look("light"))
    gone = weakref.ref(thing)
    del thing
    gc.collect()
    assert gone() is None
    cache.picture(draw, Thing(), {}, 1, look("light"))
    assert draw.times == 2


def test_a_picture_that_fails_is_tried_again() -> None:
    def fail(value: int) -> Picture:
        raise ValueError(value)

    for _ in range(2):
        with pytest.raises(ValueError, match="7"):
            cache.picture(fail, 7)
