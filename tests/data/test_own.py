"""User-supplied images from .npz files and folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.test_data import check_invariants
from tests.own_images import own_arrays, save_folder, save_npz
from unsc_core.data import load_dataset
from unsc_core.data.own import load_user_dataset, path_in_data_folder
from unsc_core.errors import DataError

# What is refused is in bad_inputs.py, run by test_experiment.py and test_cli.py.


def test_npz_is_read_as_it_was_saved(tmp_path: Path) -> None:
    dataset = load_user_dataset(save_npz(tmp_path / "own.npz"))
    arrays = own_arrays()
    check_invariants(dataset)
    assert dataset.input_shape == (1, 16, 16)
    assert dataset.class_names == ("zero", "one", "two")
    assert np.array_equal(dataset.x_train[:, 0], arrays["x_train"])
    assert np.array_equal(dataset.y_test, arrays["y_test"])


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_npz_with_channels_last_becomes_channels_first(tmp_path: Path, channels: int) -> None:
    arrays = own_arrays()
    images = {
        name: np.stack([arrays[name] // (c + 1) for c in range(channels)], axis=-1)
        for name in ("x_train", "x_test")
    }
    dataset = load_user_dataset(save_npz(tmp_path / "own.npz", **images))
    check_invariants(dataset)
    assert dataset.input_shape == (channels, 16, 16)
    assert np.array_equal(dataset.x_train[:, -1], images["x_train"][..., -1])


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint64, ">i2"])
def test_any_whole_labels_do(tmp_path: Path, dtype: str) -> None:
    arrays = own_arrays()
    labels = {name: arrays[name].astype(dtype) for name in ("y_train", "y_test")}
    dataset = load_user_dataset(save_npz(tmp_path / "own.npz", class_names=None, **labels))
    check_invariants(dataset)
    assert dataset.class_names == ("0", "1", "2")


def test_folder_is_read_class_by_class(tmp_path: Path) -> None:
    root = save_folder(tmp_path / "own")
    (root / "train" / "one" / ".DS_Store").write_bytes(b"left by a file manager")
    dataset = load_user_dataset(root)
    check_invariants(dataset)
    arrays = own_arrays(2)
    assert dataset.class_names == ("one", "zero")
    for label, c in ((0, 1), (1, 0)):
        assert np.array_equal(
            dataset.x_train[dataset.y_train == label, 0],
            arrays["x_train"][arrays["y_train"] == c][:4],
        )
        assert np.array_equal(
            dataset.x_test[dataset.y_test == label, 0], arrays["x_test"][arrays["y_test"] == c][:4]
        )


def test_folders_named_by_numbers_keep_their_order(tmp_path: Path) -> None:
    root = save_folder(tmp_path / "own")
    for part in ("train", "test"):
        (root / part / "zero").rename(root / part / "10")
        (root / part / "one").rename(root / part / "9")
    assert load_user_dataset(root).class_names == ("9", "10")


def test_colour_images_stay_in_colour(tmp_path: Path) -> None:
    root = save_folder(tmp_path / "own")
    for file in root.rglob("*.png"):
        grey = np.array(Image.open(file))
        Image.fromarray(np.stack([grey, grey // 2, grey // 3], axis=-1)).save(file)
    dataset = load_user_dataset(root)
    check_invariants(dataset)
    assert dataset.input_shape == (3, 16, 16)
    assert np.array_equal(dataset.x_train[:, 1], dataset.x_train[:, 0] // 2)


def test_changed_file_is_read_again(tmp_path: Path) -> None:
    path = save_npz(tmp_path / "own.npz")
    first = load_dataset(str(path))
    assert load_dataset(str(path)) is first
    save_npz(path, class_names=np.array(["null", "eins", "zwei"]))
    assert load_dataset(str(path)).class_names == ("null", "eins", "zwei")


@pytest.mark.parametrize("text", ["../x.npz", "/etc/passwd", "a/../../x.npz", "", "."])
def test_shared_front_ends_stay_inside_the_data_folder(home: Path, text: str) -> None:
    with pytest.raises(DataError, match="outside"):
        path_in_data_folder(text)


def test_link_out_of_the_data_folder_is_outside(home: Path, tmp_path: Path) -> None:
    (home / "data").mkdir(parents=True)
    save_npz(tmp_path / "own.npz")
    (home / "data" / "own.npz").symlink_to(tmp_path / "own.npz")
    with pytest.raises(DataError, match="outside"):
        path_in_data_folder("own.npz")


def test_path_inside_the_data_folder_is_taken(home: Path) -> None:
    (home / "data").mkdir(parents=True)
    path = path_in_data_folder("own.npz")
    assert path == (home / "data" / "own.npz").resolve()
