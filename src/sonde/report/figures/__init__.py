"""One figure a file: computed from the data given, drawn in one house style, returned as a plotly figure."""

from sonde.report.figures.calibration import calibration_curves
from sonde.report.figures.cosine_map import cosine_map
from sonde.report.figures.det import det_curves
from sonde.report.figures.differences import paired_differences
from sonde.report.figures.dose_response import dose_response
from sonde.report.figures.histograms import score_histograms
from sonde.report.figures.layer_curve import layer_curve
from sonde.report.figures.patching_map import patching_map
from sonde.report.figures.projection import projection
from sonde.report.figures.roc import roc_curves
from sonde.report.figures.sae_curves import sae_curves
from sonde.report.figures.save import save_figure
from sonde.report.figures.site_grid import site_grid
from sonde.report.figures.transfer import transfer_map

__all__ = [
    "calibration_curves",
    "cosine_map",
    "det_curves",
    "dose_response",
    "layer_curve",
    "paired_differences",
    "patching_map",
    "projection",
    "roc_curves",
    "sae_curves",
    "save_figure",
    "score_histograms",
    "site_grid",
    "transfer_map",
]
