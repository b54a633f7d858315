"""Probes: detectors of one class, one estimator a file over one contract.

Each is a scikit-learn classifier that also takes torch tensors and remembers model, site, selector and pooling. `sweep`
chooses among them on validation folds only; `save` and `load_probe` keep them in files that run no code.
`OneVsRestProbe` (several classes) and `RidgeRegressionProbe` (numbers) stand beside that contract: they have no one
positive class, so no threshold, no file and no audit.
"""

from sonde.probes.attention import AttentionProbe
from sonde.probes.base import Probe
from sonde.probes.ccs import CCSProbe
from sonde.probes.ensemble import EnsembleProbe
from sonde.probes.file import read_manifest
from sonde.probes.grid import sweep
from sonde.probes.inputs import DataError
from sonde.probes.lat import LATProbe
from sonde.probes.lda import LDAProbe
from sonde.probes.linear import LinearProbe
from sonde.probes.logistic import LogisticProbe
from sonde.probes.manifest import Manifest
from sonde.probes.mean_difference import MeanDifferenceProbe
from sonde.probes.mlp import MLPProbe
from sonde.probes.multimax import MultiMaxProbe
from sonde.probes.one_vs_rest import OneVsRestProbe
from sonde.probes.problem import Problem
from sonde.probes.registry import PROBE_TYPES, load_probe, probe_type
from sonde.probes.ridge import RidgeProbe
from sonde.probes.ridge_regression import RidgeRegressionProbe
from sonde.probes.scoring import score_examples, score_tokens
from sonde.probes.selection import Sweep, SweepRow
from sonde.probes.sequence import SequenceProbe
from sonde.probes.stream import ScoreStream
from sonde.probes.sums import ClassSums
from sonde.probes.token_rows import TokenRows, example_rows
from sonde.probes.ttpd import TTPDProbe
from sonde.probes.vector import VectorProbe

__all__ = [
    "PROBE_TYPES",
    "AttentionProbe",
    "CCSProbe",
    "ClassSums",
    "DataError",
    "EnsembleProbe",
    "LATProbe",
    "LDAProbe",
    "LinearProbe",
    "LogisticProbe",
    "MLPProbe",
    "Manifest",
    "MeanDifferenceProbe",
    "MultiMaxProbe",
    "OneVsRestProbe",
    "Probe",
    "Problem",
    "RidgeProbe",
    "RidgeRegressionProbe",
    "ScoreStream",
    "SequenceProbe",
    "Sweep",
    "SweepRow",
    "TTPDProbe",
    "TokenRows",
    "VectorProbe",
    "example_rows",
    "load_probe",
    "probe_type",
    "read_manifest",
    "score_examples",
    "score_tokens",
    "sweep",
]
