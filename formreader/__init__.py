"""Read the numbers off scanned forms and bank cheques, with a confidence for each."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from formreader.batch import open_reader, read_folder
    from formreader.document import Page, PageResult, Reading, Reason, Status
    from formreader.errors import FormreaderError
    from formreader.pipeline import Options

HOMES = {
    "batch": ("open_reader", "read_folder"),
    "document": ("Page", "PageResult", "Reading", "Reason", "Status"),
    "errors": ("FormreaderError",),
    "pipeline": ("Options",),
}
"""Modules of the public names."""

__all__ = [
    "FormreaderError",
    "Options",
    "Page",
    "PageResult",
    "Reading",
    "Reason",
    "Status",
    "__version__",
    "open_reader",
    "read_folder",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import what is asked for, so that `import formreader` alone costs nothing."""
    for module, names in HOMES.items():
        if name in names:
            return getattr(import_module(f"formreader.{module}"), name)
    raise AttributeError(f"module 'formreader' has no attribute '{name}'")
