"""What every table of a recipe is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Closed(BaseModel):
    """A frozen table that knows all its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
