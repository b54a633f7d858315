"""Rooms named after what they do can be called: `sonde.capture` is a package, and `sonde.capture(…)` works."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


def make_callable(module_name: str, function_name: str) -> None:
    """Let calling the module `module_name` call its function `function_name`."""

    class CallableModule(ModuleType):
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return getattr(self, function_name)(*args, **kwargs)

    sys.modules[module_name].__class__ = CallableModule
