"""What may stand on a cheque: dates that exist, amounts whose separators fit. Text only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from formreader.cheque_profiles import Profile

EARLIEST = date(2000, 1, 1)
"""First date of a cheque that is believed; electronic clearing of pictures began after it."""
LATEST_DAYS = 366
"""Days from today up to which a postdated cheque is believed."""
MISFIT = -4.0
"""Log-likelihood lost for a separator where none can stand: taken to be 1 in 50; not fitted."""
MISSING = -2.0
"""Log-likelihood lost for a separator missing where others stand: taken to be 1 in 7."""
ROUND, ROUND_ZEROS = 1.5, 3
"""Log-likelihood gained by each zero an amount ends in, and of how many: 1,000 is written more
often than 1,070. Chosen, about half of what amounts composed for the confidence would bear out;
without it "000" written in one stroke was read 070 on eight of 53 cheques."""
MINOR_DIGITS = 2
"""Decimals of the currencies of all profiles (rupee, dollar)."""


def real_date(digits: str, order: str) -> date | None:
    """Return the date that eight digits say in an order such as `DMY`, None for no date."""
    if len(digits) != 8 or not digits.isdigit():
        return None
    rest, part = digits, {}
    for letter in order:
        length = 4 if letter == "Y" else 2
        part[letter], rest = int(rest[:length]), rest[length:]
    try:
        return date(part["Y"], part["M"], part["D"])
    except ValueError:
        return None


def dates_between(first: date, last: date, order: str) -> list[str]:
    """Write all dates from `first` to `last` as eight digits in an order such as `DMY`."""
    parts = {"D": "%d", "M": "%m", "Y": "%Y"}
    pattern = "".join(parts[letter] for letter in order)
    days = (last - first).days
    return [(first + timedelta(n)).strftime(pattern) for n in range(days + 1)]


def without_century(digits: str, order: str) -> str:
    """Return the six digits of a date of eight whose year is written with two."""
    at = sum(4 if letter == "Y" else 2 for letter in order[: order.index("Y")])
    return digits[:at] + digits[at + 2 :]


def borders(groups: tuple[int, ...], length: int, decimals: bool) -> list[int]:
    """Return where separators stand in an amount of that length, counted from the right."""
    right = MINOR_DIGITS if decimals else 0
    found = [right] if decimals else []
    sizes = list(groups)
    while (right := right + (sizes.pop(0) if len(sizes) > 1 else sizes[0])) < length:
        found.append(right)
    return found


def grouping_cost(
    separators: Sequence[int], length: int, profile: Profile, decimals: bool = True
) -> float:
    """Return the log-likelihood (≤ 0) of separators in an amount of `length` digits.

    `decimals` tells whether the last separator may part decimals. Where none was seen the writer
    may have left them out; where some were, the others are missed, in the way of grouping that
    fits best.
    """
    if not separators:
        return 0.0
    costs = []
    for groups in profile.groups:
        for minor in (False, True) if decimals and MINOR_DIGITS in separators else (False,):
            wanted, seen = set(borders(groups, length, minor)), set(separators)
            costs.append(MISFIT * len(seen - wanted) + MISSING * len(wanted - seen))
    return max(costs)


def roundness(digits: str) -> float:
    """Return the log-likelihood (≥ 0) that an amount gains by the zeros it ends in."""
    return ROUND * min(ROUND_ZEROS, len(digits) - len(digits.rstrip("0")))


def amount_text(digits: str, separators: Sequence[int]) -> str:
    """Write an amount with a point before its decimals and no other marks."""
    if MINOR_DIGITS in separators and len(digits) > MINOR_DIGITS:
        return f"{digits[:-MINOR_DIGITS]}.{digits[-MINOR_DIGITS:]}"
    return digits


def minor_units(amount: str) -> str:
    """Return an amount such as `1234.5` in hundredths, without leading zeros; empty if none."""
    whole, _, part = amount.partition(".")
    if not (whole + part).isdigit() or len(part) > MINOR_DIGITS:
        return ""
    return str(int(whole + part.ljust(MINOR_DIGITS, "0")))


def clear(digits: str, separators: Sequence[int], profile: Profile) -> bool:
    """Tell whether the separators of an amount leave no doubt about its digits.

    All must stand that one way of grouping asks for, or none. Unless it is the first, usual
    way, no 1 may stand where a separator could.
    """
    decimals = MINOR_DIGITS in separators
    wanted = [borders(groups, len(digits), decimals) for groups in profile.groups]
    if list(separators) == wanted[0]:
        return True
    return list(separators) in ([], *wanted[1:]) and not hidden_separator(digits, profile)


def hidden_separator(digits: str, profile: Profile) -> bool:
    """Tell whether a 1 stands where a separator could, whichever other 1s are separators."""
    places = {p for groups in profile.groups for p in borders(groups, len(digits), False)}
    for at in range(1, len(digits)):
        behind = len(digits) - at - 1
        ones = digits.count("1", at + 1)
        if digits[at] == "1" and any(behind - n in places for n in range(ones + 1)):
            return True
    return False
