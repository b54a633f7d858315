"""From dialogues to tokens that know who said them.

`tokenize` renders dialogues with the tokenizer's own chat template and says for each token which role, message and
segment its characters belong to. Selectors (`Role("assistant") & ~Last(5)`, or `"assistant & ~last(5)"`) pick tokens.
This room never imports transformers: it is given a tokenizer.
"""

from sonde.tokens.answer import Answer
from sonde.tokens.fingerprint import tokenizer_fingerprint
from sonde.tokens.parse import parse_selector
from sonde.tokens.render import Rendered, render
from sonde.tokens.selectors import (
    After,
    All,
    And,
    Before,
    Between,
    First,
    Last,
    MessageIs,
    Not,
    Or,
    Role,
    Segment,
    Selector,
    Special,
    Target,
)
from sonde.tokens.tokens import Tokens, tokenize

__all__ = [
    "After",
    "All",
    "And",
    "Answer",
    "Before",
    "Between",
    "First",
    "Last",
    "MessageIs",
    "Not",
    "Or",
    "Rendered",
    "Role",
    "Segment",
    "Selector",
    "Special",
    "Target",
    "Tokens",
    "parse_selector",
    "render",
    "tokenize",
    "tokenizer_fingerprint",
]
