"""Feature pages: one self-contained HTML file a latent, and an index with a search. Draws what it is given."""

from sonde.report.features.data import FeaturePage, IndexEntry
from sonde.report.features.histogram import histogram_svg
from sonde.report.features.pages import page_name, render_feature, render_index

__all__ = ["FeaturePage", "IndexEntry", "histogram_svg", "page_name", "render_feature", "render_index"]
