"""User-supplied data: what is shown before anything is computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pages.shared import cache, uploads
from tests.own_images import own_arrays, save_npz
from tests.pages.headless import ROOT, finished, open_page, says
from unsc_core.data.own import load_user_dataset
from unsc_core.errors import DataError
from unsc_core.figures.class_counts import cautions, class_counts
from unsc_core.figures.theme import LIGHT
from unsc_core.paths import data_folder

pytestmark = pytest.mark.usefixtures("own_engine")


@pytest.fixture
def images(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """User-supplied images in the data folder."""
    monkeypatch.chdir(ROOT)
    data_folder().mkdir(parents=True, exist_ok=True)
    return save_npz(data_folder() / "mine.npz")


@pytest.mark.parametrize("page", ["story", "confusion", "compare"])
def test_nothing_is_computed_until_a_class_is_chosen(page: str, images: Path) -> None:
    app = open_page(page, dataset="mine.npz")
    assert says(
        app, "90 training images of 16 × 16 pixels, grey, in 3 classes of 30 each, and 36 test"
    )
    assert len(app.warning) == 2
    assert cache.engine().active() == []
    assert "forget" not in app.query_params


def test_the_button_forgets_the_chosen_class(images: Path) -> None:
    app = open_page("confusion", dataset="mine.npz", training="1")
    app.selectbox(key="door").set_value(1).run()
    app.button[-1].click().run()
    assert app.query_params["forget"] == ["1"] or app.query_params["forget"] == "1"
    finished(app)
    assert says(app, "forgetting **one**")
    app.multiselect(key="control_forget").set_value([]).run()
    assert not app.exception
    assert says(app, "Nothing is computed until you choose a class")


def test_cautions_name_few_and_uneven_samples(tmp_path: Path) -> None:
    arrays = own_arrays(classes=3, train=120, test=40)
    sound = load_user_dataset(save_npz(tmp_path / "sound.npz", **arrays))
    assert cautions(sound) == []
    counts = class_counts(sound, LIGHT).table
    assert counts["training"].tolist() == np.bincount(arrays["y_train"]).tolist()
    assert counts["test"].tolist() == np.bincount(arrays["y_test"]).tolist()

    few = np.flatnonzero((arrays["y_train"] != 2) | (np.cumsum(arrays["y_train"] == 2) <= 30))
    uneven = {"x_train": arrays["x_train"][few], "y_train": arrays["y_train"][few]}
    found = cautions(load_user_dataset(save_npz(tmp_path / "few.npz", **arrays | uneven)))
    assert [part in text for part, text in zip(("two has", "4.0 times"), found, strict=True)]


def test_a_worker_reads_uploaded_images_before_the_server_does(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = save_npz(tmp_path / "good.npz").read_bytes()
    bad = save_npz(tmp_path / "bad.npz", x_train=np.zeros((4, 8, 8))).read_bytes()
    folder = data_folder() / uploads.FOLDER
    with monkeypatch.context() as here:
        here.setattr(uploads, "load_user_dataset", None)
        assert uploads._store("Mine.npz", good, uploads._read_in_worker) == "own/Mine.npz"
        with pytest.raises(DataError, match=r"^theirs\.npz.*float64"):
            uploads._store("theirs.npz", bad, uploads._read_in_worker)
        here.setattr(uploads, "READ_S", 0.0)
        with pytest.raises(DataError, match=r"'late\.npz' was not read within 0 s"):
            uploads._store("late.npz", good, uploads._read_in_worker)
    assert [path.name for path in folder.iterdir()] == ["Mine.npz"]
    assert load_user_dataset(folder / "Mine.npz").num_classes == 3
