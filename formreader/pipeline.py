"""Read one page: the stages in order. Start reading the program here.

load → register → locate → segment → classify → assemble → calibrate → validate. Loading is
the caller's (`batch`, or anyone with a `Page`); the rest happens below, with the glyphs of
several pages scored together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from formreader import assemble, calibrate, classify, ctc, locate, register, segment, validate
from formreader.classify import PrintDetector, Recognizer, StripReader
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
from formreader.forms import FormDef
from formreader.ink import darkness_of, use_one_thread, written
from formreader.pipeline_codes import read_code
from formreader.pipeline_form import Forms, check_places, held_against
from formreader.pipeline_hand import as_its_column, by_shape, without_print
from formreader.pipeline_judge import Cut as Cut
from formreader.pipeline_judge import is_number as is_number
from formreader.pipeline_judge import judge as judge
from formreader.pipeline_labels import without_labels
from formreader.pipeline_looks import looks_at as looks_at
from formreader.pipeline_pencil import trusted_in_pencil
from formreader.pipeline_pieces import without_pieces
from formreader.pipeline_printed import without_printed_strokes
from formreader.pipeline_rows import printed_numbers, without_row_numbers
from formreader.pipeline_strokes import judge_strokes, slashes_in_line
from formreader.pipeline_ticks import read_mark
from formreader.pipeline_turn import right_way_up

FORMS = ("auto", "field", "cheque")
"""Built-in forms: find fields by itself; each image is one pre-cut number; bank cheques."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a job asks for: form, highest error rate among accepted fields, model folder.

    `form` is `auto`, `field` or `cheque`; with `definitions`, files or folders of form
    definitions, it is only their name. `max_error` is the share of wrong values wanted at most
    among the accepted, over 0 and below 1; `model` None is the bundled one. Raises UsageError.
    """

    form: str = "auto"
    max_error: float = 0.01
    model: Path | None = None
    definitions: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an error rate that is none."""
        calibrate.check_rate(self.max_error)


@dataclass(frozen=True, slots=True, eq=False)
class Readers:
    """The readers of a model: single glyphs and, where it has them, whole strips and print."""

    recognizer: Recognizer
    strips: StripReader | None
    detector: PrintDetector | None = None

    def score(self, cuts: Sequence[Cut]) -> list[Float]:
        """Score the glyphs of many fields at once: log-probabilities (N, K) a field."""
        sizes = [len(cut.lattice.glyphs) for cut in cuts]
        images = [glyph.image for cut in cuts for glyph in cut.lattice.glyphs]
        if not images:
            return [np.zeros((0, len(self.recognizer.alphabet)), np.float32) for _ in cuts]
        scores = classify.classify(np.stack(images), self.recognizer)
        shares = np.split(scores, np.cumsum(sizes)[:-1])
        return [
            classify.in_boxes(mine) if cut.lattice.cells else mine
            for cut, mine in zip(cuts, shares, strict=True)
        ]


def unkept_promises(options: Options) -> list[str]:
    """Say where the error rate asked for is stricter than the model's sample supports.

    An unknown form or an unfinished model is left to `Reader` to refuse.
    """
    card = classify.read_card(classify.model_folder(options.model))
    kinds: tuple[str, ...] = (
        (calibrate.FREE,) if options.form == "field" else (calibrate.FREE, calibrate.CELLS)
    )
    known = options.form in FORMS or options.definitions
    if not known or not set(kinds) <= set(card["calibration"]):
        return []
    if options.form == "cheque" and calibrate.AMOUNT in card["calibration"]:
        kinds = (*kinds, calibrate.AMOUNT)
    return calibrate.unkept(card["calibration"], kinds, options.max_error)


