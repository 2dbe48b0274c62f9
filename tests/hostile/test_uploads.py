"""Hostile uploads: images, pictures and weights are read as data, or refused in one sentence."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import save

from pages.shared import uploads
from tests.hostile.harmless import TEXTS, harmless, refused, value_or_sentence, with_code
from tests.own_images import own_arrays, save_folder
from unsc_core.data import load_dataset
from unsc_core.data.arrays import LONGEST_NAME
from unsc_core.data.own import load_user_dataset
from unsc_core.data.picture import KEPT_SIDE, opened
from unsc_core.models import build_model
from unsc_core.models.weights import load_weights, set_weights
from unsc_core.paths import data_folder

CASES = settings(max_examples=150, deadline=None, database=None)
FLIPS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8)
"""Where in a file, and the byte that is put there."""


def flipped(content: bytes, flips: list[tuple[float, int]], kept: float = 1.0) -> bytes:
    """A file with some bytes replaced, cut after a share of it."""
    damaged = bytearray(content)
    for at, byte in flips:
        damaged[int(at * len(damaged))] = byte
    return bytes(damaged[: int(kept * len(damaged))])


def saved(**changes: Any) -> bytes:
    """A .npz of digits, with some arrays replaced or left out."""
    out = io.BytesIO()
    arrays = {name: a for name, a in {**own_arrays(), **changes}.items() if a is not None}
    np.savez(out, **arrays)
    return out.getvalue()


def with_member(name: str, content: bytes, **how: Any) -> bytes:
    """The .npz with a member of the archive replaced by these bytes."""
    out = io.BytesIO(saved(**{name.removesuffix(".npy"): None}))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(name, content, **how)
    return out.getvalue()


def array_of(header: str, content: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    """The member x_train.npy, whose header is this text."""
    text = header.encode("latin-1") + b"\n"
    size = struct.pack("<H" if version == b"\x01\x00" else "<I", len(text))
    return with_member("x_train.npy", b"\x93NUMPY" + version + size + text + content)


def header(descr: str, shape: str, order: str = "False") -> bytes:
    return array_of(f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}", b"xyz")


def claiming(content: bytes, name: str, size: int) -> bytes:
    """An archive whose directory claims that a file in it unpacks to so many bytes."""
    damaged = bytearray(content)
    at = damaged.rindex(b"PK\x01\x02", 0, damaged.rindex(name.encode()))
    damaged[at + 24 : at + 28] = struct.pack("<I", size)
    return bytes(damaged)


def many_members() -> bytes:
    out = io.BytesIO(saved())
    with zipfile.ZipFile(out, "a") as archive:
        for i in range(20_000):
            archive.writestr(f"{i}.npy", b"")
    return out.getvalue()


def outside_members() -> bytes:
    out = io.BytesIO(saved(x_train=None))
    with zipfile.ZipFile(out, "a") as archive:
        for name in ("../../../x_train.npy", "/x_train.npy", "..\\x_train.npy"):
            archive.writestr(name, b"outside")
    return out.getvalue()


IMAGES: dict[str, Callable[[Path], bytes]] = {
    "shape beyond 64 bits": lambda _: header("'|u1'", f"({2**64}, 8, 8)"),
    "shape that overflows": lambda _: header("'|u1'", f"({2**40}, {2**40}, 8)"),
    "shape of many digits": lambda _: header("'|u1'", f"({'9' * 4000}, 8, 8)"),
    "negative shape": lambda _: header("'|u1'", "(-1, 8, 8)"),
    "shape of terabytes": lambda _: header("'|u1'", "(10000000, 1000, 1000)"),
    "shape that is no tuple": lambda _: header("'|u1'", "[90, 8, 8]"),
    "shape of booleans": lambda _: header("'|u1'", "(True, True, True)"),
    "shape of many axes": lambda _: header("'|u1'", f"({'1,' * 200})"),
    "order that is none": lambda _: header("'|u1'", "(90, 8, 8)", "'yes'"),
    "type that is none": lambda _: header("'nonsense'", "(90, 8, 8)"),
    "type of the header's own": lambda _: header("[('a', '|u1'), ('a', '|u1')]", "(90, 8, 8)"),
    "type of records": lambda _: header("[('a', '|u1', (8, 8))]", "(90,)"),
    "type of objects": lambda _: header("'|O'", "(90, 8, 8)"),
    "type of no bytes": lambda _: header("'|V0'", "(90, 8, 8)"),
    "type of huge texts": lambda _: header("'<U100000000'", "(90, 8, 8)"),
    "header that is no dictionary": lambda _: array_of("[1, 2]"),
    "header that is not Python": lambda _: array_of("{'descr': '|u1', ("),
    "header with open text": lambda _: array_of("{'descr': '''"),
    "header with a stray indent": lambda _: array_of("if:\n      x\n   y"),
    "header that is a call": lambda _: array_of("__import__('os').system('touch code-has-run')"),
    "header nested deeply": lambda _: array_of("(" * 9000),
    "header of signs": lambda _: array_of("-" * 9000 + "1"),
    "header that cannot be a key": lambda _: array_of("{[]: 1}"),
    "header that is too long": lambda _: array_of(" " * 60_000),
    "header with a null byte": lambda _: array_of("{'descr'\x00: 1}"),
    "header of another version": lambda _: array_of("{}", version=b"\x09\x00"),
    "header of a later version": lambda _: array_of("{}", version=b"\x02\x00"),
    "empty member": lambda _: with_member("x_train.npy", b""),
    "member that is a pickle": lambda tmp: with_member("x_train.npy", with_code(tmp)),
    "pickled objects": lambda tmp: with_member(
        "x_train.npy", b"\x93NUMPY\x01\x00" + _objects(with_code(tmp))
    ),
    "member that is an archive": lambda _: with_member("x_train.npy", saved()),
    "members outside": lambda _: outside_members(),
    "member in lzma": lambda _: flipped(
        with_member("x_train.npy", bytes(5000), compress_type=zipfile.ZIP_LZMA), [(0.9, 7)]
    ),
    "damaged lzma": lambda _: _damaged(zipfile.ZIP_LZMA),
    "damaged bzip2": lambda _: _damaged(zipfile.ZIP_BZIP2),
    "damaged deflate": lambda _: _damaged(zipfile.ZIP_DEFLATED),
    "member of unknown packing": lambda _: _packed_as(99),
    "member that is encrypted": lambda _: _encrypted(),
    "five gigabytes claimed": lambda _: claiming(saved(), "y_test.npy", 2**32 - 2),
    "fewer bytes claimed": lambda _: claiming(saved(), "x_train.npy", 130),
    "a bomb": lambda _: with_member("x_train.npy", bytes(3 * 10**7), compress_type=8),
    "only a directory": lambda _: b"PK\x05\x06" + bytes(18),
    "directory that points away": lambda _: b"PK\x05\x06" + b"\xff" * 16 + bytes(2),
    "zip of another world": lambda _: saved()[:-22] + b"PK\x06\x07" + b"\xff" * 16 + saved()[-22:],
    "labels that are times": lambda _: saved(
        y_train=own_arrays()["y_train"].astype("timedelta64[s]"), y_test=None
    ),
    "labels beyond 63 bits": lambda _: saved(y_train=np.full(90, 2**64 - 1, np.uint64)),
    "labels that are booleans": lambda _: saved(y_train=own_arrays()["y_train"] > 0),
    "labels that are complex": lambda _: saved(y_train=own_arrays()["y_train"] * 1j),
    "images that are NaN": lambda _: saved(x_train=np.full((90, 16, 16), np.nan)),
    "images that are a number": lambda _: saved(x_train=np.uint8(3)),
    "images without pixels": lambda _: saved(x_train=np.zeros((90, 16, 0), np.uint8)),
    "images of no size at all": lambda _: saved(x_train=np.zeros((0, 10**9, 10**9), np.uint8)),
    "images of five axes": lambda _: saved(x_train=np.zeros((90, 1, 16, 16, 1), np.uint8)),
    "names that are objects": lambda _: saved(class_names=np.array(["a", 1, None], object)),
    "names twice": lambda _: saved(class_names=np.array(["same", "same", "other"])),
    "names that are a table": lambda _: saved(class_names=np.array([["a", "b"], ["c", "d"]])),
    "text": lambda _: b"x_train,y_train\n",
    "pickle": lambda tmp: with_code(tmp),
    "page": lambda _: b"<!doctype html><script>alert(1)</script>",
}


def _objects(content: bytes) -> bytes:
    text = b"{'descr': '|O', 'fortran_order': False, 'shape': (90,), }\n"
    return struct.pack("<H", len(text)) + text + content


def _damaged(how: int) -> bytes:
    """An archive whose largest member is damaged in its packed bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive, np.load(io.BytesIO(saved())) as arrays:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.save(member, array)
            archive.writestr(f"{name}.npy", member.getvalue())
    content = bytearray(out.getvalue())
    for at in range(60, 400, 9):
        content[at] ^= 255
    return bytes(content)


