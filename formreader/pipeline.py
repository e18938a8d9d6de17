"""Read one page: the stages in order. Start reading the program here.

load → register → locate → segment → classify → assemble → calibrate → validate. Loading is
the caller's (`batch`, or anyone with a `Page`); the rest happens below, with the glyphs of
several pages scored together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from formreader import assemble, calibrate, classify, ctc, locate, register, segment, validate
from formreader.classify import Recognizer, StripReader
from formreader.document import (
    Candidate,
    FieldImage,
    FieldSpec,
    Float,
    Grey,
    Kind,
    Page,
    PageResult,
    Reading,
    Rect,
    Registration,
    Status,
)
from formreader.errors import FormError, ModelError
from formreader.ink import darkness_of, use_one_thread, written

FORMS = ("auto", "field", "cheque")
"""Built-in forms: find fields by itself; each image is one pre-cut number; bank cheques."""


PRINT = 0.5
"""Confidence up to which a doubtful place is taken for printed text: on three tax forms, an
insurance form and their blanks no word passed it, printed numbers reach 0.9."""


TINY = 3.0
"""Height in pixels from which strokes too small to cut into digits still are not dust."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a job asks for: form, highest error rate among accepted fields, model folder."""

    form: str = "auto"
    max_error: float = 0.01
    model: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """One field on its way: where it lies and what it was cut into."""

    field: FieldImage
    lattice: segment.Lattice


@dataclass(frozen=True, slots=True, eq=False)
class Readers:
    """The two readers of a model: single glyphs and, where the model has one, whole strips."""

    recognizer: Recognizer
    strips: StripReader | None

    def score(self, cuts: Sequence[Cut]) -> list[Float]:
        """Score the glyphs of many fields at once: log-probabilities (N, K) a field."""
        sizes = [len(cut.lattice.glyphs) for cut in cuts]
        images = [glyph.image for cut in cuts for glyph in cut.lattice.glyphs]
        if not images:
            return [np.zeros((0, len(self.recognizer.alphabet)), np.float32) for _ in cuts]
        scores = classify.classify(np.stack(images), self.recognizer)
        return np.split(scores, np.cumsum(sizes)[:-1])


def unkept_promises(options: Options) -> list[str]:
    """Say where the error rate asked for is stricter than the model's sample supports.

    An unknown form or an unfinished model is left to `Reader` to refuse.
    """
    card = classify.read_card(classify.model_folder(options.model))
    kinds = (calibrate.FREE,) if options.form == "field" else (calibrate.FREE, calibrate.CELLS)
    if options.form not in FORMS or not set(kinds) <= set(card["calibration"]):
        return []
    return calibrate.unkept(card["calibration"], kinds, options.max_error)


class Reader:
    """Reads pages with one model and one set of options."""

    def __init__(self, options: Options) -> None:
        """Load the model; raises ModelError, and FormError for an unknown form."""
        if options.form not in FORMS:
            raise FormError(
                f"There is no form called “{options.form}”. Built in are: {', '.join(FORMS)}."
            )
        use_one_thread()
        self.options = options
        folder = classify.model_folder(options.model)
        recognizer = classify.load_recognizer(folder)
        strips = classify.load_strip_reader(folder, recognizer.card)
        self.readers = Readers(recognizer, strips)
        self.calibration = recognizer.card["calibration"]
        if not {calibrate.FREE, calibrate.CELLS} <= set(self.calibration):
            raise ModelError(
                f"The training of the model in {folder} was stopped before its end. "
                "Run the same `formreader train` again; it goes on where it was."
            )
        self.model_id = recognizer.model_id
        self.thresholds = {
            kind: calibrate.threshold_for(self.calibration, kind, options.max_error)
            for kind in (calibrate.FREE, calibrate.CELLS)
        }

    def read_page(self, page: Page) -> PageResult:
        """Read one page."""
        return self.read_pages([page])[0]

    def read_pages(self, pages: Sequence[Page]) -> list[PageResult]:
        """Read several pages, their glyphs scored in common batches."""
        found = [self.find_fields(page) for page in pages]
        cuts = [[Cut(field, segment.segment(field)) for field in fields] for fields, _ in found]
        scores = iter(self.readers.score([cut for page_cuts in cuts for cut in page_cuts]))
        results = []
        for page, page_cuts, (_, registration) in zip(pages, cuts, found, strict=True):
            readings = [(cut.field, self.read_field(cut, next(scores))) for cut in page_cuts]
            placed = [on_page(r, registration, page) for f, r in readings if is_number(f, r)]
            results.append(PageResult(page.source, page.number, self.options.form, tuple(placed)))
        return results

    def find_fields(self, page: Page) -> tuple[list[FieldImage], Registration | None]:
        """Register a page and locate its fields; a pre-cut number is one field."""
        if self.options.form == "field":
            return [whole_image(page.image)], None
        registration = register.register(page)
        fields = locate.locate(register.upright(page, registration), page.dpi)
        named = [
            replace(f, spec=replace(f.spec, name=f"p{page.number}-{f.spec.name}")) for f in fields
        ]
        return named, registration

    def read_field(self, cut: Cut, scores: Float) -> Reading:
        """Turn one field's scores into a reading, its rectangle still in upright pixels."""
        return self.decide(cut, *propose(cut, scores, self.readers.strips))

    def decide(
        self,
        cut: Cut,
        candidates: list[Candidate],
        spelt: list[tuple[str, float]],
        grammar: calibrate.Grammar | None = None,
    ) -> Reading:
        """Turn the strings that the readers propose for a field into its reading."""
        judged = judge(cut, candidates, spelt, self.calibration, grammar)
        kind = calibrate.CELLS if cut.lattice.cells else calibrate.FREE
        status, reasons = validate.validate(judged, self.thresholds[kind])
        corner = cut.field.rect
        blank = status is Status.BLANK
        return Reading(
            field=cut.field.spec.name,
            text=judged.text,
            confidence=1.0 if blank else judged.confidence,
            status=status,
            reasons=reasons,
            characters=tuple(
                replace(c, rect=c.rect.moved(corner.x, corner.y)) for c in judged.characters
            ),
            rect=corner,
            alternatives=judged.alternatives,
        )


