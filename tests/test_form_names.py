"""Fields and names that a PDF gives to the draft of a form."""

from __future__ import annotations

from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from formreader import load
from formreader.form_draft import draft
from formreader.form_names import Draft, _name, distinct, from_pdf
from formreader.forms import load_form
from formreader.forms_field import FieldDef
from formreader.forms_pdf import Widget

WIDGETS = (
    b"/FT /Tx /T (account) /Rect [100 700 240 714] /MaxLen 10 /Ff 16777216",
    b"/FT /Tx /T (Text7) /Rect [100 660 240 674] /MaxLen 5",
    b"/FT /Btn /T (agreed) /Rect [100 620 112 632]",
    b"/FT /Tx /T (year) /Rect [100 580 114 594] /MaxLen 1",
    b"/FT /Tx /T (undefined_2) /Rect [116 580 130 594] /MaxLen 1",
    b"/FT /Tx /T (agreed) /Rect [300 580 360 594]",
    b"/FT /Btn /Ff 65536 /T (print) /Rect [400 700 440 714]",
)


def pdf(path: Path, widgets: tuple[bytes, ...]) -> Path:
    """Write a PDF form of one page, A4, with the label “Meter reading” before its second field."""
    text = b"BT /F1 9 Tf 20 663 Td (Meter reading:) Tj ET"
    refs = b" ".join(b"%d 0 R" % (6 + k) for k in range(len(widgets)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [%s] >> >>" % refs,
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Annots [%s] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>" % refs,
        b"<< /Length %d >> stream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        *(b"<< /Type /Annot /Subtype /Widget /P 3 0 R %s >>" % w for w in widgets),
    ]
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    path.write_bytes(out + head + table + tail % (len(objects) + 1, len(out)))
    return path


def test_a_pdf_form_gives_its_fields_and_their_names(tmp_path: Path) -> None:
    assert draft(pdf(tmp_path / "form.pdf", WIDGETS), tmp_path / "form.toml") == 5
    fields = {field.name: field for field in load_form(tmp_path / "form.toml").fields}
    assert set(fields) == {"account", "meter_reading", "agreed", "year", "agreed_2"}
    assert (fields["account"].kind, fields["account"].places) == ("comb", 10)
    assert fields["meter_reading"].length == (1, 5)
    assert fields["agreed"].kind == "checkbox"
    assert fields["year"].places == 2
    box = [100, 842 - 714, 140, 14]
    wanted = [side * 25.4 / 72 for side in box]
    assert all(abs(a - b) < 0.1 for a, b in zip(fields["account"].box, wanted, strict=True))


def test_a_picture_gives_no_fields_of_a_pdf(tmp_path: Path) -> None:
    picture = tmp_path / "page.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    assert load.told_by_pdf(picture, 1) == ([], [])


def test_names_that_repeat_are_told_apart_by_a_number() -> None:
    assert distinct(["a", "a", "", "a_2", "a"]) == ["a", "a_3", "f003", "a_2", "a_4"]


def test_a_field_over_part_of_a_printed_comb_gets_its_teeth() -> None:
    teeth = tuple((20 + 4.0 * k, 30.0, 24 + 4.0 * k, 36.0) for k in range(8))
    widget = Widget("month_and_day", "cell", (20.7, 30.4, 36.9, 36.2), 4, True)
    [field] = from_pdf([Draft("comb", teeth)], [widget], [])
    assert field.cells == teeth[:4]
    elsewhere = Widget("year", "cell", (60.0, 30.0, 76.0, 36.0), 4, True)
    [field] = from_pdf([Draft("comb", teeth)], [elsewhere], [])
    assert field.box == (60.0, 30.0, 16.0, 6.0)


@given(st.text(max_size=40))
@example("Total m³ de la hoja")
@example("½ Tag ① Ⅳ")
@example("2.º año")
def test_a_name_made_of_any_label_is_one_that_a_form_may_have(label: str) -> None:
    name = _name(label)
    assert (
        not name or FieldDef(name=name, kind="cell", type="digits", box=(1, 1, 9, 9)).name == name
    )


def test_a_raised_figure_of_a_label_is_a_plain_one_in_its_name() -> None:
    assert _name("Total m³ de la hoja") == "total_m3_de_la_hoja"