def _packed_as(how: int) -> bytes:
    content = bytearray(saved())
    at = 0
    while (at := content.find(b"PK\x01\x02", at + 1)) > 0:
        content[at + 10 : at + 12] = struct.pack("<H", how)
    return bytes(content)


def _encrypted() -> bytes:
    content = bytearray(saved())
    at = 0
    while (at := content.find(b"PK\x01\x02", at + 1)) > 0:
        content[at + 8] |= 1
    return bytes(content)


@pytest.mark.parametrize("name", IMAGES)
def test_images_that_cannot_be_used_are_refused_and_not_kept(
    home: Path, tmp_path: Path, name: str
) -> None:
    content = IMAGES[name](tmp_path)
    with harmless(tmp_path):
        sentence = refused(lambda: uploads._store("mine.npz", content))
    assert "mine.npz" in sentence
    assert not [path for path in home.rglob("*") if path.is_file()]


def test_an_archive_of_very_many_files_is_read_as_any_other(home: Path, tmp_path: Path) -> None:
    content = many_members()
    with harmless(tmp_path):
        assert uploads._store("mine.npz", content) == "own/mine.npz"


@pytest.mark.parametrize(("limit", "value"), [("MAX_FILES", 2), ("MAX_GB", 2.5e-9 * len(saved()))])
def test_the_folder_of_uploads_is_bounded(
    home: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: float
) -> None:
    monkeypatch.setattr(uploads, limit, value)
    for name in ("one.npz", "two.npz"):
        uploads._store(name, SOUND)
    assert "three.npz" in refused(lambda: uploads._store("three.npz", SOUND))
    assert uploads._store("two.npz", SOUND) == "own/two.npz"  # in place of the one before
    assert uploads.datasets() == ["own/one.npz", "own/two.npz"]