def whole_image(image: Grey) -> FieldImage:
    """Take a whole picture as one pre-cut number."""
    flat = darkness_of(image)
    height, width = image.shape
    spec, rect = FieldSpec("number", Kind.FREE), Rect(0, 0, width, height)
    return FieldImage(spec, rect, image, written(flat[0]), flat=flat)


def propose(
    cut: Cut, scores: Float, strips: StripReader | None, longest: int = 0
) -> tuple[list[Candidate], list[tuple[str, float]]]:
    """Let both readers list their best strings for one field, of `longest` digits at most."""
    lattice = cut.lattice
    candidates = assemble.assemble(lattice.glyphs, scores, lattice.cuts, lattice.cells, longest)
    if strips is None or lattice.strip is None:
        return candidates, []
    return candidates, ctc.decode(strips.read(lattice.strip), longest)


def judge(
    cut: Cut,
    candidates: list[Candidate],
    spelt: list[tuple[str, float]],
    calibration: Mapping[str, Any],
    grammar: calibrate.Grammar | None = None,
) -> validate.Evidence:
    """Fuse what the readers propose and say how sure it is."""
    lattice = cut.lattice
    if not candidates:
        return no_digits(cut)
    fitted = calibration[calibrate.CELLS if lattice.cells else calibrate.FREE]
    fused, chance = calibrate.calibrate(
        candidates, spelt, (lattice.contrast, lattice.height), fitted, grammar
    )
    best = next((c for c in candidates if c.text == fused[0][0]), None)
    shown = best or candidates[0]
    return validate.Evidence(
        text=fused[0][0],
        confidence=chance,
        characters=shown.characters if best else (),
        has_ink=True,
        contrast=lattice.contrast,
        doubt=cut.field.doubt,
        passed=shown.passed if lattice.cells else 0,
        touching=shown.touching,
        gaps=empty_between(lattice),
        spilt=lattice.spilt,
        edge=lattice.edge,
        paler=lattice.paler,
        agree=calibrate.agree(candidates, spelt),
        alternatives=calibrate.alternatives(fused, chance),
    )


def is_number(field: FieldImage, reading: Reading) -> bool:
    """Tell a field from print that only stood where a field might be.

    Boxes are always reported. Elsewhere what looks like print and does not read as a number
    either is left out: a page of text would give a hundred rows to review.
    """
    return bool(field.cells) or field.doubt <= validate.DOUBT_LIMIT or reading.confidence > PRINT


def no_digits(cut: Cut) -> validate.Evidence:
    """Describe a field in which no glyph was found: blank, or ink too small to read."""
    return validate.Evidence(
        text="",
        confidence=0.0,
        characters=(),
        has_ink=not cut.lattice.cells and cut.lattice.height >= TINY,
        contrast=cut.lattice.contrast,
        doubt=cut.field.doubt,
    )


def empty_between(lattice: segment.Lattice) -> int:
    """Count the empty boxes that lie between filled ones."""
    filled = {glyph.cell for glyph in lattice.glyphs}
    if not lattice.cells or not filled:
        return 0
    return max(filled) - min(filled) + 1 - len(filled)


def on_page(reading: Reading, registration: Registration | None, page: Page) -> Reading:
    """Give a reading its rectangles in pixels of the page as loaded."""
    if registration is None:
        return reading
    shape = page.image.shape
    return replace(
        reading,
        rect=register.to_page(reading.rect, registration, shape),
        characters=tuple(
            replace(c, rect=register.to_page(c.rect, registration, shape))
            for c in reading.characters
        ),
    )
