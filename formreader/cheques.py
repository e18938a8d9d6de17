"""Read cheques: the code line finds and places each one, then its fields are read.

One page may hold several cheques. The fields of a cheque are read by the stages as those of
any form are; what may stand in them (dates, amounts, code-line parts) takes part in deciding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from formreader import cheque_fields, locate, register, validate
from formreader.cheque_profiles import Profile, likely_profile, passes, profile_of
from formreader.document import (
    Character,
    Grey,
    Page,
    PageResult,
    Reading,
    Reason,
    Rect,
    Registration,
    Status,
    union,
)
from formreader.errors import PageError
from formreader.micr_line import CodeLine, find_code_lines
from formreader.pipeline import Reader, on_page

INCH_PITCHES = 8.0
"""Code-line characters to an inch: the scan's true resolution follows from their pitch."""
FOOT_MM = 6.5
"""Paper below a code line: the clear band is 16 mm high with the line in its middle."""
TALLEST_MM = 115.0
"""Height of the tallest cheque in millimetres; what lies higher is not of this cheque."""
EDGE_PITCHES = 1.5
"""Clear paper beside a code line, in pitches, below which it may have been cut off."""
PIECES_PITCHES = 12.0
"""Gap between two pieces of one code line at most, in pitches; groups in it have up to 6."""
NO_LINE = (
    "shows no E-13B code line at its foot: it may be the back of a cheque, another form or a "
    "cheque with CMC-7 print, which is not supported. Scan the front of a cheque, all of it"
)


@dataclass(frozen=True, slots=True, eq=False)
class Cheque:
    """One cheque of an upright page: its picture, place and code line in picture pixels."""

    image: Grey
    rect: Rect
    line: CodeLine
    dpi: float


class ChequeReader(Reader):
    """Reads pages of cheques with one model and one set of options."""

    def read_pages(self, pages: Sequence[Page]) -> list[PageResult]:
        """Read several pages; raises PageError where one shows no cheque."""
        return [self._read(page) for page in pages]

    def _read(self, page: Page) -> PageResult:
        registration, upright, lines = find_cheques(page)
        cheques = cut_apart(upright, lines)
        readings: list[Reading] = []
        for number, cheque in enumerate(cheques, 1):
            prefix = f"{number}/" if len(cheques) > 1 else ""
            corner = cheque.rect
            for reading in self.read_cheque(cheque):
                named = replace(reading, field=prefix + reading.field)
                readings.append(on_page(moved(named, corner.x, corner.y), registration, page))
        return PageResult(page.source, page.number, self.options.form, tuple(readings))

    def read_cheque(self, cheque: Cheque) -> list[Reading]:
        """Read the fields of one cheque, in pixels of its picture."""
        profile, readings = read_code_line(cheque)
        places = locate.cheque(cheque.image, cheque.dpi, profile.signs)
        fields = cheque_fields.ChequeFields(self, profile, date.today())
        found = fields.read(places, cheque.image, cheque.dpi / 25.4)
        for reason in (Reason.UNKNOWN_LAYOUT, Reason.CUT_OFF):  # its order of date; half a cheque
            if any(reason in reading.reasons for reading in readings):
                found = [validate.stopped(reading, reason) for reading in found]
        return readings + found


def find_cheques(page: Page) -> tuple[Registration, Grey, list[CodeLine]]:
    """Straighten a page and turn it so that its code lines can be read.

    Raises PageError where no way up shows one.
    """
    registration = register.register(page)
    upright = register.upright(page, registration)
    for turns in (0, 2, 1, 3):
        turned = np.ascontiguousarray(np.rot90(upright, turns))
        lines = find_code_lines(turned, page.dpi / 25.4)
        if lines:
            matrix = registration.matrix @ register.turn_matrix(turns, *upright.shape)
            total = (registration.turns + turns) % 4
            return Registration(matrix, registration.skew_deg, total), turned, lines
    raise PageError(NO_LINE)


