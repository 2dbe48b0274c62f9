"""The explainer: a step that is dragged moves the outputs by what the mathematics says."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tests.e2e.server import Server
from unsc_core.figures.explainer import CHAPTERS, OFF_PLANE, SPREAD, toy

pytest.importorskip("playwright")


def drag_tip(page: Any, cloud: Any, dx: int, dy: int) -> None:
    box = cloud.locator(".tip").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y + dy, steps=4)
    page.mouse.up()


def told(cloud: Any, name: str) -> np.ndarray:
    return np.array(json.loads(cloud.get_attribute(f"data-{name}")))


def expected(step: np.ndarray, off_plane: float, in_plane: bool = False) -> list[float]:
    """Root mean square of Δw·x over the toy's retained inputs, and over those to forget."""
    made = toy()
    x, forgotten = np.array(made["inputs"]), np.array(made["forgotten"], bool)
    x[~forgotten] *= np.sqrt([*(np.array(SPREAD) * (1 - off_plane)), off_plane])
    if in_plane:
        x[forgotten, 2] = np.array(made["flat"])[forgotten] * np.sqrt(off_plane)
    return [float(np.sqrt(np.mean((x[kind] @ step) ** 2))) for kind in (~forgotten, forgotten)]


def test_a_dragged_step_moves_the_outputs_by_what_the_mathematics_says(
    app: Server, page: Any
) -> None:
    from playwright.sync_api import expect

    page.goto(f"{app.url}/explainer")
    cloud = page.locator(".explain").first
    expect(cloud.locator(".tip")).to_be_visible()
    before = told(cloud, "step")
    drag_tip(page, cloud, 60, -40)
    step = told(cloud, "step")
    assert np.abs(step - before).max() > 0.1  # 1: any step moves the outputs
    assert told(cloud, "moved") == pytest.approx(expected(step, 0.0), rel=1e-9)
    assert told(cloud, "moved")[0] > 0.1

    def open_question(i: int) -> None:
        cloud.get_by_role("tab", name=CHAPTERS[i][0]).click()

    open_question(1)  # projected: nothing moves
    drag_tip(page, cloud, 30, -60)
    step = told(cloud, "step")
    assert step[:2].tolist() == [0, 0]
    assert step[2] != 0
    assert told(cloud, "moved")[0] == 0
    assert told(cloud, "moved") == pytest.approx(expected(step, 0.0), rel=1e-9)
    expect(cloud.locator(".reading")).to_contain_text("0\u00a0% of their size")

    open_question(2)  # what is left over moves by the length times the root of the energy
    step, moved = told(cloud, "step"), told(cloud, "moved")
    assert moved == pytest.approx(expected(step, OFF_PLANE), rel=1e-9)
    assert moved[0] == pytest.approx(abs(step[2]) * OFF_PLANE**0.5, rel=1e-3)

    open_question(3)  # beyond 0.96 nothing is free; one kept direction leaves a plane
    gamma = cloud.locator("input[name=gamma]")
    gamma.fill("0.97")
    assert told(cloud, "step").tolist() == [0, 0, 0]
    expect(cloud.locator(".reading")).to_contain_text("nothing is free")
    gamma.fill("0.6")
    assert np.flatnonzero(told(cloud, "step")).tolist() == [1, 2]

    open_question(4)  # forgotten samples in the plane move no further than the rest
    step, moved = told(cloud, "step"), told(cloud, "moved")
    assert moved == pytest.approx(expected(step, OFF_PLANE, in_plane=True), rel=1e-9)
    assert moved[1] < 1.5 * moved[0]
