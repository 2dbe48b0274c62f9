"""Every dataset of the registry, the split, and the downloader against a real server."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from unsc_core.data import DATASETS, DEFAULT_DATASET, dataset_entry, is_available, load_dataset
from unsc_core.data.arrays import checked_dataset
from unsc_core.data.dataset import Dataset
from unsc_core.data.downloads import fetch, read_idx
from unsc_core.data.fashion_mnist import DEBIAN
from unsc_core.data.fashion_mnist_mini import MINI_PATH, MINI_PER_CLASS
from unsc_core.data.request import split
from unsc_core.errors import ConfigError, DataError
from unsc_core.models import MODELS, model_entry
from unsc_core.progress import Progress, silent

REMOTE = {
    "cifar10": ("www.cs.toronto.edu", "cifar-10-python.tar.gz"),
    "cifar100": ("www.cs.toronto.edu", "cifar-100-python.tar.gz"),
    "svhn": ("ufldl.stanford.edu", "train_32x32.mat"),
}
FULL = ("fashion-mnist", "fashion-mnist-32")
"""Loaded without a download only where Debian's package is installed."""
BUNDLED = [name for name in DATASETS if name not in (*REMOTE, *FULL)]


def check_invariants(dataset: Dataset) -> None:
    """What everything else relies on."""
    for x, y in ((dataset.x_train, dataset.y_train), (dataset.x_test, dataset.y_test)):
        assert len(x) == len(y) > 0
        assert x.shape[1:] == dataset.input_shape
        assert x.dtype == (np.uint8 if dataset.is_images else np.float32)
        assert y.dtype == np.int64
        assert set(np.unique(y)) == set(range(dataset.num_classes))
        assert x.flags.c_contiguous
    assert len(set(dataset.class_names)) == dataset.num_classes
    scale = 255.0 if dataset.is_images else 1.0
    axes = (0, 2, 3) if dataset.is_images else (0,)
    assert np.allclose(dataset.mean, dataset.x_train.mean(axes) / scale, atol=1e-4)
    assert np.allclose(dataset.std, dataset.x_train.std(axes) / scale, atol=1e-4)


def test_the_default_needs_no_download() -> None:
    assert DEFAULT_DATASET in BUNDLED


