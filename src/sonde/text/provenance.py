"""Where a dataset comes from, and how its answers came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from sonde.base.errors import InputError, unknown_name

#: How the answers came about: sampled from the model under study, written by others, demanded by a system prompt.
POLICIES = ("on-policy", "off-policy", "instructed", "unknown")


@dataclass(frozen=True)
class Provenance:
    """Where a dataset comes from.

    Attributes:
        source: file, folder, hub name, or the builder that made it.
        licence: as the source states it.
        sha256: of the source's bytes; "" where there are none.
        policy: one of `POLICIES`.
        notes: what was done to the data, in sentences.
    """

    source: str
    licence: str = "not stated"
    sha256: str = ""
    policy: str = "unknown"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.policy not in POLICIES:
            raise unknown_name("policy", self.policy, f"the provenance of {self.source}", POLICIES)

    def noted(self, *notes: str) -> Provenance:
        """Return this provenance with further notes, each once."""
        return replace(self, notes=tuple(dict.fromkeys((*self.notes, *notes))))

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready mapping."""
        return asdict(self) | {"notes": list(self.notes)}

    @staticmethod
    def from_json(value: Mapping[str, Any], place: str) -> Provenance:
        """Read what `to_json` wrote.

        Raises:
            InputError: a missing or unknown field.
        """
        try:
            return Provenance(**{**value, "notes": tuple(value.get("notes", ()))})
        except (TypeError, AttributeError) as error:
            raise InputError(
                f"{place} has a provenance that cannot be read ({error}): save the dataset anew."
            ) from error