@CASES
@given(FLIPS, st.sampled_from([1.0, 0.999, 0.9, 0.5]))
def test_a_damaged_archive_of_images_is_read_or_refused(
    flips: list[tuple[float, int]], kept: float
) -> None:
    path = data_folder() / "flipped.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(flipped(SOUND, flips, kept))
    value_or_sentence(lambda: load_user_dataset(path))


SOUND = saved()


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".py", ""])
def test_any_name_of_a_file_is_a_plain_name_in_one_folder(
    home: Path, tmp_path: Path, text: str, suffix: str
) -> None:
    with harmless(tmp_path):
        found = value_or_sentence(lambda: uploads._store(TEXTS[text] + suffix, SOUND))
    files = [path for path in home.rglob("*") if path.is_file()]
    if suffix in (".npz", ".safetensors") and TEXTS[text]:
        assert files == [data_folder() / found]
        assert files[0].parent == data_folder() / uploads.FOLDER
        assert files[0].name.isascii()
        assert files[0].name.isprintable()
    else:
        assert files == []


@pytest.mark.parametrize("text", [text for text in TEXTS if text not in ("long", "deep")])
def test_any_name_of_a_class_is_a_line_of_text(home: Path, text: str) -> None:
    names = np.array([TEXTS[text][:3000], "b", "c"])
    data_folder().mkdir(parents=True)
    (data_folder() / "mine.npz").write_bytes(saved(class_names=names))
    found = value_or_sentence(lambda: load_dataset(str(data_folder() / "mine.npz")))
    if isinstance(found, str):
        return
    assert found.num_classes == 3
    for name in found.class_names:
        assert name.encode()
        assert name.replace("\u200d", "").isprintable()
        assert 0 < len(name) <= LONGEST_NAME
        assert "](" not in name


