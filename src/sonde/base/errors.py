"""Errors a user may meet. Each is one sentence: what, where, expected versus got, what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SondeError(Exception):
    """The run failed for a reason that sonde can name. The command line prints it as one sentence and exits 1."""

    exit_code = 1


class InputError(SondeError):
    """The user's input cannot be used as given. The command line prints it as one sentence and exits 2."""

    exit_code = 2


def nearest(name: str, valid: Iterable[str], n: int = 1) -> list[str]:
    """Return the valid names that look most like `name`, best first (possibly none)."""
    return difflib.get_close_matches(name, [str(v) for v in valid], n=n, cutoff=0.5)


def unknown_name(kind: str, name: str, where: str, valid: Iterable[str]) -> InputError:
    """Build the error for a name that is not one of `valid`, naming the nearest valid one.

    Example:
        >>> str(unknown_name("recipe key", "modle", "r.toml", ["model", "name"]))
        "Unknown recipe key 'modle' in r.toml: did you mean 'model'? Valid: model, name."
    """
    names = [str(v) for v in valid]
    close = nearest(name, names)
    hint = f"did you mean {close[0]!r}? " if close else ""
    shown = ", ".join(names[:12]) + (f", … ({len(names)} in all)" if len(names) > 12 else "")
    return InputError(f"Unknown {kind} {name!r} in {where}: {hint}Valid: {shown}.")