@pytest.mark.parametrize("name", DATASETS)
def test_what_is_not_downloaded_yet_is_not_available(
    name: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unsc_core.data.fashion_mnist.DEBIAN", home / "nowhere")
    assert is_available(name) == (name in BUNDLED)


@pytest.mark.parametrize("name", DATASETS)
def test_entries_name_themselves_and_real_beginnings(name: str) -> None:
    entry = DATASETS[name]
    assert entry.name == name
    assert entry.title
    assert entry.summary.endswith(".")
    assert entry.default_model in MODELS
    assert entry.training_epochs >= 0


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_datasets_hold_what_everything_relies_on(name: str) -> None:
    dataset, entry = load_dataset(name), DATASETS[name]
    check_invariants(dataset)
    assert 0 <= entry.default_forget_class < dataset.num_classes
    assert model_entry(entry.default_model, dataset.input_shape).name == entry.default_model
    again = entry.load(silent)
    assert (again.train_digest, again.test_digest) == (dataset.train_digest, dataset.test_digest)
    assert load_dataset(name) is dataset


def test_fashion_mnist_mini_is_balanced() -> None:
    dataset = load_dataset("fashion-mnist-mini")
    assert dataset.input_shape == (1, 28, 28)
    assert np.bincount(dataset.y_train).tolist() == [MINI_PER_CLASS[0]] * 10 == [1000] * 10
    assert np.bincount(dataset.y_test).tolist() == [MINI_PER_CLASS[1]] * 10 == [500] * 10


def test_digits_are_scikit_learns() -> None:
    from sklearn.datasets import load_digits

    dataset, source = load_dataset("digits"), load_digits()
    both = np.concatenate([dataset.x_train, dataset.x_test])[:, 0]
    ours = sorted(map(bytes, np.round(both / (255 / 16)).astype(np.uint8)))
    assert ours == sorted(map(bytes, source.images.astype(np.uint8)))


@pytest.mark.skipif(
    not (DEBIAN.is_dir() or os.environ.get("UNSC_NO_SKIP")),
    reason=f"the full Fashion-MNIST is not in {DEBIAN}",
)
def test_fashion_mnist_in_full_and_the_bundled_part_are_one() -> None:
    full, mini = load_dataset("fashion-mnist"), load_dataset("fashion-mnist-mini")
    check_invariants(full)
    assert (len(full.y_train), len(full.y_test)) == (60_000, 10_000)
    assert full.class_names == mini.class_names
    for x, y, few_x, few_y in (
        (full.x_train, full.y_train, mini.x_train, mini.y_train),
        (full.x_test, full.y_test, mini.x_test, mini.y_test),
    ):
        for c in range(10):
            few = few_x[few_y == c]
            assert np.array_equal(few, x[y == c][: len(few)])


@pytest.mark.parametrize("name", REMOTE)
def test_dataset_out_of_reach_says_which_file_belongs_where(name: str, home: Path) -> None:
    host, file_name = REMOTE[name]
    try:
        socket.create_connection((host, 80), timeout=5).close()
        pytest.skip(f"{host} answers here: this would download {name}")
    except OSError:
        pass
    with pytest.raises(DataError) as caught:
        load_dataset(name)
    assert file_name in str(caught.value)
    assert str(home / "data") in str(caught.value)
    assert not list(home.rglob("*.part"))


def test_half_unpacked_dataset_is_named(home: Path) -> None:
    folder = home / "data" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    with pytest.raises(DataError, match=str(folder)):
        load_dataset("cifar10")


def test_damaged_idx_file_is_a_sentence(tmp_path: Path) -> None:
    for content in (b"", b"no gzip", b"\x1f\x8b\x08\x00"):
        (tmp_path / "x.gz").write_bytes(content)
        with pytest.raises(DataError, match=r"x\.gz"):
            read_idx(tmp_path / "x.gz")


@pytest.mark.parametrize(
    "name", ["nope", "", "a" * 300, "~nobody-has-this-name/x.npz", "/nowhere/at/all", "nowhere.npz"]
)
def test_names_that_are_no_dataset(name: str) -> None:
    with pytest.raises((ConfigError, DataError)):
        load_dataset(name)


def test_split_divides_the_training_samples() -> None:
    dataset = load_dataset("digits")
    request = split(dataset, (7, 2, 7))
    assert request.forget_classes == (2, 7)
    assert request.retain_classes == (0, 1, 3, 4, 5, 6, 8, 9)
    assert np.array_equal(
        np.sort(np.concatenate([request.forget_train(), request.retain_train()])),
        np.arange(len(dataset.y_train)),
    )
    assert set(dataset.y_train[request.forget_train()]) == {2, 7}
    assert set(dataset.y_train[request.retain_train()]) == set(request.retain_classes)


@pytest.mark.parametrize(
    ("forget_classes", "words"),
    [((), "No class"), ((10,), "Class 10"), ((-1,), "Class -1"), (tuple(range(10)), "All 10")],
)
def test_impossible_requests_are_refused(forget_classes: tuple[int, ...], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        split(load_dataset("digits"), forget_classes)


def test_own_path_gets_an_entry() -> None:
    entry = dataset_entry(str(MINI_PATH))
    assert (entry.name, entry.title) == (str(MINI_PATH), MINI_PATH.name)
    assert entry.default_model in MODELS


class Server:
    """A local web server that serves the bundled dataset and records the requested paths."""

    def __init__(self) -> None:
        self.content = MINI_PATH.read_bytes()
        self.md5 = hashlib.md5(self.content).hexdigest()
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                if self.path == "/missing":
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(outer.content)))
                self.end_headers()
                self.wfile.write(
                    outer.content[: len(outer.content) // 2]
                    if self.path == "/cut"
                    else outer.content
                )

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running = Server()
    yield running
    running.close()


def test_fetch_downloads_once_with_progress(server: Server, tmp_path: Path) -> None:
    heard: list[Progress] = []
    wanted = [(f"{server.address}/good", "good.npz", server.md5)]
    fetch("test", tmp_path / "new" / "folder", wanted, heard.append)
    assert (tmp_path / "new" / "folder" / "good.npz").read_bytes() == server.content
    assert heard[-1].done == heard[-1].total == len(server.content)
    assert "good.npz" in heard[-1].stage
    fetch("test", tmp_path / "new" / "folder", wanted, heard.append)
    assert server.asked == ["/good"]


def test_fetch_leaves_a_file_that_is_already_there(server: Server, tmp_path: Path) -> None:
    (tmp_path / "good.npz").write_bytes(server.content)
    fetch("test", tmp_path, [(f"{server.address}/good", "good.npz", server.md5)], silent)
    assert server.asked == []


def test_fetch_goes_on_where_files_are_missing(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(server.content)
    fetch(
        "test",
        tmp_path,
        [(f"{server.address}/{name}", name, server.md5) for name in ("a", "b")],
        silent,
    )
    assert server.asked == ["/b"]


@pytest.mark.parametrize(
    ("path", "md5", "words"),
    [
        ("good", "0" * 32, "checksum"),
        ("cut", None, "put file into"),
        ("missing", None, "answered 404"),
    ],
)
def test_fetch_that_fails_leaves_nothing(
    server: Server, tmp_path: Path, path: str, md5: str | None, words: str
) -> None:
    with pytest.raises(DataError, match=words) as caught:
        fetch("test", tmp_path, [(f"{server.address}/{path}", "file", md5 or server.md5)], silent)
    assert "file" in str(caught.value)
    assert list(tmp_path.rglob("file*")) == []


def test_fetch_replaces_a_damaged_file(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"damaged")
    fetch("test", tmp_path, [(f"{server.address}/good", "file", server.md5)], silent)
    assert (tmp_path / "file").read_bytes() == server.content


def test_fetch_from_nobody_names_file_and_folder(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/x"
    with pytest.raises(DataError, match=f"put x into {tmp_path}"):
        fetch("test", tmp_path, [(address, "x", "0" * 32)], silent)


def test_fetch_into_an_impossible_folder_is_a_sentence(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="Not a directory"):
        fetch(
            "test",
            tmp_path / "file" / "data",
            [(f"{server.address}/good", "x", server.md5)],
            silent,
        )


def test_samples_to_forget_and_where_they_may_not_go() -> None:
    dataset = load_dataset("digits")
    request = split(dataset, (), (9, 4, 9))
    assert (request.forget_classes, request.forget_ids) == ((), (4, 9))
    assert request.forget_train().tolist() == [4, 9]
    assert len(request.retain_train()) == len(dataset.y_train) - 2
    assert request.retain_classes == tuple(range(10))
    assert not request.is_forgotten("test").any()
    assert request.banned().argmax(1).tolist() == dataset.y_train[[4, 9]].tolist()
    assert request.banned().sum() == 2
    assert split(dataset, (2, 7)).banned().sum(1).tolist() == [2] * len(
        split(dataset, (2, 7)).forget_train()
    )


def test_all_samples_of_a_class_are_a_class() -> None:
    dataset = load_dataset("digits")
    with pytest.raises(ConfigError, match="class 5"):
        split(dataset, (), tuple(np.flatnonzero(dataset.y_train == 5).tolist()))


@pytest.mark.parametrize("part", ["train", "test"])
def test_what_is_forgotten_is_found_once_for_all_measures(part: str) -> None:
    request = split(load_dataset("digits"), (3,))
    found = request.is_forgotten(part)
    assert found is request.is_forgotten(part)
    assert not found.flags.writeable
    assert found.tolist() == (request.dataset.labels(part) == 3).tolist()


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("T-shirt/top", "T-shirt/top"),
        ("ankle_boot", "ankle_boot"),
        ("hats & caps", "hats & caps"),
        ("3:1", "3:1"),
        ("<b>bold</b>", "‹b›bold‹/b›"),
        ("*猫* | `x` $a_1$", "∗猫∗ ｜ ˋxˋ ＄a_1＄"),
        ("_cat_", "＿cat＿"),
        ("[l](http://x)", "［l］ (http∶//x)"),
        (":smile: &amp; #1", "∶smile: ＆amp; ＃1"),
    ],
)
def test_a_name_is_only_text_to_markdown_and_html(given: str, shown: str) -> None:
    x, y = np.zeros((4, 8, 8), np.uint8), np.array([0, 0, 1, 1])
    data = checked_dataset("mine", x, y, x, y, (given, "other"))
    assert data.class_names == (shown, "other")