def test_folders_with_names_that_are_no_text_are_read(tmp_path: Path) -> None:
    root = save_folder(tmp_path / "mine")
    for part in ("train", "test"):
        (root / part / "one").rename(root / part / "caf\udce9")
    found = load_user_dataset(root)
    assert all(name.encode() for name in found.class_names)
    assert len(set(found.class_names)) == 2


# Pictures to try.


def picture(format: str, mode: str = "RGB", size: tuple[int, int] = (40, 30), **how: Any) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 50).convert(mode).save(out, format, **how)
    return out.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def png(width: int, height: int, *more: bytes, content: bytes = b"") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            head,
            *more,
            chunk(b"IDAT", zlib.compress(content)),
            chunk(b"IEND", b""),
        ]
    )


PICTURES: dict[str, bytes] = {
    "nothing": b"",
    "zeros": bytes(1000),
    "text": b"hello",
    "pickle": pickle.dumps([1]),
    "script in SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "page": b"<html><script>alert(1)</script></html>",
    "PDF": b"%PDF-1.7\n",
    "HEIC": b"\0\0\0\x18ftypheic" + bytes(20),
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n",
    "archive": SOUND[:5000],
    "bomb of four gigapixels": png(65_000, 65_000),
    "bomb of a wide line": png(2**31 - 1, 1),
    "bomb of no height": png(10, 0),
    "picture without pixels": png(0, 0),
    "PNG that ends early": png(30, 30),
    "PNG with a bomb of text": png(
        4, 4, chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(10**8))), content=bytes(4 * 13)
    ),
    "PNG with a bomb of colours": png(
        4, 4, chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(10**8))), content=bytes(4 * 13)
    ),
    "GIF of huge frames": b"GIF89a\xff\xff\xff\xff\x80\0\0"
    + bytes(6)
    + b",\0\0\0\0\xff\xff\xff\xff\0",
    "GIF that ends early": picture("GIF")[:20],
    "JPEG that ends early": picture("JPEG")[:300],
    "JPEG of 65,500 lines": picture("JPEG").replace(b"\0\x1e\0\x28", b"\xff\xdc\xff\xdc", 1),
    "WebP that ends early": picture("WEBP")[:40],
    "TIFF that points away": b"II*\0\xff\xff\xff\x7f",
    "TIFF that points to itself": b"II*\0\x08\0\0\0\x01\0" + bytes(12) + b"\x08\0\0\0",
    "TIFF of a huge table": b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * 500,
    "TIFF of fractions": picture("TIFF", "F"),
    "BMP of huge size": b"BM" + bytes(12) + struct.pack("<IiiHHI", 40, 2**30, -(2**30), 1, 24, 0),
    "ICO": b"\0\0\1\0\1\0\0\0\0\0\1\0\x20\0" + bytes(30),
    "PCX": b"\x0a\x05\x01\x08" + bytes(200),
    "too many bytes": bytes(11 * 2**20),
}
ODD_BUT_SOUND: dict[str, bytes] = {
    "PNG of endless frames": png(4, 4, chunk(b"acTL", b"\xff" * 8), content=bytes(4 * 13)),
    "one pixel": picture("PNG", size=(1, 1)),
    "a line": picture("PNG", size=(9000, 1)),
    "16 bits": picture("PNG", "I;16"),
    "32 bits": picture("TIFF", "I"),
    "one bit": picture("PNG", "1"),
    "palette": picture("GIF", "P"),
    "see-through": picture("PNG", "LA"),
    "for print": picture("JPEG", "CMYK"),
    "Lab": picture("TIFF", "LAB"),
    "with a page behind it": picture("PNG") + b"<script>alert(1)</script>",
    "with odd turning": picture(
        "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\1\3\0\1\0\0\0\x63\0\0\0"
    ),
}


