"""Check digits: Luhn, mod 11, mod 97, ABA, Verhoeff, EAN, and weights that a form gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence

VERHOEFF_TURN = (
    "0123456789", "1576283094", "5803796142", "8916043527",
    "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip
"""The permutation table of Verhoeff 1969."""


def luhn(text: str) -> bool:
    """Check the last digit by Luhn's formula (ISO/IEC 7812-1)."""
    doubled = [int(d) * (1 + k % 2) for k, d in enumerate(reversed(text))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def mod97(text: str) -> bool:
    """Check the last two digits by MOD 97-10 (ISO/IEC 7064)."""
    return int(text) % 97 == 1


def mod11(text: str) -> bool:
    """Check the last digit by weights 2, 3, 4 … from the right, modulo 11 (as ISBN-10)."""
    return sum(int(d) * k for k, d in enumerate(reversed(text), 1)) % 11 == 0


def aba(text: str) -> bool:
    """Check a bank routing number by weights 3, 7, 1 (American Bankers Association)."""
    return len(text) == 9 and weighted(text, (3, 7, 1, 3, 7, 1, 3, 7, 1), 10)


def ean(text: str) -> bool:
    """Check the last digit of an EAN or UPC by weights 1, 3 from the right (GS1)."""
    return sum(int(d) * (1, 3)[k % 2] for k, d in enumerate(reversed(text))) % 10 == 0


def verhoeff(text: str) -> bool:
    """Check the last digit by Verhoeff's dihedral scheme (1969)."""
    total = 0
    for place, digit in enumerate(reversed(text)):
        total = _turned(total, int(VERHOEFF_TURN[place % 8][int(digit)]))
    return total == 0


def _turned(a: int, b: int) -> int:
    """Multiply in the dihedral group of the pentagon."""
    if a < 5:
        return (a + b) % 5 if b < 5 else 5 + (a + b - 5) % 5
    return 5 + (a - 5 - b) % 5 if b < 5 else (a - b) % 5


def weighted(text: str, weights: Sequence[int], modulus: int) -> bool:
    """Check that the digits, each times its weight, add up to a multiple of `modulus`."""
    if len(text) != len(weights):
        return False
    return sum(int(d) * w for d, w in zip(text, weights, strict=True)) % modulus == 0


CHECKS: dict[str, Callable[[str], bool]] = {
    "luhn": luhn, "mod97": mod97, "mod11": mod11, "aba": aba, "ean": ean, "verhoeff": verhoeff,
}  # fmt: skip
