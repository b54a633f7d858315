"""Rollouts: the model's own answers, labelled by what it believes.

A recipe's `[rollout]` names questions and scenes. Belief is elicited apart from the answers, in several neutral
phrasings; answers are sampled, read by rule or by a judge, and compared with belief. What is not believed is dropped;
an honest mistake is kept as a negative.
"""
