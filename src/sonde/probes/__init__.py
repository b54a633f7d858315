"""Probes: detectors of one class, one estimator a file over one contract.

Each is a scikit-learn classifier that also takes torch tensors and remembers model, site, selector and pooling. `sweep`
chooses among them on validation folds only; `save` and `load_probe` keep them in files that run no code.
"""

from sonde.probes.base import Probe
from sonde.probes.file import read_manifest
from sonde.probes.grid import sweep
from sonde.probes.inputs import DataError
from sonde.probes.lda import LDAProbe
from sonde.probes.linear import LinearProbe
from sonde.probes.logistic import LogisticProbe
from sonde.probes.manifest import Manifest
from sonde.probes.mean_difference import MeanDifferenceProbe
from sonde.probes.problem import Problem, Solution
from sonde.probes.registry import PROBE_TYPES, load_probe, probe_type
from sonde.probes.ridge import RidgeProbe
from sonde.probes.scoring import score_examples, score_tokens
from sonde.probes.selection import Sweep, SweepRow

__all__ = [
    "PROBE_TYPES",
    "DataError",
    "LDAProbe",
    "LinearProbe",
    "LogisticProbe",
    "Manifest",
    "MeanDifferenceProbe",
    "Probe",
    "Problem",
    "RidgeProbe",
    "Solution",
    "Sweep",
    "SweepRow",
    "load_probe",
    "probe_type",
    "read_manifest",
    "score_examples",
    "score_tokens",
    "sweep",
]
