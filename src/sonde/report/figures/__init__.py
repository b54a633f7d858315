"""One figure a file: computed from the data given, drawn in one house style, returned as a plotly figure."""

from sonde.report.figures.histograms import score_histograms
from sonde.report.figures.layer_curve import layer_curve
from sonde.report.figures.roc import roc_curves

__all__ = ["layer_curve", "roc_curves", "score_histograms"]
