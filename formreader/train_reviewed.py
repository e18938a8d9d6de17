"""Learn from what persons confirmed, without forgetting and without becoming worse.

The confirmed numbers are shared out by page into two parts. A model that learned from one
part reads the other: that says honestly what is gained and how sure the new model may be.
The model that is kept learned from both. It takes the place of the old one only through the
gate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from formreader import (
    calibrate,
    classify,
    datasets,
    fit_cheques,
    fit_reviewed,
    model_versions,
    pipeline,
    train,
)
from formreader.datasets import hands_of
from formreader.errors import ModelError, UsageError
from formreader.fit_confidence import with_temperature
from formreader.fit_reviewed import Halves
from formreader.reviewed import Lesson, glyphs_of, lessons_of
from formreader.store_audits import lot
from formreader.store_glyphs import GlyphStore, Taught
from formreader.train_gate import Compared, Judged, compared, frozen_tests, trials_right
from formreader.train_loop import Report
from formreader.train_material import Material
from formreader.train_weights import WEIGHTS

FEWEST = 20
"""Confirmed numbers below which there is nothing to learn and nothing to measure it by."""
KINDS = (calibrate.FREE, calibrate.CELLS)


def train_reviewed(
    jobs: Sequence[Path], data: list[Path], out: Path, *, seed: int = 1, report: Report = print
) -> dict[str, Any]:
    """Train the bundled model on, on the confirmed numbers of jobs; return the new card.

    `data` are the digits that keep it from forgetting (none: MNIST by download). The new model
    takes its place in `out` only if it reads no worse than the one there, or else the bundled
    one; otherwise ModelError is raised with the figures and nothing is changed. Stopped and
    called again, it goes on where it was. Raises UsageError where too little was confirmed.
    """
    train.require_tensorflow()
    base = classify.model_folder(None)
    taught = {job: taught_by(job) for job in jobs}
    lessons = gather_lessons(jobs, base, report)
    material = train.gather(data, seed, report)
    work = train.work_folder(out)
    parts = halves_of(lessons)
    unseen = []
    for place, name in enumerate(("first", "second")):
        say = prefixed(report, f"{name} half of the confirmed numbers, ")
        _, readers = tune(base, parts[place], material, work / name, seed, say)
        unseen.append(fit_reviewed.try_lessons(parts[1 - place], readers))
    say = prefixed(report, "all confirmed numbers, ")
    card, readers = tune(base, lessons, material, work / "all", seed, say)
    report("fitting the confidence on held-out writers and on the confirmed numbers")
    order = parts[1] + parts[0]
    confirmed = by_kind(order, unseen)
    hands = hands_of(material.held_out)
    card["calibration"] = fit_reviewed.refit(readers, hands, confirmed, seed)
    card = fit_cheques.with_amounts(work / "all", hands, card, seed)
    card["data"]["confirmed_numbers"] = len(lessons)
    old = model_of(out if model_versions.versions(out) else base)
    tests = frozen_tests(old, Judged(readers, card["calibration"]), material.test, hands)
    tests += confirmed_tests(model_of(base), order, confirmed, card["calibration"])
    card["gate"] = judge(tests, report)
    model_versions.write_card(work / "all", card)
    number = model_versions.put_in_place(work / "all", out)
    for job, last in taught.items():
        with GlyphStore.open(job) as store:
            store.keep_taught(last)
    report(f"The new model reads no worse. It is in place as version {number} of {out}.")
    return classify.read_card(out)


def taught_by(job: Path) -> Taught:
    """Return how far the confirmations of a job reach; what comes later is not learned."""
    with GlyphStore.open(job) as store:
        return store.taught()


def gather_lessons(jobs: Sequence[Path], base: Path, report: Report) -> list[Lesson]:
    """Collect the confirmed numbers of jobs; raises UsageError where they are too few."""
    lessons: list[Lesson] = []
    for job in jobs:
        found, lost = lessons_of(job, base)
        lessons += found
        report(f"{len(found):,} numbers confirmed by persons in {job}")
        if lost:
            report(
                f"{lost:,} more are left out: their scan was moved or changed, or they are not "
                "found on it again"
            )
    if len(lessons) < FEWEST:
        raise UsageError(
            f"Only {len(lessons)} confirmed numbers were found; {FEWEST} are the least to learn "
            "from. Confirm more with 'formreader review' or 'formreader apply'."
        )
    return lessons


def halves_of(lessons: Sequence[Lesson]) -> tuple[list[Lesson], list[Lesson]]:
    """Share the confirmed numbers out into halves, the pages whole: a page has one writer.

    The fields of a single page are shared out themselves.
    """
    pages: dict[tuple[str, int], list[Lesson]] = {}
    for lesson in lessons:
        pages.setdefault((lesson.page_file, lesson.page), []).append(lesson)
    groups = sorted(pages.values(), key=lambda g: lot(g[0].page_file, g[0].page))
    if len(groups) == 1:
        groups = [[lesson] for lesson in groups[0]]
    halves: tuple[list[Lesson], list[Lesson]] = ([], [])
    for group in groups:
        min(halves, key=len).extend(group)
    return halves


def prefixed(report: Report, text: str) -> Report:
    """Return a report that says first what it is about."""
    return lambda line: report(text + line)


def tune(
    base: Path,
    lessons: Sequence[Lesson],
    old: Material,
    work: Path,
    seed: int,
    report: Report,
) -> tuple[dict[str, Any], pipeline.Readers]:
    """Train both networks on and export them into `work`; returns card and readers.

    The card lacks its calibration yet.
    """
    from formreader.fine_tune import fine_tune_digits, fine_tune_strips

    work.mkdir(exist_ok=True)
    recipe = {"seed": seed, "base": datasets.file_hash(base / WEIGHTS), "lessons": digest(lessons)}
    new = glyphs_of(lessons, pipeline.Readers(classify.load_recognizer(base), None))
    strips, strip_history = fine_tune_strips(base, lessons, new, old, work, recipe, report)
    digits, history = fine_tune_digits(base, new, old, work, recipe, report)
    histories = {"digits": history, "strips": strip_history}
    card = train.describe(old, seed, histories)
    train.plot_curves(histories, work / model_versions.CURVES)
    has_detector = "printed" in classify.read_card(base)
    printed = classify.read_network(base, classify.PRINT_NETWORK) if has_detector else None
    train.export(digits, strips, printed, old, work, card)
    return with_temperature(work, old.held_out, card, seed)


def digest(lessons: Sequence[Lesson]) -> str:
    """Return what tells one set of confirmed numbers from another."""
    text = "\n".join(sorted(f"{le.page_file} {le.page} {le.text}" for le in lessons))
    return hashlib.sha256(text.encode()).hexdigest()


def by_kind(order: Sequence[Lesson], unseen: Sequence[list[Any]]) -> dict[str, Halves]:
    """Sort what was tried by the kind of field; `order` are the lessons of both halves."""
    halves: dict[str, Halves] = {kind: ([], []) for kind in KINDS}
    lessons = iter(order)
    for half, trials in enumerate(unseen):
        for trial in trials:
            halves[kind_of(next(lessons))][half].append(trial)
    return halves


def kind_of(lesson: Lesson) -> str:
    """Return the kind of field that a number stands in."""
    return calibrate.CELLS if lesson.cut.lattice.cells else calibrate.FREE


def model_of(folder: Path) -> Judged:
    """Load a finished model, to be compared with."""
    reader = pipeline.Reader(pipeline.Options(model=folder))
    return Judged(reader.readers, reader.calibration)


def confirmed_tests(
    base: Judged,
    order: Sequence[Lesson],
    confirmed: Mapping[str, Halves],
    calibration: Mapping[str, Any],
) -> list[Compared]:
    """Compare on the confirmed numbers: the bundled model, and those that did not learn them."""
    tests = []
    names = {calibrate.FREE: "outside boxes", calibrate.CELLS: "in boxes"}
    for kind, name in names.items():
        mine = [lesson for lesson in order if kind_of(lesson) == kind]
        if mine:
            before = trials_right(
                fit_reviewed.try_lessons(mine, base.readers), base.calibration[kind]
            )
            after = trials_right([*confirmed[kind][0], *confirmed[kind][1]], calibration[kind])
            what = f"confirmed numbers {name}, each read by a model that learned from others"
            tests.append(compared(what, before, after))
    return tests


def judge(tests: Sequence[Compared], report: Report) -> list[dict[str, Any]]:
    """Say what was compared; raise ModelError where the new model reads worse."""
    for test in tests:
        report(test.sentence)
    worse = [test.sentence for test in tests if test.worse]
    if worse:
        raise ModelError(
            f"The new model reads worse and was not put in place. {'; '.join(worse)}. The old "
            "model stays as it was. Look through the confirmed values for wrong ones."
        )
    return [test._asdict() for test in tests]
