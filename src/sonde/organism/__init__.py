"""Cretan: tiny transformers, trained from scratch on a closed world, that lie, with the truth on record."""
