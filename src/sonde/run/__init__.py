"""The room that joins the others: from a recipe to a run folder, and what the commands need on the way."""

from sonde.run.audit_file import audit_file
from sonde.run.capture_store import capture_to_store
from sonde.run.compare import Comparison, compare
from sonde.run.describe import describe_artefact
from sonde.run.doctor import diagnose
from sonde.run.folder import Run, open_run
from sonde.run.names import find_recipe, load_dataset, load_model
from sonde.run.rollouts import Rollout, follow_up_scores, open_rollout, rollout
from sonde.run.sae_pages import show_latent
from sonde.run.sae_rank import rank as rank_latents
from sonde.run.score_source import score_source
from sonde.run.summary import summarize
from sonde.run.sums import capture_sums
from sonde.run.train import train

__all__ = [
    "Comparison",
    "Rollout",
    "Run",
    "audit_file",
    "capture_sums",
    "capture_to_store",
    "compare",
    "describe_artefact",
    "diagnose",
    "find_recipe",
    "follow_up_scores",
    "load_dataset",
    "load_model",
    "open_rollout",
    "open_run",
    "rank_latents",
    "rollout",
    "score_source",
    "show_latent",
    "summarize",
    "train",
]
