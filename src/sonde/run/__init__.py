"""The room that joins the others: from a recipe to a run folder, and what the commands need on the way."""

from sonde.run.capture_store import capture_to_store
from sonde.run.describe import describe_artefact
from sonde.run.doctor import diagnose
from sonde.run.folder import Run, open_run
from sonde.run.names import find_recipe, load_dataset, load_model
from sonde.run.sae_use import rank as rank_latents
from sonde.run.score_source import score_source
from sonde.run.summary import summarize
from sonde.run.train import train

__all__ = [
    "Run",
    "capture_to_store",
    "describe_artefact",
    "diagnose",
    "find_recipe",
    "load_dataset",
    "load_model",
    "open_run",
    "rank_latents",
    "score_source",
    "summarize",
    "train",
]
