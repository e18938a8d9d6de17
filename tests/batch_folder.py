"""Folders of scans for the tests of the batch, and how they are read."""

import csv

import fake_reader
import numpy as np
from PIL import Image

from formreader import batch


def picture(path, pages=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [Image.fromarray(np.full((20, 40), 200, np.uint8)) for _ in range(pages)]
    more = {"save_all": True, "append_images": images[1:]} if pages > 1 else {}
    images[0].save(path, **more)
    return path


def scans(folder, *names):
    for name in names:
        picture(folder / f"{name}.png")
    return folder


def read(source, out=None, **how):
    how.setdefault("make_reader", fake_reader.make)
    options = how.pop("options", fake_reader.Options())
    return list(batch.read_folder(source, out, options, **how))


def values(results):
    return [result.readings[0].text if result.readings else None for result in results]


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
