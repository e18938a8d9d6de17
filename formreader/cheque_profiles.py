"""What differs between the cheques of countries: code line, date order, amounts.

A country is one `Profile` in `PROFILES`; copy `PLAIN` to add one. The profile of a cheque is
found by its code line. Numbers and text only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from formreader.micr import AMOUNT, DASH, ON_US, TRANSIT

ABA_WEIGHTS = (3, 7, 1)
"""Weights of the check digit of a US routing number (ABA): the weighted sum ends in 0."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How the cheques of one country are laid out.

    `code_line` is a regular expression for the whole code line (spaces are not read); each of
    its groups becomes a field. `aba` names the groups that carry an ABA check digit, `dates`
    are the orders of day, month and year that are in use, `groups` the digits between separators
    from the right (the last one repeats), `words` where the amount in words stands, "left" of the
    figures or "below" them, and `raised` whether hundredths are written small and raised or after
    a dash: where amounts close with marks, these look like it. `signs` are the currency signs
    looked for: a 4 written by hand looks like a pound sign. `framed_account` tells that an account
    number is printed in a frame.
    """

    name: str
    code_line: str
    aba: tuple[str, ...] = ()
    dates: tuple[str, ...] = ("DMY",)
    groups: tuple[tuple[int, ...], ...] = ((3,),)
    words: str = "left"
    raised: bool = True
    signs: str = "₹$"
    framed_account: bool = True


INDIA = Profile(
    name="india",
    code_line=(
        rf"{ON_US}(?P<cheque_no>\d{{6}}){ON_US}(?P<sort_code>\d{{9}}){TRANSIT}"
        rf"(?P<micr_account>\d{{6}}){ON_US}(?P<transaction_code>\d{{2}})"
    ),
    groups=((3, 2), (3,)),
    raised=False,
)
"""Indian cheque (CTS-2010): cheque number, sort code, account part, transaction code."""

US = Profile(
    name="us",
    code_line=(
        rf"(?:{ON_US}(?P<auxiliary>[\d{DASH}]{{3,15}}){ON_US})?{TRANSIT}(?P<routing>\d{{9}}){TRANSIT}"
        rf"(?P<on_us>[\d{DASH}]{{3,19}}{ON_US}\d{{0,8}})(?:{AMOUNT}(?P<micr_amount>\d{{10}}){AMOUNT})?"
    ),
    aba=("routing",),
    dates=("MDY",),
    words="below",
    framed_account=False,
)
"""US check (X9.100-160): auxiliary on-us, transit with its check digit, on-us, amount."""

PLAIN = Profile(
    name="plain",
    code_line=rf"(?P<code_line>[\d{TRANSIT}{AMOUNT}{ON_US}{DASH}]{{12,}})",
    dates=("DMY", "MDY", "YMD"),
    signs="₹$£€",
)
"""Any other cheque with an E-13B line: the line as one field, which a person confirms."""

PROFILES = (INDIA, US)


def profile_of(text: str) -> tuple[Profile, dict[str, tuple[int, int]]]:
    """Find the profile whose code line is `text`, and from where to where each part goes.

    A line of no known layout, or with a character unread, is one part of the plain profile.
    """
    for profile in PROFILES:
        if match := re.fullmatch(profile.code_line, text):
            parts = {name: match.span(name) for name in match.groupdict()}
            return profile, {name: span for name, span in parts.items() if span[1] > span[0]}
    return PLAIN, {"code_line": (0, len(text))}


def likely_profile(text: str) -> Profile:
    """Guess the country of a code line that could not be read whole.

    Neither India nor the US writes a dash into the bank's number, as others do.
    """
    if re.search(rf"{DASH}\d+{TRANSIT}", text):
        return PLAIN
    return US if text.count(TRANSIT) == 2 else INDIA if text.count(ON_US) >= 2 else PLAIN


def passes(profile: Profile, name: str, digits: str) -> bool:
    """Tell whether a part of the code line passes the check that its profile asks for."""
    if name not in profile.aba:
        return True
    total = sum(int(d) * ABA_WEIGHTS[i % 3] for i, d in enumerate(digits))
    return len(digits) == 9 and total > 0 and total % 10 == 0
