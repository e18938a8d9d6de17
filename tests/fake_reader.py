"""A reader for tests: a page says what its file name says, and some file names do harm.

`00123.png` reads 00123; `doubt-…` goes to review, `blank-…` is blank, `none-…` has no field,
`raise-…` raises, `kill-…` ends its process, `slow-…` takes a second. Every page that is read
is noted in the file that READ_LOG names.
"""

import os
import re
import signal
import sys
import time
import types
from dataclasses import dataclass
from pathlib import Path

from formreader.calibrate import check_rate
from formreader.document import Character, PageResult, Reading, Reason, Rect, Status


@dataclass(frozen=True)
class Options:
    form: str = "field"
    max_error: float = 0.01
    model: Path | None = None
    definitions: tuple[Path, ...] = ()

    def __post_init__(self):
        check_rate(self.max_error)


class Reader:
    def __init__(self, options):
        self.form = options.form
        self.model_id = os.environ.get("FAKE_MODEL", "fake@000000000000")

    def read_pages(self, pages):
        if os.environ.get("NO_TOGETHER"):
            raise RuntimeError("together is broken")
        return [self.read_page(page) for page in pages]

    def read_page(self, page):
        name = Path(page.source).stem
        if "kill" in name:
            os.kill(os.getpid(), signal.SIGKILL)
        if "raise" in name:
            raise ZeroDivisionError("boom")
        if "slow" in name:
            time.sleep(float(os.environ.get("SLOW_S", "0.2")))
        if log := os.environ.get("READ_LOG"):
            with Path(log).open("a") as file:
                file.write(f"{page.source}#{page.number}\n")
        fields = () if "none" in name else (reading(name, page.number),)
        return PageResult(page.source, page.number, self.form, fields)


def reading(name, number):
    digits = "".join(re.findall(r"\d+", name)) or str(number)
    blank = name.startswith("blank")
    text = "" if blank else digits
    status = Status.REVIEW if name.startswith("doubt") else Status.ACCEPTED
    return Reading(
        field="number",
        text=text,
        confidence=0.5 if status is Status.REVIEW else 0.99996,
        status=Status.BLANK if blank else status,
        reasons=(Reason.LOW_CONFIDENCE,) if status is Status.REVIEW else (),
        characters=tuple(
            Character(c, 0.98, (("7", 0.015), ("1", 0.005)), Rect(4 + 5 * i, 3, 5, 9))
            for i, c in enumerate(text)
        ),
        rect=Rect(4, 3, 30, 12),
        alternatives=() if blank else (("7" * len(digits), 0.015),),
    )


def make():
    return Reader(Options())


def make_for(options):
    return Reader(options)


def run_cli():
    """Run the real command line with this reader in the place of the bundled one."""
    from formreader import batch, cli

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & ignores it

    sys.modules["formreader.pipeline"] = pipeline = types.ModuleType("formreader.pipeline")
    pipeline.Options = Options
    pipeline.unkept_promises = lambda options: []
    batch.open_reader = make_for
    cli.main()
