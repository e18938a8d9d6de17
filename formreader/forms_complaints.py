"""Say in a sentence what a form's definition holds against a value that a person types."""

from __future__ import annotations

import re
from collections.abc import Mapping

from formreader.forms import FieldDef, FormDef
from formreader.forms_checks import CHECKS, weighted
from formreader.forms_field import is_date
from formreader.forms_rules import number_of, text_of


def complaint(form: FormDef, name: str, text: str, others: Mapping[str, str]) -> str:
    """Return what speaks against `text` in the field `name`, empty where nothing does.

    `others` are the values of the record's other fields, for the rules across fields.
    """
    field = next((field for field in form.fields if field.name == name), None)
    digits = re.sub(r"[., /-]", "", text)
    if field is None or not digits.isascii() or not digits.isdecimal():
        return ""
    return of_field(field, digits) or of_rules(form, name, digits, others)


def of_field(field: FieldDef, text: str) -> str:
    """Return what a field's own definition holds against digits."""
    if field.fits(text):
        return ""
    least, most = field.lengths
    if not least <= len(text) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        return f"{len(text)} digits; the form wants {wanted} here."
    if field.type == "date" and not is_date(text, field.order):
        return f"There is no such day ({field.order})."
    if field.range and not field.range[0] <= int(text) <= field.range[1]:
        least_value, most_value = (f"{limit:.12g}" for limit in field.range)
        return f"The form allows {least_value} to {most_value} here."
    wrong = [check for check in field.checks if not CHECKS[check](text)]
    if wrong or (field.weights and not weighted(text, field.weights, field.modulus)):
        return f"The check digit is wrong{f' ({wrong[0]})' if wrong else ''}."
    return "The form does not allow this value here."


def of_rules(form: FormDef, name: str, text: str, others: Mapping[str, str]) -> str:
    """Return the first rule across fields that a value breaks, with what would keep it."""
    orders = form.orders()
    said = {field: number_of(value, orders.get(field)) for field, value in others.items() if value}
    said[name] = number_of(text, orders.get(name))
    known = {field: number for field, number in said.items() if number is not None}
    for rule in form.parsed_rules():
        if name not in rule.names or not known.keys() >= set(rule.names) or rule.holds(known):
            continue
        needed = rule.needed(name, known)
        hint = ""
        if needed is not None:
            hint = f" With {text_of(needed, orders.get(name), 1)} here it would."
        return f"The form's rule “{rule.text}” does not hold.{hint}"
    return ""
