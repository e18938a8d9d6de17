"""Speed and memory, printed and never judged: pytest -m benchmarks -s."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from formreader import load
from formreader.form_draft import draft
from formreader.pipeline import Options, Reader

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared" / "data" / "amounts" / "images"
COLD = """
import resource, sys, time
from pathlib import Path
import formreader
for result in formreader.read_folder(Path(sys.argv[1]), Path(sys.argv[2]), jobs=1):
    print(time.time() - float(sys.argv[3]))
    break
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@pytest.mark.benchmarks
@pytest.mark.parametrize("folder", [ROOT / "samples" / "amounts", REAL], ids=["drawn", "real"])
def test_print_numbers_a_second_of_one_worker(folder: Path) -> None:
    if not folder.exists():
        pytest.skip("the real amounts are not on this machine")
    reader = Reader(Options(form="field"))
    paths = sorted(p for p in folder.iterdir() if p.suffix in {".jpg", ".png"})
    pages = [load.load(path, 1, path.name) for path in paths]
    reader.read_pages(pages[:16])
    start, used = time.perf_counter(), time.process_time()
    for i in range(0, len(pages), 32):
        reader.read_pages(pages[i : i + 32])
    wall, used = time.perf_counter() - start, time.process_time() - used
    print(
        f"\n{folder.name}: {len(pages)} numbers, {len(pages) / wall:.0f} a second by the clock, "
        f"{len(pages) / used:.0f} by processor time, one thread of {os.cpu_count()} cores"
    )


@pytest.mark.benchmarks
def test_print_seconds_to_the_first_row_and_peak_memory(tmp_path: Path) -> None:
    for folder in ("amounts", "forms"):
        job = tmp_path / folder
        out = subprocess.run(
            [sys.executable, "-c", COLD, ROOT / "samples" / folder, job, str(time.time())],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        print(f"\n{folder}: first page after {float(out[0]):.2f} s, peak {float(out[1]):.0f} MB")


def office_form(seed: int) -> Image.Image:
    """Draw a form of A4 at 300 dpi with 60 fields of boxes, words over each, placed by a seed."""
    rng = np.random.default_rng(seed)
    page = np.full((3508, 2480), 255, np.uint8)
    for row in range(20):
        top = 130 + 165 * row + int(rng.integers(0, 40))
        left = 150 + int(rng.integers(0, 60))
        for _ in range(3):
            count = int(rng.integers(4, 9))
            text = "".join(rng.choice(list("abdehiklnorstu"), 9))
            cv2.putText(page, text, (left, top - 12), cv2.FONT_HERSHEY_SIMPLEX, 1.1, 0, 2)
            for k in range(count):
                cv2.rectangle(page, (left + 76 * k, top), (left + 76 * k + 76, top + 82), 0, 3)
            left += 76 * count + 120
    return Image.fromarray(page)


@pytest.mark.benchmarks
@pytest.mark.parametrize("given", [1, 5])
def test_print_seconds_a_page_of_a_form_with_definitions(tmp_path: Path, given: int) -> None:
    for seed in range(given):
        office_form(seed).save(tmp_path / f"{seed}.png", dpi=(300, 300))
        draft(tmp_path / f"{seed}.png", tmp_path / f"{seed}.toml")
    reader = Reader(Options(form="own", definitions=(tmp_path,)))
    page = load.load(tmp_path / "0.png", 1, "0.png")
    fields = len(reader.read_page(page).readings)
    used = []
    for _ in range(5):
        start = time.process_time()
        reader.read_page(page)
        used.append(time.process_time() - start)
    print(
        f"\nA4 at 300 dpi, {fields} fields, {given} definitions: {min(used):.2f} s of processor "
        f"time a page (best of 5; median {sorted(used)[2]:.2f})"
    )
