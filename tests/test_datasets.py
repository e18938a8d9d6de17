"""Training data: every kind of file, broken ones, splits by writer, drawn digits."""

from __future__ import annotations

import gzip
import importlib.util
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formreader import datasets, strokes
from formreader.datasets import (
    HELD_OUT_WRITERS,
    Glyphs,
    draw_digits,
    file_hash,
    join,
    read_glyph_file,
    read_idx,
    split_by_writer,
    to_glyphs,
)
from formreader.errors import UsageError
from formreader.ink import normalize_glyph

COUNT = 12
LABELS = np.arange(COUNT) % 10


def drawn_digits() -> np.ndarray:
    """Draw digits as uint8 (COUNT, 28, 28), white on black as MNIST has them."""
    rng = np.random.default_rng(1)
    drawn = [
        normalize_glyph(strokes.draw_symbol(str(d), strokes.random_hand(rng), rng, 40))
        for d in LABELS
    ]
    return np.round(np.stack(drawn) * 255).astype(np.uint8)


IMAGES = drawn_digits()


def idx(values: np.ndarray) -> bytes:
    head = b"\0\0\x08" + bytes([values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    return head + values.astype(np.uint8).tobytes()


def assert_same_digits(glyphs: Glyphs) -> None:
    assert np.array_equal(glyphs.labels, LABELS)
    assert glyphs.images.dtype == np.uint8
    assert np.abs(glyphs.images.astype(int) - IMAGES).mean() < 12


# Files


def test_an_npz_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "digits.npz"
    np.savez(path, x_train=IMAGES, y_train=LABELS, x_test=IMAGES[:3], y_test=LABELS[:3])
    glyphs = read_glyph_file(path)
    assert_same_digits(glyphs)
    assert (glyphs.writers == -1).all()
    assert len(read_glyph_file(path, "test")) == 3


def test_writer_numbers_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "digits.npz"
    np.savez(path, x_train=IMAGES, y_train=LABELS, w_train=np.arange(COUNT) + 100)
    assert read_glyph_file(path).writers.tolist() == list(range(100, 100 + COUNT))


@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_are_read_with_the_labels_beside_them(tmp_path: Path, packed: bool) -> None:
    names = {"train-images-idx3-ubyte": IMAGES, "train-labels-idx1-ubyte": LABELS}
    for name, values in names.items():
        data = idx(values)
        (tmp_path / (name + ".gz" * packed)).write_bytes(gzip.compress(data) if packed else data)
    assert_same_digits(read_glyph_file(tmp_path / ("train-images-idx3-ubyte" + ".gz" * packed)))


@pytest.mark.parametrize("suffix", [".h5", ".hdf5"])
def test_an_hdf5_file_is_read(tmp_path: Path, suffix: str) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / f"digits{suffix}", "w") as file:
        file["x_train"], file["y_train"] = IMAGES, LABELS
    assert_same_digits(read_glyph_file(tmp_path / f"digits{suffix}"))


def test_without_h5py_the_command_that_installs_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "digits.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(UsageError, match=r'pip install "formreader\[train\]"'):
        read_glyph_file(tmp_path / "digits.h5")


def test_the_hash_of_a_file_is_sha_256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert file_hash(tmp_path / "a").startswith("ba7816bf8f01cfea")


# Broken files


def saved(path: Path, **arrays: Any) -> bytes:
    np.savez_compressed(path, **arrays)
    return path.read_bytes()


@pytest.mark.parametrize("cut", [0, 1, 4, 100, 0.5, 0.9])
def test_an_npz_file_cut_short_is_refused(tmp_path: Path, cut: float) -> None:
    path = tmp_path / "digits.npz"
    data = saved(path, x_train=IMAGES, y_train=LABELS)
    path.write_bytes(data[: int(cut * len(data) if 0 < cut < 1 else cut)])
    with pytest.raises(UsageError, match=r"digits\.npz holds no x_train and y_train"):
        read_glyph_file(path)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_damaged_bytes_never_end_in_anything_but_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "digits.npz"
    whole = bytearray(saved(path, x_train=IMAGES[:3], y_train=LABELS[:3]))
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=6)):
        whole[place] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(whole))
    try:
        glyphs = read_glyph_file(path)
    except UsageError:
        return
    assert len(glyphs) > 0


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("digits.npz", b"not a zip file at all", "holds no x_train"),
        ("digits.csv", b"1,2,3", "training data are .npz, .h5 or idx"),
        ("images.idx", b"\0\0\x0d\x03" + bytes(20), "is not an idx file of bytes"),
        ("images.idx", b"\0\0\x08\x03" + bytes(3), "is not an idx file of bytes"),
        ("images.idx", b"\0\0\x08\x09" + bytes(9), "holds no x_train"),
        ("images.idx", idx(IMAGES)[:-5], "is cut short"),
        ("images.idx.gz", gzip.compress(idx(IMAGES))[:-200], "holds no x_train"),
        ("images.idx.gz", b"no gzip", "holds no x_train"),
        ("images.idx", idx(IMAGES), "holds no x_train"),  # no labels beside it
    ],
)
def test_each_broken_file_gets_its_sentence(
    tmp_path: Path, name: str, data: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError, match=sentence):
        read_glyph_file(tmp_path / name)


