"""Every way a run can end early, each with the exit code that scripts rely on."""

from __future__ import annotations


class FormreaderError(Exception):
    """Stop the run with one plain sentence.

    `exit_code` is part of the command line's contract.
    """

    exit_code = 1


class UsageError(FormreaderError):
    """Say that the command was called with arguments that do not fit together."""

    exit_code = 2


class FormError(FormreaderError):
    """Say that a form definition is missing or wrong."""

    exit_code = 3


class ModelError(FormreaderError):
    """Say that the recognizer is missing, damaged or does not fit its card."""

    exit_code = 4


class OutputError(FormreaderError):
    """Say that results could not be written."""

    exit_code = 5


class NothingToReadError(FormreaderError):
    """Say that the source holds no page at all."""

    exit_code = 6


class PageError(Exception):
    """Say why one page could not be read; the batch goes on without it."""
