"""Two invented boxed forms, filled in by several hands and scanned in several ways."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from paper import BLACK, BLUE_PEN, DARK_PEN, GREY, PENCIL, WHITE, Field, Sheet, Writer, make_writer
from scanner import Scanner, bilevel, grey, save_g4, save_jpeg, save_pdf, scan, write_truth

Cell = tuple[float, float, float, float]
TABLE_TOP_MM = 104.0
ROW_MM = 9.0


def digits(rng: np.random.Generator, count: int, zeros: int = 0) -> str:
    """Return a random number of so many digits, the first `zeros` of them 0."""
    tail = "".join(str(d) for d in rng.integers(0, 10, count - zeros))
    return "0" * zeros + tail


def cells_at(x: float, y: float, w: float, h: float, count: int, gap: float = 0.0) -> list[Cell]:
    """Return cells in a row, left to right, in mm."""
    return [(x + i * (w + gap), y, w, h) for i in range(count)]


def around(cells: list[Cell]) -> Cell:
    """Return the place of a row of cells."""
    x, y, _, h = cells[0]
    return x, y, cells[-1][0] + cells[-1][2] - x, h


def put(sheet: Sheet, name: str, cells: list[Cell], written: str, writer: Writer) -> None:
    """Write into cells and note the truth: spaces and struck-out boxes are no digits."""
    sheet.write_in_cells(cells, written.ljust(len(cells)), writer)
    sheet.fields.append(Field(name, "".join(c for c in written if c.isdigit()), around(cells)))


def comb(sheet: Sheet, x: float, y: float, w: float, h: float, count: int) -> list[Cell]:
    """Print a comb: one frame with ticks that rise a third from its lower edge."""
    cells = cells_at(x, y, w, h, count)
    sheet.frame(*around(cells))
    for cell in cells[1:]:
        sheet.line([(cell[0], y + h * 0.66), (cell[0], y + h)], 0.18)
    return cells


def boxes(
    sheet: Sheet, x: float, y: float, w: float, h: float, count: int, gap: float = 0.0
) -> list[Cell]:
    """Print boxes, adjoining where the gap is 0."""
    cells = cells_at(x, y, w, h, count, gap)
    for cell in cells:
        sheet.frame(*cell, width_mm=0.2)
    return cells


def on_line(sheet: Sheet, name: str, x: float, y: float, w: float, value: str, who: Writer) -> None:
    """Print a line, write a number on it and note the truth; y is the line itself."""
    sheet.line([(x, y), (x + w, y)], 0.2)
    if value:
        height = 4.0 * who.height
        sheet.write(x + 3 + float(sheet.rng.uniform(0, 5)), y - height - 0.5, value, who, 4.0)
    sheet.fields.append(Field(name, value, (x, y - 6.6, w, 7.2)))


def heading(sheet: Sheet, title: str, code: str, left: int, of: int) -> None:
    """Print title bar, form code and page number."""
    sheet.fill(10, 10, 128, 9, (0.2, 0.25, 0.3))
    sheet.print_text(13, 16.6, title, 5.0, WHITE)
    sheet.print_text(138, 24, code, 2.4, GREY, "rs")
    sheet.print_text(10, 24, "Write one digit in each box. Black or blue ink.", 2.6, GREY)
    sheet.print_text(74, 203, f"Page {left} of {of}", 2.6, GREY, "ms")


def meter_sheet(rng: np.random.Generator, who: Writer, page: int, of: int) -> Sheet:
    """Draw one filled-in meter reading sheet (A5)."""
    sheet = Sheet(148, 210, rng)
    heading(sheet, "METER READING SHEET", "Vale Water & Power  MR-7", page, of)
    sheet.print_text(10, 34, "Account no.", 3.0)
    put(sheet, "account", comb(sheet, 36, 28.5, 6.0, 7.5, 10), digits(rng, 10, 2), who)
    sheet.print_text(103, 34, "Round", 3.0)
    put(sheet, "round", boxes(sheet, 115, 28.5, 6.6, 7.5, 3), digits(rng, 3, 1), who)
    sheet.print_text(10, 46, "Meter no.", 3.0)
    put(sheet, "meter", boxes(sheet, 36, 40.5, 6.2, 7.5, 8), digits(rng, 8, 1), who)
    sheet.print_text(10, 58, "Date read", 3.0)
    day, month = int(rng.integers(1, 29)), int(rng.integers(1, 13))
    for name, x, value in (("day", 36, f"{day:02d}"), ("month", 53, f"{month:02d}")):
        put(sheet, name, boxes(sheet, x, 52.5, 6.2, 7.5, 2), value, who)
    put(sheet, "year", boxes(sheet, 70, 52.5, 6.2, 7.5, 4), f"20{rng.integers(19, 26)}", who)
    for middle, text in ((42.2, "day"), (59.2, "month"), (82.4, "year")):
        sheet.print_text(middle, 63, text, 2.1, GREY, "ms")
    sheet.print_text(10, 72, "Postcode", 3.0)
    put(sheet, "postcode", boxes(sheet, 36, 66.5, 6.6, 7.5, 5, 1.6), digits(rng, 5, 1), who)
    sheet.print_text(84, 72, "Seal no.", 3.0)
    blank = digits(rng, 5) if page % 2 else ""
    put(sheet, "seal", boxes(sheet, 99, 66.5, 6.4, 7.5, 5), blank, who)
    sheet.print_text(10, 84, "Persons", 3.0)
    struck = ("XX" if page % 2 else "  ") + f"{rng.integers(1, 13):02d}"
    put(sheet, "persons", boxes(sheet, 36, 78.5, 6.6, 7.5, 4, 1.6), struck, who)
    ticks(sheet, who)
    reading_table(sheet, rng, who)
    sheet.print_text(10, 161, "Telephone", 3.0)
    on_line(sheet, "telephone", 32, 161, 62, digits(rng, 9, 1), who)
    sheet.print_text(10, 173, "Remarks", 3.0)
    sheet.line([(32, 173), (138, 173)], 0.2)
    sheet.write(35, 169.2, ["nenn rahm ek", "Wehr munker", "kaum er"][page % 3], who, 3.4)
    sheet.print_text(10, 188, "Order no.", 3.0)
    on_line(sheet, "order", 32, 188, 40, digits(rng, 6), who)
    sheet.print_text(82, 188, "Signed", 3.0)
    sheet.line([(96, 188), (138, 188)], 0.2)
    sheet.scribble(100, 181, 30, 5, who)
    return sheet


def ticks(sheet: Sheet, who: Writer) -> None:
    """Print two tick boxes and tick one of them."""
    for x, text in ((84, "estimated"), (112, "read")):
        sheet.frame(x, 79.5, 4.2, 4.2, 0.2)
        sheet.print_text(x + 6, 83, text, 2.8)
    tick = np.array([[112.6, 81.4], [113.9, 83.4], [117.4, 77.8]], np.float32)
    sheet.stroke([tick + sheet.rng.normal(0, 0.25, tick.shape).astype(np.float32)], who.pen)


def reading_table(sheet: Sheet, rng: np.random.Generator, who: Writer) -> None:
    """Print the table of readings and fill its cells; one cell stays blank."""
    columns = [(10.0, 34.0, "Supply"), (44.0, 32.0, "Previous"), (76.0, 32.0, "Present")]
    columns.append((108.0, 30.0, "Used"))
    sheet.print_text(10, TABLE_TOP_MM - 8, "Readings (whole units, leave out decimals)", 3.0)
    sheet.fill(10, TABLE_TOP_MM - 6, 128, 6, (0.86, 0.87, 0.88))
    for x, w, name in columns:
        sheet.print_text(x + w / 2, TABLE_TOP_MM - 1.7, name, 2.7, BLACK, "ms")
        sheet.frame(x, TABLE_TOP_MM - 6, w, 6)
    for row, supply in enumerate(
        ("Cold water", "Hot water", "Power day", "Power night", "Heating")
    ):
        y = TABLE_TOP_MM + row * ROW_MM
        before = int(rng.integers(120, 60000))
        used = int(rng.integers(7, 900))
        values = ("", f"{before:05d}", f"{before + used:05d}", str(used))
        for (x, w, name), value in zip(columns, values, strict=True):
            sheet.frame(x, y, w, ROW_MM)
            if name == "Supply":
                sheet.print_text(x + 2, y + 5.8, supply, 2.9)
                continue
            shown = "" if row == 4 and name != "Previous" else value
            place = (x + 4 + float(rng.uniform(0, 6)), y + 2.2)
            if shown:
                sheet.write(*place, shown, who, 4.3)
            field = f"{supply.lower().replace(' ', '_')}_{name.lower()}"
            sheet.fields.append(Field(field, shown, (x, y, w, ROW_MM)))


def delivery_note(rng: np.random.Generator, who: Writer, page: int, of: int) -> Sheet:
    """Draw one filled-in delivery note (A5), whose total is the sum of its lines."""
    sheet = Sheet(148, 210, rng, (0.985, 0.98, 0.95))
    sheet.print_text(10, 18, "Delivery note", 7.0)
    sheet.print_text(138, 15, "Cobble & Quay Supplies", 3.4, BLACK, "rs")
    sheet.print_text(138, 20, "Form DN-12, rev. 3", 2.4, GREY, "rs")
    sheet.line([(10, 22), (138, 22)], 0.5)
    sheet.print_text(10, 33, "Note no.", 3.0)
    put(sheet, "note", comb(sheet, 30, 27.5, 5.6, 7.5, 7), digits(rng, 7, 3), who)
    sheet.print_text(78, 33, "Date", 3.0)
    date = f"{rng.integers(1, 29):02d}{rng.integers(1, 13):02d}20{rng.integers(19, 26)}"
    put(sheet, "date", boxes(sheet, 88, 27.5, 6.0, 7.5, 8), date, who)
    sheet.print_text(10, 46, "Customer", 3.0)
    put(sheet, "customer", boxes(sheet, 30, 40.5, 6.0, 7.5, 6, 1.4), digits(rng, 6, 1), who)
    sheet.print_text(82, 46, "Van", 3.0)
    put(sheet, "van", boxes(sheet, 92, 40.5, 6.6, 7.5, 2), digits(rng, 2), who)
    total = order_lines(sheet, rng, who)
    sheet.print_text(96, 148, "Total", 3.4, BLACK, "rs")
    sheet.frame(100, 142, 38, 9, 0.45)
    sheet.write(106, 144.0, str(total), who, 4.6)
    sheet.fields.append(Field("total", str(total), (100, 142, 38, 9)))
    sheet.print_text(10, 166, "Pallets returned", 3.0)
    on_line(sheet, "pallets", 38, 166, 30, str(rng.integers(1, 30)), who)
    sheet.print_text(78, 166, "Crates", 3.0)
    on_line(sheet, "crates", 94, 166, 44, "" if page == 2 else str(rng.integers(10, 200)), who)
    sheet.print_text(10, 186, "Received by", 3.0)
    sheet.line([(34, 186), (90, 186)], 0.2)
    sheet.scribble(40, 178, 34, 6, who)
    sheet.print_text(10, 202, "White: office   Yellow: driver   Pink: customer", 2.4, GREY)
    sheet.print_text(138, 202, f"{page}/{of}", 2.8, GREY, "rs")
    return sheet


def order_lines(sheet: Sheet, rng: np.random.Generator, who: Writer) -> int:
    """Print the table of articles, fill some rows; return the sum of the last column."""
    columns = [(10.0, 12.0, "Line"), (22.0, 46.0, "Article"), (68.0, 32.0, "Quantity")]
    columns.append((100.0, 38.0, "Amount"))
    top, height, total = 62.0, 8.5, 0
    for x, w, name in columns:
        sheet.frame(x, top - 6, w, 6, 0.3)
        sheet.print_text(x + w / 2, top - 1.8, name, 2.7, BLACK, "ms")
    for row in range(9):
        y = top + row * height
        for x, w, _ in columns:
            sheet.frame(x, y, w, height)
        sheet.print_text(16, y + 5.6, str(row + 1), 2.8, GREY, "ms")
        filled = row < 6
        values = (digits(rng, 7, 1), str(rng.integers(1, 400)), str(rng.integers(12, 9000)))
        for (x, w, name), value in zip(columns[1:], values, strict=True):
            if filled:
                sheet.write(x + 4 + float(rng.uniform(0, 5)), y + 1.9, value, who, 4.3)
            field = f"{name.lower()}_{row + 1}"
            sheet.fields.append(Field(field, value if filled else "", (x, y, w, height)))
        total += int(values[2]) if filled else 0
    return total


def draw_forms(folder: Path, seed: int) -> None:
    """Draw every form page with its truth into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = [np.random.default_rng([seed, 1, page]) for page in range(6)]
    pages = []

    sheet = meter_sheet(rng[0], make_writer(rng[0], BLUE_PEN), 1, 2)
    image, places = scan(sheet, Scanner(200, 1.3, 0.7, 0.011, 0.05), rng[0])
    save_jpeg(folder / "meter-skewed.jpg", image, 200, 72)
    pages.append(("meter-skewed.jpg", 1, sheet.fields, places))

    sheet = meter_sheet(rng[1], make_writer(rng[1], PENCIL, pencil=True), 2, 2)
    image, places = scan(sheet, Scanner(150, -0.6, 0.9, 0.022, 0.08, 60, 3), rng[1])
    save_jpeg(folder / "meter-pencil.jpg", grey(image), 150, 55)
    pages.append(("meter-pencil.jpg", 1, sheet.fields, places))

    cut = []
    for page in (1, 2):
        source = rng[1 + page]
        sheet = meter_sheet(source, make_writer(source, DARK_PEN), page, 2)
        image, places = scan(sheet, Scanner(300, 0.35 * (-1) ** page, 0.8, 0.02), source)
        cut.append(bilevel(image, source))
        pages.append(("meter-fax.tif", page, sheet.fields, places))
    save_g4(folder / "meter-fax.tif", cut, 300)

    scans = []
    for page, colour in ((1, BLUE_PEN), (2, DARK_PEN)):
        source = rng[3 + page]
        sheet = delivery_note(source, make_writer(source, colour), page, 2)
        image, places = scan(sheet, Scanner(200, -0.4 * page, 0.7, 0.012, 0.04, 30, 1), source)
        scans.append(image)
        pages.append(("delivery-notes.pdf", page, sheet.fields, places))
    save_pdf(folder / "delivery-notes.pdf", scans, 200, 68)
    write_truth(folder, pages)
