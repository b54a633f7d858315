"""Every check, in the order of EVIDENCE's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sonde.audit.calibration import Calibration
from sonde.audit.causal import Causal
from sonde.audit.check import Check
from sonde.audit.control_task import ControlTask
from sonde.audit.falsity import Falsity
from sonde.audit.length_position import LengthPosition
from sonde.audit.pairs import Pairs
from sonde.audit.prompt_reader import PromptReader
from sonde.audit.sae_table import SAETable
from sonde.audit.seeds import Seeds
from sonde.audit.shuffled_labels import ShuffledLabels
from sonde.audit.style import StyleCheck
from sonde.audit.text_baselines import TextBaselines
from sonde.audit.topic import Topic
from sonde.audit.transfer import Transfer
from sonde.audit.uncertainty import Uncertainty
from sonde.base.errors import unknown_name

_ALL: tuple[type[Check], ...] = (
    TextBaselines,
    Uncertainty,
    ShuffledLabels,
    ControlTask,
    PromptReader,
    Topic,
    StyleCheck,
    LengthPosition,
    Transfer,
    Falsity,
    Pairs,
    Calibration,
    Seeds,
    Causal,
    SAETable,
)
CHECKS: Mapping[str, Check] = MappingProxyType({kind.name: kind() for kind in _ALL})


def chosen_checks(names: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names of the checks that `all`, `none` or a list asks for.

    Raises:
        InputError: no such check; the nearest is named.
    """
    if names == "all":
        return tuple(CHECKS)
    if names == "none":
        return ()
    given = [names] if isinstance(names, str) else list(names)
    for name in given:
        if name not in CHECKS:
            raise unknown_name("check", name, "the audit", CHECKS)
    return tuple(name for name in CHECKS if name in given)
