"""What people see: figures, token strips, the run's HTML page, notebook reprs. Draws what it is given; never trains."""

from sonde.report.comparison import render_comparison
from sonde.report.data import ReportData, TokenStrip
from sonde.report.figures import (
    calibration_curves,
    cosine_map,
    det_curves,
    dose_response,
    layer_curve,
    paired_differences,
    patching_map,
    projection,
    roc_curves,
    sae_curves,
    save_figure,
    score_histograms,
    site_grid,
    transfer_map,
)
from sonde.report.page import render_audit, render_figure, render_report, render_strips
from sonde.report.reprs import render
from sonde.report.scored import strips_of

__all__ = [
    "ReportData",
    "TokenStrip",
    "calibration_curves",
    "cosine_map",
    "det_curves",
    "dose_response",
    "layer_curve",
    "paired_differences",
    "patching_map",
    "projection",
    "render",
    "render_audit",
    "render_comparison",
    "render_figure",
    "render_report",
    "render_strips",
    "roc_curves",
    "sae_curves",
    "save_figure",
    "score_histograms",
    "site_grid",
    "strips_of",
    "transfer_map",
]
