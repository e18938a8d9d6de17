"""Read the numbers off scanned forms and bank cheques, with a confidence for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from formreader.batch import read_folder
    from formreader.pipeline import Options, Reader

__all__ = ["Options", "Reader", "__version__", "read_folder"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import what is asked for, so that `import formreader` alone costs nothing."""
    if name == "read_folder":
        from formreader.batch import read_folder

        return read_folder
    if name in ("Options", "Reader"):
        from formreader import pipeline

        return getattr(pipeline, name)
    raise AttributeError(f"module 'formreader' has no attribute '{name}'")
