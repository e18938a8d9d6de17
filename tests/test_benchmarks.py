"""Speed and memory, printed and never judged: pytest -m benchmarks -s."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from formreader import load
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
