"""The frozen configuration of a run, read from TOML: closed (an unknown key fails) and inert (reading does nothing)."""

from sonde.recipe.fields import AuditRecipe, CaptureRecipe, DataRecipe, ProbeRecipe, Recipe
from sonde.recipe.read import apply_settings, parse_recipe, read_recipe
from sonde.recipe.rollout import RolloutRecipe

__all__ = [
    "AuditRecipe",
    "CaptureRecipe",
    "DataRecipe",
    "ProbeRecipe",
    "Recipe",
    "RolloutRecipe",
    "apply_settings",
    "parse_recipe",
    "read_recipe",
]
