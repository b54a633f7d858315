"""Pure numbers: metrics on arrays of labels and scores, thresholds, and intervals that respect groups.

Nothing here sees a model. A number that is undefined says so, with its reason. A row is flagged when its score is
strictly greater than the threshold, here and everywhere.
"""

from sonde.scores.calibration import brier, ece
from sonde.scores.decisions import balanced_accuracy, false_positive_rate, recall
from sonde.scores.entry import evaluate
from sonde.scores.estimate import Estimate
from sonde.scores.intervals import clopper_pearson, grouped_rate_interval
from sonde.scores.partial import auroc_columns, comparable, partial_out, stratified_auroc
from sonde.scores.permutation import holm, permutation_p, permuted_labels
from sonde.scores.ranking import auroc, recall_at_fpr, roc_points
from sonde.scores.reliability import reliability
from sonde.scores.resampling import Metric, bootstrap, bootstrap_difference
from sonde.scores.threshold import Threshold, threshold_from_control
from sonde.scores.value import Scores

__all__ = [
    "Estimate",
    "Metric",
    "Scores",
    "Threshold",
    "auroc",
    "auroc_columns",
    "balanced_accuracy",
    "bootstrap",
    "bootstrap_difference",
    "brier",
    "clopper_pearson",
    "comparable",
    "ece",
    "evaluate",
    "false_positive_rate",
    "grouped_rate_interval",
    "holm",
    "partial_out",
    "permutation_p",
    "permuted_labels",
    "recall",
    "recall_at_fpr",
    "reliability",
    "roc_points",
    "stratified_auroc",
    "threshold_from_control",
]
