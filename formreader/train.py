"""Train the recognizer and put it where reading finds it.

MNIST and other labelled glyphs → augmentation → Keras → three networks for the small runtime
(single glyphs, whole strips, print or pen), a fitted confidence, the card and the training curves.
Only `train(_digits, _strips, _printed, _loop)`, `network` and `export_model` need TensorFlow.
"""

from __future__ import annotations

import datetime
import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from formreader import classify, datasets, glyph_folder, train_tune
from formreader.datasets import Glyphs
from formreader.errors import ModelError, OutputError, UsageError
from formreader.glyph_folder import Images
from formreader.model_versions import CURVE_NAMES, CURVES, put_in_place, write_card
from formreader.train_digits import train_digits
from formreader.train_loop import Report
from formreader.train_material import ALPHABET, Material, batch
from formreader.train_settings import Settings
from formreader.train_tune import Search
from formreader.train_weights import keep_weights

EPOCHS = 20
"""Passes of the bundled recipe over the digits."""
FEWEST = 20
"""Digits below which there is nothing to learn and to hold out; a good model takes thousands."""
DRAWN = 8_000
"""Digits drawn by our own code, beside 49,000 of MNIST's; 12,000 before composed lattices, which
hold drawn digits too, came to each batch."""
AGREEMENT = 0.998
"""Least share of glyphs on which exported and trained network must name the same class."""


def train(
    data: list[Path],
    out: Path,
    settings: Settings | None = None,
    *,
    search: Search | None = None,
    report: Report = print,
) -> dict[str, Any]:
    """Train a model into the folder `out` and return its card.

    A model already there stays in use until the new one is finished and checked, and then as
    an older version.

    `data` are glyph files (`.npz`, idx, HDF5) or folders of pictures by class (none: MNIST by
    download). With `search`, settings of the digit network are searched first. Stopped and
    called again with the same arguments, it goes on after the last finished epoch. Raises
    ModelError without TensorFlow, UsageError for unusable data, OutputError where `out` is not
    writable.
    """
    if search:
        train_tune.check(search)
    for path in data:
        if not path.exists():
            raise UsageError(f"There is no file {path}.")
    require_tensorflow()
    settings = settings or Settings()
    material = gather(data, settings.seed, report)
    work = work_folder(out)
    from formreader.export_model import to_lite
    from formreader.train_printed import EPOCHS as PRINTED_EPOCHS
    from formreader.train_printed import train_printed
    from formreader.train_strips import EPOCHS as STRIP_EPOCHS
    from formreader.train_strips import train_strips

    tried: list[dict[str, Any]] = []
    if search:
        settings, tried = train_tune.tune(material, work, settings, search, report)
    seed = settings.seed
    digits, history = train_digits(material, work, settings, settings.epochs or EPOCHS, report)
    strips, strip_history = train_strips(
        material.written, material.held_out, work, settings.epochs or STRIP_EPOCHS, seed, report
    )
    printed, printed_history = train_printed(
        material.written, material.held_out, work, settings.epochs or PRINTED_EPOCHS, seed, report
    )
    histories = {"digits": history, "strips": strip_history, "printed": printed_history}
    card = describe(material, seed, histories)
    card["digits"] = made_with(settings, digits, tried)
    fresh = work / "model"
    fresh.mkdir(exist_ok=True)
    plot_curves(histories, fresh / CURVES)
    export(digits, strips, to_lite(printed), material, fresh, card)
    report("fitting the confidence on held-out writers")
    from formreader.fit_confidence import with_temperature
    from formreader.fit_kinds import fit_kinds

    card, _ = with_temperature(fresh, material.held_out, card, seed)
    card = fit_kinds(fresh, datasets.hands_of(material.held_out), card, seed)
    write_card(fresh, card | tested(fresh, material, report))
    put_in_place(fresh, out)
    return classify.read_card(out)


