"""A job of many pages for measurements: real scans of A4 at 300 dpi, readings made up."""

import os
import sqlite3
from contextlib import closing

from pages import Sheet
from PIL import Image
from review_job import make_job

from formreader.store import DATABASE

ROWS, COLUMNS = 10, 2
DIGITS = "12345"
ADD_READINGS = """
INSERT INTO readings (page, position, field, value, confidence, status, reasons, alternatives,
snippet, x, y, width, height)
SELECT p.id, k.value, 'f' || printf('%02d', k.value), '12345', 0.3 + 0.6 * (p.id % 997) / 997,
'review', '["low confidence"]', '[["12346", 0.2]]', '',
150 + 1100 * ((k.value - 1) % 2), 200 + 320 * ((k.value - 1) / 2), 500, 110
FROM pages p, json_each(?) k WHERE p.id > 1
"""
ADD_CHARACTERS = """
INSERT INTO characters SELECT r.id, k.key + 1, k.value, 0.5 + 0.09 * k.key, '[["7", 0.1]]',
r.x + 20 + 90 * k.key, r.y + 10, 70, 90
FROM readings r, json_each('["1", "2", "3", "4", "5"]') k WHERE r.id > 1
"""


def draw(path):
    """Draw a page of numbers in boxes and save it as a scanner would."""
    sheet = Sheet(width_mm=210, height_mm=297, dpi=300)
    mm = 25.4 / 300
    for row in range(ROWS):
        for column in range(COLUMNS):
            x, y = (150 + 1100 * column) * mm, (200 + 320 * row) * mm
            sheet.box(x, y, 500 * mm, 110 * mm)
            for place, digit in enumerate(DIGITS):
                sheet.digit(digit, x + (20 + 90 * place) * mm, y + 10 * mm, 70 * mm, 90 * mm)
    noisy = sheet.image - sheet.rng.integers(0, 12, sheet.image.shape, dtype="uint8")
    Image.fromarray(noisy).save(path, dpi=(300, 300), quality=85)


def make_big_job(folder, pages):
    """Return a job of `pages` pages with 20 doubtful fields each; its scans are one, linked."""
    job = make_job(folder, ("00123",))
    scans = job.with_name("scans")
    draw(first := scans / "page-00001.jpg")
    found = first.stat()
    names = [f"page-{i:05}.jpg" for i in range(1, pages + 1)]
    for name in names[1:]:
        os.link(first, scans / name)
    with closing(sqlite3.connect(job / DATABASE)) as database, database:
        database.executemany(
            "INSERT INTO files (path, position, size, mtime_ns, pages) VALUES (?, ?, ?, ?, 1)",
            [(name, i, found.st_size, found.st_mtime_ns) for i, name in enumerate(names, 2)],
        )
        database.execute(
            "INSERT INTO pages (file, number, form, failure, read_at) "
            "SELECT id, 1, 'auto', '', '' FROM files WHERE id NOT IN (SELECT file FROM pages)"
        )
        database.execute(ADD_READINGS, (str([*range(1, ROWS * COLUMNS + 1)]),))
        database.execute(ADD_CHARACTERS)
    return job
