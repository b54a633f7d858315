"""Rollouts: the model's own answers, labelled by what it believes.

A recipe's `[rollout]` names questions and scenes. Belief is elicited apart from the answers, in several neutral
phrasings; answers are sampled, read by rule or by a judge, and compared with belief. What is not believed is dropped;
an honest mistake is kept as a negative.
"""

from sonde.run.rollouts.perform import rollout, with_rollout
from sonde.run.rollouts.result import Rollout, Unsupported, open_rollout
from sonde.run.rollouts.tally import summary_text
from sonde.run.rollouts.transforms import follow_up_scores

__all__ = [
    "Rollout",
    "Unsupported",
    "follow_up_scores",
    "open_rollout",
    "rollout",
    "summary_text",
    "with_rollout",
]