@pytest.mark.parametrize("name", PICTURES)
def test_what_is_no_sound_picture_is_refused(tmp_path: Path, name: str) -> None:
    with harmless(tmp_path):
        refused(lambda: opened(PICTURES[name], "mine.png"))


@pytest.mark.parametrize("name", ODD_BUT_SOUND)
def test_odd_pictures_are_opened(tmp_path: Path, name: str) -> None:
    with harmless(tmp_path):
        found = opened(ODD_BUT_SOUND[name], "mine.png")
    assert found.pixels.dtype == np.uint8
    assert max(found.pixels.shape[:2]) <= KEPT_SIDE


@CASES
@given(
    st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"]),
    FLIPS,
    st.sampled_from([1.0, 0.99, 0.5, 0.1]),
)
def test_a_damaged_picture_is_opened_or_refused(
    format: str, flips: list[tuple[float, int]], kept: float
) -> None:
    content = flipped(ENCODED[format], flips, kept)
    found = value_or_sentence(lambda: opened(content, "mine.png"))
    assert isinstance(found, str) or found.pixels.shape[2] == 3


ENCODED = {format: picture(format) for format in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")}


# Weights.


def state_dict(**changes: Any) -> dict[Any, Any]:
    return dict(build_model("mlp", (2,), 4).state_dict()) | changes


def torch_file(value: Any, **how: Any) -> bytes:
    out = io.BytesIO()
    torch.save(value, out, **how)
    return out.getvalue()


def safetensors(header: bytes, content: bytes = b"", size: int | None = None) -> bytes:
    return struct.pack("<Q", len(header) if size is None else size) + header + content


def repacked(content: bytes, change: Callable[[str, bytes], bytes], how: int = 0) -> bytes:
    """A torch file with the members of its archive changed or packed otherwise."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", how) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return out.getvalue()


def expanded() -> dict[Any, Any]:
    return state_dict(**{"1.weight": torch.zeros(1).expand(10**6, 10**6)})


SAFETENSORS: dict[str, bytes] = {
    "nothing": b"",
    "short": b"abc",
    "header beyond 64 bits": safetensors(b"{}", size=2**64 - 1),
    "header of a terabyte": safetensors(b"{}", size=2**40),
    "header of a hundred megabytes": safetensors(b"{" * 50, size=10**8),
    "header that is a list": safetensors(b"[]"),
    "header that is not JSON": safetensors(b"{'a': 1}"),
    "header nested deeply": safetensors(b'{"a":' * 50_000),
    "header that is no text": safetensors(b"\xff" * 100),
    "offsets beyond the end": safetensors(
        b'{"1.weight":{"dtype":"F32","shape":[128,2],"data_offsets":[0,1024]}}'
    ),
    "offsets backwards": safetensors(
        b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}', bytes(8)
    ),
    "offsets that overlap": safetensors(
        b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},'
        b'"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}',
        bytes(12),
    ),
    "shape that overflows": safetensors(
        b'{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}', bytes(8)
    ),
    "negative shape": safetensors(
        b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}}', bytes(8)
    ),
    "unknown type": safetensors(
        b'{"a":{"dtype":"OBJ","shape":[2],"data_offsets":[0,8]}}', bytes(8)
    ),
    "one name twice": safetensors(
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
        b'"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
        bytes(8),
    ),
    "other network": save({"weight": torch.zeros(2)}),
    "half precision and infinite": save(state_dict(**{"1.bias": torch.full((128,), 1e9).half()})),
    "not finite": save(state_dict(**{"1.bias": torch.full((128,), float("nan"))})),
    "other size": save(state_dict(**{"1.bias": torch.zeros(127)})),
    "name that runs": save(state_dict(**{"<script>alert(1)</script>": torch.zeros(1)})),
    "name without end": save(state_dict(**{"a" * 10**6: torch.zeros(1)})),
    "torch file": torch_file(state_dict()),
}
TORCH: dict[str, Callable[[Path], bytes]] = {
    **{f"pickle with code, protocol {p}": lambda tmp, p=p: with_code(tmp, p) for p in range(6)},
    "code within a torch file": lambda tmp: repacked(
        torch_file(state_dict()),
        lambda name, content: with_code(tmp) if name.endswith("data.pkl") else content,
    ),
    "whole network": lambda _: torch_file(build_model("mlp", (2,), 4)),
    "older whole network": lambda _: torch_file(
        build_model("mlp", (2,), 4), _use_new_zipfile_serialization=False
    ),
    "list": lambda _: torch_file([torch.zeros(2)]),
    "number": lambda _: torch_file(3),
    "numbers": lambda _: torch_file({"1.weight": 3}),
    "in a dictionary": lambda _: torch_file({"state_dict": state_dict()}),
    "keys that are numbers": lambda _: torch_file(state_dict() | {5: torch.zeros(1)}),
    "keys that are lines": lambda _: torch_file(state_dict(**{"a\nb\x1b": torch.zeros(1)})),
    "keys that are no text": lambda _: torch_file(state_dict(**{"\udce9": torch.zeros(1)})),
    "expanded to a terabyte": lambda _: torch_file(expanded()),
    "sparse": lambda _: torch_file(state_dict(**{"1.bias": torch.zeros(128).to_sparse()})),
    "complex": lambda _: torch_file(state_dict(**{"1.bias": torch.zeros(128) * 1j})),
    "quantised": lambda _: torch_file(
        state_dict(**{"1.bias": torch.quantize_per_tensor(torch.zeros(128), 0.1, 0, torch.qint8)})
    ),
    "nowhere": lambda _: torch_file(state_dict(**{"1.bias": torch.zeros(128, device="meta")})),
    "cut in half": lambda _: torch_file(state_dict())[:2000],
    "a bomb": lambda _: repacked(
        torch_file(state_dict()),
        lambda name, content: bytes(10**8) if name.endswith("/data/0") else content,
        zipfile.ZIP_DEFLATED,
    ),
    "archive of images": lambda _: SOUND,
    "claims too much": lambda _: torch_file(
        state_dict(), _use_new_zipfile_serialization=False
    ).replace(struct.pack("<q", 256), struct.pack("<q", 2**40)),
}


def loaded(folder: Path, name: str, content: bytes) -> dict[str, Any]:
    path = folder / "home" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    found = load_weights(path)
    set_weights(build_model("mlp", (2,), 4), found, name)
    return found


@pytest.mark.parametrize("name", SAFETENSORS)
def test_safetensors_that_cannot_be_used_are_refused(tmp_path: Path, name: str) -> None:
    with harmless(tmp_path):
        sentence = refused(lambda: loaded(tmp_path, "w.safetensors", SAFETENSORS[name]))
    assert "w.safetensors" in sentence


@pytest.mark.parametrize("name", TORCH)
def test_torch_files_that_cannot_be_used_are_refused_and_not_run(tmp_path: Path, name: str) -> None:
    content = TORCH[name](tmp_path)
    with harmless(tmp_path):
        sentence = refused(lambda: loaded(tmp_path, "w.pt", content))
    assert "w.pt" in sentence


@pytest.mark.parametrize("how", [{}, {"_use_new_zipfile_serialization": False}], ids=["", "older"])
def test_sound_weights_are_read(tmp_path: Path, how: dict[str, Any]) -> None:
    assert set(loaded(tmp_path, "w.pt", torch_file(state_dict(), **how))) == set(state_dict())


@CASES
@given(
    st.sampled_from(["w.pt", "old.pt", "w.safetensors"]), FLIPS, st.sampled_from([1.0, 0.99, 0.5])
)
def test_damaged_weights_are_read_or_refused(
    name: str, flips: list[tuple[float, int]], kept: float
) -> None:
    path = data_folder() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(flipped(WEIGHTS[name], flips, kept))

    def use() -> None:
        set_weights(build_model("mlp", (2,), 4), load_weights(path), name)

    value_or_sentence(use)


WEIGHTS = {
    "w.pt": torch_file(state_dict()),
    "old.pt": torch_file(state_dict(), _use_new_zipfile_serialization=False),
    "w.safetensors": save(state_dict()),
}
