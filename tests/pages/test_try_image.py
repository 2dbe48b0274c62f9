"""Try an image: samples are in the link, pictures of the user's are not, and bad ones are told."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.shared import cache
from pages.shared.components import sketch
from tests.pages.headless import finished, open_page, says
from unsc_core.analysis.answers import answers
from unsc_core.config import ExperimentConfig
from unsc_core.data import load_dataset
from unsc_core.experiment.resolve import resolve

pytestmark = pytest.mark.usefixtures("opened")


@pytest.fixture(scope="module")
def opening(tmp_path_factory: pytest.TempPathFactory, own_engine: None, prepared: Path) -> Path:
    """A data folder in which the opening experiments have been computed."""
    return shutil.copytree(prepared, tmp_path_factory.mktemp("try") / "home")


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def upload(app: AppTest, name: str, content: bytes) -> AppTest:
    app.file_uploader(key="own_image").set_value((name, content, "")).run()
    assert not app.exception
    return app


def sentence(app: AppTest) -> str:
    """What the models are said to answer."""
    (found,) = [t.value for t in app.markdown if " says " in t.value or " say " in t.value]
    return found


def test_it_opens_on_a_test_image_of_the_class_to_forget_and_goes_on_to_others() -> None:
    app = finished(open_page("try_image"))
    assert says(app, "Test image", "true class: :orange[**×**] Shirt, to be forgotten")
    assert sentence(app).startswith("The original says Shirt; ")
    assert "image" not in app.query_params
    assert says(app, "takes the smallest change")
    assert says(app, "Of the 8 training images nearest by features", "Shirt")
    next(button for button in app.button if button.label == "Another image").click().run()
    row = "".join(app.query_params["image"])  # a text, or a list with one
    again = open_page("try_image", image=row)
    assert sentence(again) == sentence(app)
    app.selectbox(key="tried_class").set_value(1).run()
    assert says(app, "true class: Trouser, retained")


def test_another_image_stays_whatever_link_the_next_message_has() -> None:
    app = finished(open_page("try_image", image="7"))
    next(button for button in app.button if button.label == "Another image").click().run()
    row = "".join(app.query_params["image"])
    assert row != "7"
    app.query_params["image"] = "7"  # of a message from before the browser heard of the click
    app.run()
    assert "".join(app.query_params["image"]) == row
    assert says(app, f"Test image {int(row):,}")


def test_a_link_to_an_image_that_does_not_exist_is_told() -> None:
    for text in ("99999", "training-3", "x"):
        app = open_page("try_image", image=text)
        assert any(f"image = '{text}'" in warning.value for warning in app.warning)
        assert sentence(app)


def test_answers_of_an_upload_are_those_of_the_networks_and_a_bad_one_leaves_them() -> None:
    dataset = load_dataset("fashion-mnist-mini")
    config = resolve(ExperimentConfig(), dataset)
    app = open_page("try_image", **{"from": "Upload"})
    before = sentence(app)
    pixels = dataset.x_test[np.flatnonzero(dataset.y_test == 7)[3]]
    upload(app, "shoe.png", png(pixels[0]))
    logits = cache.networks(config).logits(pixels)
    stored = cache.result(config)
    row = np.flatnonzero(dataset.y_test == 7)[3]
    for model, of in logits.items():  # the networks are those that made the stored logits
        np.testing.assert_allclose(of, stored.models[model].of("test")[row], atol=1e-3)
    names = {dataset.class_names[a.label] for a in answers(logits, (6,)).values()}
    shown = sentence(app)
    assert all(name in shown for name in names)
    assert shown != before
    assert says(app, "**shoe.png**")
    app.file_uploader(key="own_image").set_value(None).run()  # as browsers do before the next
    assert sentence(app) == before
    upload(app, "letter.png", b"Dear network,")
    (error,) = app.error
    assert error.value.startswith("letter.png is not an image; choose")
    assert sentence(app) == shown
    assert "image" not in app.query_params


def test_points_are_no_images() -> None:
    app = open_page("try_image", dataset="blobs", model="mlp")
    assert says(app, "points in a plane, not images")
    assert not app.error


@pytest.mark.parametrize("text", ["hello", "data:image/png;base64,%%%", "data:text/html;base64,aa"])
def test_what_a_browser_sends_is_checked(text: str) -> None:
    from unsc_core.errors import DataError

    with pytest.raises(DataError):
        sketch.decoded(text)


def test_an_empty_canvas_is_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[str, Any] = {"picture": ""}
    monkeypatch.setattr(sketch, "mount", lambda *_, **__: type("Drawn", (), drawn))
    app = open_page("try_image", **{"from": "Draw"})
    before = sentence(app)
    assert says(app, "Until you draw")
    white = np.zeros((280, 280), np.uint8)
    white[10:270, 60:110] = white[10:270, 170:220] = white[10:60, 60:220] = 255
    import base64

    drawn["picture"] = sketch.PREFIX + base64.b64encode(png(white)).decode()
    app.run()
    assert says(app, "**Your drawing**")
    assert "Trouser" in sentence(app)
    assert sentence(app) != before