@pytest.mark.skipif(not importlib.util.find_spec("h5py"), reason="h5py is not installed")
def test_a_broken_hdf5_file_gets_its_sentence(tmp_path: Path) -> None:
    (tmp_path / "digits.h5").write_bytes(b"\x89HDF\r\n\x1a\nand no more")
    with pytest.raises(UsageError, match="holds no x_train"):
        read_glyph_file(tmp_path / "digits.h5")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no file .*absent\.npz"):
        read_glyph_file(tmp_path / "absent.npz")


def test_a_file_without_the_test_half_says_so(tmp_path: Path) -> None:
    saved(tmp_path / "digits.npz", x_train=IMAGES, y_train=LABELS)
    with pytest.raises(UsageError, match="holds no x_test and y_test"):
        read_glyph_file(tmp_path / "digits.npz", "test")


@pytest.mark.parametrize(
    ("x", "y", "sentence"),
    [
        (IMAGES.reshape(COUNT, -1), LABELS, "must be an array"),
        (np.repeat(IMAGES[..., None], 3, -1), LABELS, "must be an array"),
        (IMAGES, LABELS[:-1], "one label each"),
        (IMAGES, np.eye(10)[LABELS], "one label each"),
        (IMAGES[:0], LABELS[:0], "must be an array"),
        (IMAGES, LABELS - 1, "from 0 to 9"),
        (IMAGES, LABELS + 1, "from 0 to 9"),
        (IMAGES, LABELS + 0.5, "from 0 to 9"),
        (IMAGES, np.full(COUNT, np.nan), "from 0 to 9"),
        (IMAGES, np.array(["7"] * COUNT), "from 0 to 9"),
    ],
)
def test_arrays_that_are_no_labelled_digits_are_refused(
    tmp_path: Path, x: np.ndarray, y: np.ndarray, sentence: str
) -> None:
    saved(tmp_path / "digits.npz", x_train=x, y_train=y)
    with pytest.raises(UsageError, match=sentence):
        read_glyph_file(tmp_path / "digits.npz")


def test_writer_numbers_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    saved(tmp_path / "digits.npz", x_train=IMAGES, y_train=LABELS, w_train=np.arange(3))
    with pytest.raises(UsageError, match="one writer number for each picture"):
        read_glyph_file(tmp_path / "digits.npz")


# To glyphs


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int32])
def test_the_type_of_the_numbers_does_not_matter(dtype: type) -> None:
    scale = 1 / 255 if np.issubdtype(dtype, np.floating) else 1
    assert_same_digits(to_glyphs((IMAGES * scale).astype(dtype), LABELS))


def test_dark_digits_on_light_paper_are_turned_round() -> None:
    assert_same_digits(to_glyphs(255 - IMAGES, LABELS))


def test_digits_of_another_size_come_to_the_same_frame() -> None:
    large = np.stack([np.kron(image, np.ones((3, 3), np.uint8)) for image in IMAGES])
    assert_same_digits(to_glyphs(np.pad(large, ((0, 0), (4, 20), (9, 1))), LABELS))


def test_an_idx_file_may_have_any_shape(tmp_path: Path) -> None:
    values = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    (tmp_path / "a").write_bytes(idx(values))
    assert np.array_equal(read_idx(tmp_path / "a"), values)


# Splitting


def written_by(writers: np.ndarray) -> Glyphs:
    count = len(writers)
    return Glyphs(np.zeros((count, 28, 28), np.uint8), np.arange(count) % 10, writers)


def test_no_writer_is_on_both_sides_of_the_split() -> None:
    everyone = written_by(np.repeat(np.arange(500), 5))
    train, held_out = split_by_writer(everyone, seed=1)
    assert len(train) + len(held_out) == len(everyone)
    assert not set(train.writers) & set(held_out.writers)
    assert len(np.unique(held_out.writers)) == HELD_OUT_WRITERS


def test_the_split_is_the_same_for_the_same_seed() -> None:
    everyone = written_by(np.repeat(np.arange(500), 5))
    same = [set(split_by_writer(everyone, seed=4)[1].writers) for _ in range(2)]
    assert same[0] == same[1] != set(split_by_writer(everyone, seed=5)[1].writers)


@pytest.mark.parametrize("writers", [np.full(1000, -1), np.arange(1000) % 20])
def test_without_enough_writers_a_tenth_is_held_out(writers: np.ndarray) -> None:
    train, held_out = split_by_writer(written_by(writers), seed=1)
    assert len(held_out) == pytest.approx(100, abs=35)
    assert len(train) + len(held_out) == 1000


def test_sets_are_joined_in_their_order() -> None:
    joined = join([written_by(np.full(3, 1)), written_by(np.full(2, 2))])
    assert joined.writers.tolist() == [1, 1, 1, 2, 2]
    assert len(joined) == 5


# Drawn digits


def test_drawn_digits_are_the_same_for_the_same_seed() -> None:
    one, same, other = draw_digits(30, 1), draw_digits(30, 1), draw_digits(30, 2)
    assert np.array_equal(one.images, same.images)
    assert np.array_equal(one.labels, same.labels)
    assert not np.array_equal(one.images, other.images)


@pytest.mark.parametrize("printed", [0.0, 1.0])
def test_drawn_digits_are_normalised_and_of_all_ten_kinds(
    printed: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "PRINTED", printed)
    glyphs = draw_digits(200, 3)
    assert set(glyphs.labels) == set(range(10))
    assert (glyphs.images.max((1, 2)) == 255).all()
    assert (glyphs.writers == -1).all()


def test_digits_are_printed_where_there_are_no_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "font_files", list)
    monkeypatch.setattr(datasets, "PRINTED", 1.0)
    assert (draw_digits(40, 1).images.max((1, 2)) == 255).all()