def cut_apart(image: Grey, lines: Sequence[CodeLine]) -> list[Cheque]:
    """Cut an upright page into its cheques, each ending below its code line."""
    cheques = []
    top = 0
    for line in in_one_piece(lines):
        dpi = line.pitch_px * INCH_PITCHES
        scale = dpi / 25.4
        box = union([c.rect for c in line.characters])
        foot = min(image.shape[0], round(box.bottom + FOOT_MM * scale))
        head = max(top, round(box.bottom - TALLEST_MM * scale))
        rect = Rect(0, head, image.shape[1], foot - head)
        own = tuple(replace(c, rect=c.rect.moved(0, -head)) for c in line.characters)
        picture = np.ascontiguousarray(image[head:foot])
        cheques.append(Cheque(picture, rect, replace(line, characters=own), dpi))
        top = foot
    return cheques


def in_one_piece(lines: Sequence[CodeLine]) -> list[CodeLine]:
    """Join the pieces of a code line that is bent, as in a photo: one goes on where another ends.

    `lines` are from top to bottom. What both have is kept once.
    """
    whole: list[CodeLine] = []
    for line in lines:
        first, second = sorted((whole[-1] if whole else line, line), key=lambda p: _ends(p)[0])
        end, start = _ends(first)[1], _ends(second)[0]
        if not whole or not _in_row(first, second) or start - end > PIECES_PITCHES * line.pitch_px:
            whole.append(line)
            continue
        beyond = end - 0.5 * line.pitch_px
        more = tuple(c for c in second.characters if c.rect.x > beyond)
        unread, stray = first.unread + second.unread, first.stray + second.stray
        whole[-1] = CodeLine(first.characters + more, unread, stray, first.pitch_px)
    return whole


def _ends(line: CodeLine) -> tuple[int, int]:
    """Return the first column of a code line and the first beyond it."""
    return line.characters[0].rect.x, line.characters[-1].rect.right


def _in_row(first: CodeLine, second: CodeLine) -> bool:
    """Tell whether a piece of a code line begins in the row of another."""
    start = second.characters[0].rect
    near = min(first.characters, key=lambda c: abs(c.rect.x - start.x)).rect
    return abs(near.y - start.y) < 0.5 * near.height


def read_code_line(cheque: Cheque) -> tuple[Profile, list[Reading]]:
    """Take a code line apart; nothing of it is accepted unless all of it is in order."""
    line = cheque.line
    profile, parts = profile_of(line.text)
    reasons = []
    if line.unread:
        reasons.append(Reason.UNREAD)
    if line.stray:
        reasons.append(Reason.STRAY_INK)
    if "code_line" in parts and not line.unread:
        reasons.append(Reason.UNKNOWN_LAYOUT)
    box = union([c.rect for c in line.characters])
    clear = EDGE_PITCHES * line.pitch_px
    if box.x < clear or box.right > cheque.image.shape[1] - clear:
        reasons.append(Reason.CUT_OFF)
    if not all(passes(profile, n, line.text[a:b]) for n, (a, b) in parts.items()):
        reasons.append(Reason.CHECK_DIGIT)
    readings = [part_reading(name, line.characters[a:b], reasons) for name, (a, b) in parts.items()]
    return (likely_profile(line.text) if "code_line" in parts else profile), readings


def part_reading(name: str, characters: Sequence[Character], reasons: list[Reason]) -> Reading:
    """Make the reading of one part of a code line."""
    return Reading(
        field=name,
        text="".join(c.text for c in characters),
        confidence=float(np.prod([c.probability for c in characters])),
        status=Status.REVIEW if reasons else Status.ACCEPTED,
        reasons=tuple(reasons),
        characters=tuple(characters),
        rect=union([c.rect for c in characters]),
    )


def moved(reading: Reading, dx: int, dy: int) -> Reading:
    """Return a reading with its rectangles shifted by whole pixels."""
    characters = tuple(replace(c, rect=c.rect.moved(dx, dy)) for c in reading.characters)
    return replace(reading, rect=reading.rect.moved(dx, dy), characters=characters)
