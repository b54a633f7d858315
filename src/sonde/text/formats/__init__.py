"""The file formats that datasets come in, one module each.

Each is an object with a `name`, `matches(path, head)` (does this file, whose first characters are `head`, look like
it?) and `read(path, options)`. `FORMATS` lists them in the order in which they are asked.
"""

from sonde.text.formats.base import Format, Options, not_applied
from sonde.text.formats.contrast import Contrast
from sonde.text.formats.dialogues import Dialogues
from sonde.text.formats.judged import JudgedRollouts
from sonde.text.formats.liars_bench import LiarsBench
from sonde.text.formats.lie_detector import LieDetector
from sonde.text.formats.parquet import Parquet
from sonde.text.formats.pushback import PushbackScripts, SycophancySurvey
from sonde.text.formats.table import Table
from sonde.text.formats.truthfulqa import TruthfulQA

FORMATS: tuple[Format, ...] = (
    Parquet(),
    TruthfulQA(),
    Contrast(),
    JudgedRollouts(),
    LieDetector(),
    LiarsBench(),
    SycophancySurvey(),
    PushbackScripts(),
    Dialogues(),
    Table(),
)

__all__ = [
    "FORMATS",
    "Contrast",
    "Dialogues",
    "Format",
    "JudgedRollouts",
    "LiarsBench",
    "LieDetector",
    "Options",
    "Parquet",
    "PushbackScripts",
    "SycophancySurvey",
    "Table",
    "TruthfulQA",
    "not_applied",
]