def made_with(settings: Settings, digits: Any, tried: list[dict[str, Any]]) -> dict[str, Any]:
    """Return, for the card, how the Keras model of single digits was made, and what was tried."""
    return {
        "arch": settings.arch,
        "weights": digits.count_params(),
        "batch": settings.batch,
        "learning_rate": settings.rate,
        "tried": tried,
    }


def tested(folder: Path, material: Material, report: Report) -> dict[str, Any]:
    """Return, for the card, what the exported model reads right of the test material."""
    found: dict[str, Any] = {}
    if material.test is not None:
        found["test"] = count_right(folder, material.test)
        report("test: {right} of {count} digits right".format(**found["test"]))
    if len(material.other_test):
        counts = found["not_a_digit"] = count_refused(folder, material.other_test)
        report("{refused} of {count} held-out pictures refused as no digit".format(**counts))
    return found


def work_folder(out: Path) -> Path:
    """Make the folder in which a model is trained; raises OutputError where it cannot be."""
    work = out / "training"
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The model cannot be written to {out}: {error.strerror}.") from error
    return work


def require_tensorflow() -> None:
    """Load TensorFlow; raise ModelError naming the install command where it is absent.

    What it has to say of missing graphics cards stays off the screen.
    """
    if find_spec("tensorflow") is None:
        raise ModelError(
            "Training needs TensorFlow, which is not installed here. "
            'Install it with: pip install "formreader[train]"'
        )
    with classify.native_silence():
        import tensorflow

        tensorflow.config.list_physical_devices()
    tensorflow.get_logger().setLevel("ERROR")


def gather(data: list[Path], seed: int, report: Report = print) -> Material:
    """Read all training files, or download MNIST where none is named; split by writer."""
    if data:
        read = [glyph_folder.read_labelled(path, "train", report) for path in data]
        parts = [digits for digits, _ in read]
        others = np.concatenate([other for _, other in read])
        sources = {path.name or path.resolve().name: glyph_folder.hash_of(path) for path in data}
        test = read_test(data[0], report)
    else:
        (parts, test, sources), others = download_mnist(), np.zeros((0, 28, 28), np.uint8)
    count = sum(map(len, parts))
    if count < FEWEST:
        raise UsageError(f"{count} digits are too few to learn from; {FEWEST} are the least.")
    if any((part.writers == -1).all() for part in parts):
        report(
            "Who wrote what is not known for all digits: a tenth is held out in runs of "
            "neighbours. Where one hand is in many places, held-out figures are too good."
        )
    splits = [datasets.split_by_writer(part, seed) for part in parts]
    drawn = datasets.draw_digits(min(DRAWN, 2 * count), seed)
    written = datasets.join([kept for kept, _ in splits])
    held = len(others) // 10
    return Material(
        written=written,
        train=datasets.join([written, drawn]),
        held_out=datasets.join([out for _, out in splits]),
        test=test,
        sources=sources,
        others=others[held:],
        other_test=others[:held],
    )


def read_test(path: Path, report: Report) -> Glyphs | None:
    """Read the test half of a training file or folder, if it has one."""
    try:
        return glyph_folder.read_labelled(path, "test", report)[0]
    except UsageError:
        return None


def download_mnist() -> tuple[list[Glyphs], Glyphs, dict[str, str]]:
    """Fetch MNIST by Keras (needs the network once; Keras keeps a copy)."""
    import keras

    try:
        (x, y), (x_test, y_test) = keras.datasets.mnist.load_data()
    except Exception as error:  # Keras raises it bare where a download fails
        raise ModelError(
            "MNIST could not be downloaded. Name a file that holds it: "
            f"formreader train --data mnist.npz ({error})"
        ) from error
    return [datasets.to_glyphs(x, y)], datasets.to_glyphs(x_test, y_test), {"mnist": "keras"}


