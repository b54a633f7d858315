"""What people see: figures, token strips, the run's HTML page, notebook reprs. Draws what it is given; never trains."""

from sonde.report.comparison import render_comparison
from sonde.report.data import ReportData, TokenStrip
from sonde.report.figures import layer_curve, roc_curves, score_histograms
from sonde.report.page import render_report, render_strips
from sonde.report.reprs import render
from sonde.report.scored import strips_of

__all__ = [
    "ReportData",
    "TokenStrip",
    "layer_curve",
    "render",
    "render_comparison",
    "render_report",
    "render_strips",
    "roc_curves",
    "score_histograms",
    "strips_of",
]
