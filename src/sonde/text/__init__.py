"""Who said what, and what is true: dialogues, datasets with their provenance, loaders of public formats, clean splits.

`load_dataset` reads sonde and chat JSONL, labelled CSV, TSV and Parquet, contrast files, TruthfulQA, and Hugging Face
`datasets`; `instructed_pairs` builds honest and deceptive dialogues from statements and prompts; `near_duplicates`,
`overlap` and `check_disjoint` keep the same thing from standing on both sides of a split.
"""

from sonde.text.dataset import Dataset
from sonde.text.dialogue import MESSAGE_ROLES, Dialogue, Message, Target
from sonde.text.duplicates import near_duplicates
from sonde.text.instructed import PromptPair, instructed_pairs, load_prompt_pairs
from sonde.text.loading import load_dataset
from sonde.text.provenance import Provenance
from sonde.text.restyling import RESTYLINGS, restyle
from sonde.text.splitting import Overlap, check_disjoint, overlap, require_two_classes

__all__ = [
    "MESSAGE_ROLES",
    "RESTYLINGS",
    "Dataset",
    "Dialogue",
    "Message",
    "Overlap",
    "PromptPair",
    "Provenance",
    "Target",
    "check_disjoint",
    "instructed_pairs",
    "load_dataset",
    "load_prompt_pairs",
    "near_duplicates",
    "overlap",
    "require_two_classes",
    "restyle",
]