def plot_curves(histories: dict[str, list[dict[str, float]]], target: Path) -> None:
    """Draw loss and held-out error of each network per epoch as a picture.

    `histories` are by the network's name in the card.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.5))
    for network, history in histories.items():
        epochs, name = range(1, len(history) + 1), CURVE_NAMES[network]
        axes[0].plot(epochs, [h["loss"] for h in history], label=name)
        axes[1].plot(epochs, [100 * (1 - h["held_out"]) for h in history], label=name)
    axes[0].set(xlabel="epoch", ylabel="training loss", yscale="log")
    axes[1].set(xlabel="epoch", ylabel="held-out writers read wrong, %", yscale="log")
    axes[0].legend()
    figure.tight_layout()
    figure.savefig(target, dpi=100)
    pyplot.close(figure)


def describe(material: Material, seed: int, histories: dict[str, Any]) -> dict[str, Any]:
    """Write down what a model is: alphabet, input, data with hashes, versions, date."""
    known = material.held_out.writers >= 0
    return {
        "alphabet": ALPHABET,
        "input": "glyphs float32 (N, 28, 28), 0 paper to 1 ink, by ink.normalize_glyph",
        "strips": {
            "input": "strips float32 (1, 32, W), by segment.strip",
            "temperature": 1.0,
            "looks": 2,
        },
        "temperature": 1.0,
        "calibration": {},
        "data": {
            "sources": material.sources,
            "training_digits": len(material.train),
            "held_out_digits": len(material.held_out),
            "held_out_writers": len(np.unique(material.held_out.writers[known])),
        },
        "seed": seed,
        "epochs": {name: len(history) for name, history in histories.items()},
        "history": histories,
        "seconds": {n: round(sum(e["seconds"] for e in h)) for n, h in histories.items()},
        "versions": {"python": platform.python_version(), **package_versions()},
        "date": datetime.date.today().isoformat(),
    }


def package_versions() -> dict[str, str]:
    """List the versions of what made the model."""
    found = {}
    for name in ("formreader", "tensorflow", "keras", "ai-edge-litert", "numpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def export(
    digits: Any,
    strips: Any,
    printed: bytes | None,
    material: Material,
    out: Path,
    card: dict[str, Any],
) -> None:
    """Write the networks for the small runtime and check that digits are read as trained.

    `printed` is the exported network that tells print from writing, where the model has one.
    """
    from formreader.export_model import to_lite

    (out / classify.NETWORK).write_bytes(to_lite(digits))
    (out / classify.STRIP_NETWORK).write_bytes(to_lite(strips))
    if printed:
        (out / classify.PRINT_NETWORK).write_bytes(printed)
        card["printed"] = {"input": "glyphs as above", "output": "logit, above 0 print"}
    keep_weights(out, {"digits": digits, "strips": strips})
    write_card(out, card)
    held = material.held_out
    glyphs, _ = batch(held.at(np.arange(min(1000, len(held)))), held, [0, 3])
    trained = digits.predict(glyphs, batch_size=256, verbose=0).argmax(1)
    exported = classify.load_recognizer(out).classify(glyphs).argmax(1)
    agree = float((trained == exported).mean())
    card["export_agreement"] = {"share": agree, "count": len(glyphs)}
    if agree < AGREEMENT and len(material.train) > 10_000:
        raise ModelError(
            f"Exported and trained network agree on {agree:.2%} of {len(glyphs)} glyphs only; "
            "the model was not put in place."
        )


def count_right(folder: Path, test: Glyphs) -> dict[str, int]:
    """Count the test digits that the exported network reads right."""
    logits = classify.load_recognizer(folder).classify(
        test.images.astype(np.float32) / np.float32(255)
    )
    right = int((logits[:, :10].argmax(1) == test.labels).sum())
    return {"right": right, "count": len(test)}


def count_refused(folder: Path, others: Images) -> dict[str, int]:
    """Count the pictures of no digit that the exported network knows for that."""
    logits = classify.load_recognizer(folder).classify(others.astype(np.float32) / np.float32(255))
    refused = int((logits.argmax(1) == ALPHABET.index("?")).sum())
    return {"refused": refused, "count": len(others)}