class Reader:
    """Reads pages with one model and one set of options."""

    def __init__(self, options: Options) -> None:
        """Load the model; raises ModelError, and FormError for an unknown form."""
        self.forms = Forms(options.definitions) if options.definitions else None
        if options.form not in FORMS and not self.forms:
            raise FormError(
                f"There is no form called “{options.form}”. Built in are: {', '.join(FORMS)}."
            )
        use_one_thread()
        self.options = options
        folder = classify.model_folder(options.model)
        recognizer = classify.load_recognizer(folder)
        strips = classify.load_strip_reader(folder, recognizer.card)
        detector = classify.load_print_detector(folder, recognizer.card)
        self.readers = Readers(recognizer, strips, detector)
        self.calibration = dict(recognizer.card["calibration"])
        if not {calibrate.FREE, calibrate.CELLS} <= set(self.calibration):
            raise ModelError(
                f"The training of the model in {folder} was stopped before its end. "
                "Run the same `formreader train` again; it goes on where it was."
            )
        self.calibration.setdefault(calibrate.AMOUNT, self.calibration[calibrate.FREE])
        self.model_id = recognizer.model_id
        self.thresholds = {
            kind: calibrate.threshold_for(self.calibration, kind, options.max_error)
            for kind in (calibrate.FREE, calibrate.CELLS, calibrate.AMOUNT)
        }

    def read_page(self, page: Page) -> PageResult:
        """Read one page."""
        return self.read_pages([page])[0]

    def read_pages(self, pages: Sequence[Page]) -> list[PageResult]:
        """Read several pages, their glyphs scored in common batches."""
        found = [self.find_fields(page) for page in pages]
        cuts = [[Cut(field, segment.segment(field)) for field in fields] for _, fields, _ in found]
        scores = iter(self.readers.score([cut for page_cuts in cuts for cut in page_cuts]))
        results = []
        for page, page_cuts, (form, _, registration) in zip(pages, cuts, found, strict=True):
            read = [self.read_cut(cut, next(scores)) for cut in page_cuts]
            looked_at = as_its_column([field for field, _ in read])
            fields = [field for field in looked_at if not field.is_print]
            readings = [r for f, (_, r) in zip(looked_at, read, strict=True) if not f.is_print]
            readings = slashes_in_line(fields, trusted_in_pencil(fields, readings))
            if form:
                readings = held_against(form, readings, fields, self.options.max_error)
            else:
                readings = numbers_among(fields, readings)
            if registration:
                readings = check_places(readings, registration)
            placed = tuple(on_page(r, registration, page) for r in readings)
            name = form.name if form else self.options.form
            results.append(PageResult(page.source, page.number, name, placed))
        return results

    def find_fields(
        self, page: Page
    ) -> tuple[FormDef | None, list[FieldImage], Registration | None]:
        """Register a page and locate its fields; a pre-cut number is one field."""
        if self.forms:
            return self.forms.find(page)
        if self.options.form == "field":
            return None, [whole_image(page.image)], None

        def find(registration: Registration) -> list[FieldImage]:
            located = locate.locate(register.upright(page, registration), page.dpi)
            detector = self.readers.detector
            return without_print(without_labels(located, detector), detector)

        registration = register.register(page)
        fields = find(registration)
        if registration.heads_down:
            as_it_lies = registration, fields
            registration, fields = right_way_up(page, as_it_lies, find, self.read_fields)
        named = [
            replace(f, spec=replace(f.spec, name=f"p{page.number}-{f.spec.name}")) for f in fields
        ]
        return None, named, registration

    def read_fields(self, fields: Sequence[FieldImage]) -> list[Reading]:
        """Read fields as they lie, their rectangles in upright pixels."""
        cuts = [Cut(field, segment.segment(field)) for field in fields]
        scored = zip(cuts, self.readers.score(cuts), strict=True)
        return [self.read_cut(cut, scores)[1] for cut, scores in scored]

    def read_cut(self, cut: Cut, scores: Float) -> tuple[FieldImage, Reading]:
        """Turn one field's scores into a reading, its rectangle still in upright pixels.

        The field comes with the doubt that the shapes of its characters leave.
        """
        if cut.field.spec.kind is Kind.BARCODE:
            return cut.field, read_code(cut.field)
        candidates, spelt = propose(cut, scores, self.readers.strips)
        if cut.field.spec.kind is Kind.CHECKBOX:
            return cut.field, read_mark(cut.field, candidates)
        cut = by_shape(cut, candidates, self.readers.detector)
        reading = self.decide(cut, candidates, spelt)
        return cut.field, reading if cut.field.cells else judge_strokes(cut, reading)

    def decide(
        self,
        cut: Cut,
        candidates: list[Candidate],
        spelt: list[tuple[str, float]],
        kind: str = "",
    ) -> Reading:
        """Turn the strings that the readers propose for a field into its reading.

        `kind` of the calibration is that of free writing or of boxes where none is named.
        """
        kind = kind or (calibrate.CELLS if cut.lattice.cells else calibrate.FREE)
        judged = judge(cut, candidates, spelt, self.calibration, kind)
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


def numbers_among(fields: Sequence[FieldImage], readings: list[Reading]) -> list[Reading]:
    """Leave out what is no number of the places found on a page, and doubt what may be none."""
    counting = printed_numbers(fields, readings)
    readings = without_pieces(fields, without_row_numbers(readings))
    readings = without_printed_strokes(fields, readings)
    found = enumerate(zip(fields, readings, strict=True))
    return [read for at, (field, read) in found if at not in counting and is_number(field, read)]


def whole_image(image: Grey) -> FieldImage:
    """Take a whole picture as one pre-cut number."""
    flat = darkness_of(image)
    height, width = image.shape
    spec, rect = FieldSpec("number", Kind.FREE), Rect(0, 0, width, height)
    return FieldImage(spec, rect, image, written(flat[0]), flat=flat)


def propose(
    cut: Cut, scores: Float, strips: StripReader | None, longest: int = 0
) -> tuple[list[Candidate], list[tuple[str, float]]]:
    """Let both readers list their best strings for one field, of `longest` digits at most.

    Where they differ, each also scores what the other lists.
    """
    return proposed(cut, scores, looks_at(cut, strips), longest)


def proposed(
    cut: Cut, scores: Float, looks: list[Float], longest: int = 0
) -> tuple[list[Candidate], list[tuple[str, float]]]:
    """List the best strings as `propose` does, from looks at the strip."""
    lattice, spec = cut.lattice, cut.field.spec
    beam = assemble.WIDE_BEAM if spec.fits else assemble.BEAM
    candidates = assemble.assemble(
        lattice.glyphs, scores, lattice.cuts, lattice.cells, longest, beam, spec.filler
    )
    spelt = ctc.decode(looks, longest)
    if spelt and candidates and candidates[0].text != spelt[0][0]:
        return each_scores_all(cut, scores, candidates, looks, spelt)
    return candidates, spelt


def each_scores_all(
    cut: Cut,
    scores: Float,
    candidates: list[Candidate],
    looks: list[Float],
    spelt: list[tuple[str, float]],
) -> tuple[list[Candidate], list[tuple[str, float]]]:
    """Add to what each reader lists the strings of the other, with its own score, best first."""
    lattice = cut.lattice
    theirs = {text for text, _ in spelt} - {c.text for c in candidates}
    added = assemble.spell(lattice.glyphs, scores, lattice.cuts, lattice.cells, theirs)
    ours = [c.text for c in candidates if c.text not in dict(spelt)]
    chances = ctc.log_posteriors(looks, ours)
    return (
        sorted([*candidates, *added], key=lambda c: -c.score),
        sorted([*spelt, *zip(ours, chances, strict=True)], key=lambda pair: -pair[1]),
    )


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
