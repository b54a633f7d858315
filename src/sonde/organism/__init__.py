"""Cretan: tiny transformers, trained from scratch on a closed world, that lie, with the truth on record."""

from sonde.organism.catalogue import cretan_folder, is_organism, list_organisms
from sonde.organism.contrasts import CONTRASTS
from sonde.organism.datasets import load_cretan
from sonde.organism.questions import cretan_questions
from sonde.organism.same_text import load_same_text

__all__ = [
    "CONTRASTS",
    "cretan_folder",
    "cretan_questions",
    "is_organism",
    "list_organisms",
    "load_cretan",
    "load_same_text",
]
