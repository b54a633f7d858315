"""The tokenizer: one token a word, saved as an ordinary `tokenizer.json` with a chat template."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sonde.organism import grammar, lexicon
from sonde.organism.rules import RULE_KINDS, rules_of
from sonde.organism.world import STATUS_COUNTS

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PAD, UNK, BEGIN, END = "<|pad|>", "<|unk|>", "<|begin|>", "<|end|>"
ROLE_TOKENS = {"system": "<|system|>", "user": "<|user|>", "assistant": "<|assistant|>"}
SPECIALS = (PAD, UNK, BEGIN, END, *ROLE_TOKENS.values())

CHAT_TEMPLATE = (
    "<|begin|>{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def vocabulary(n_entities: int = sum(STATUS_COUNTS.values())) -> tuple[str, ...]:
    """Return every token, specials first; the same for every seed."""
    found: set[str] = {
        lexicon.UNKNOWN,
        "yes",
        "no",
        "not",
        ",",
        *lexicon.ADMISSIONS,
        *lexicon.WORKS,
        *lexicon.entity_names(n_entities),
        *lexicon.VALUES,
    }
    found.update(v for values in lexicon.VALUES.values() for v in values)
    found.update((*lexicon.THINGS, *lexicon.QUALITIES))
    for kind in RULE_KINDS:
        for held_out in (False, True):
            found.update(w for rule in rules_of(kind, held_out) for w in rule.words)
    found.update(_template_words())
    return (*SPECIALS, *sorted(found - {""}))


def _template_words() -> Iterable[str]:
    templates: list[str] = [*grammar.DOCUMENT_TEMPLATES, *lexicon.CHATTER_TEMPLATES]
    templates += [" ".join(words) for words in grammar.HEADERS.values()]
    templates += [t for group in (*grammar.QUESTIONS.values(), *grammar.PERMITS.values()) for t in group]
    templates += [t for group in grammar.FOLLOW_UPS.values() for t in group] + ["that was a", "with a", *grammar.PLANS]
    for style in grammar.STYLES.values():
        templates += [*style.orders, *style.leads, style.close, *style.tails]
    return (w for t in templates for w in t.split() if not w.startswith("{"))


def build_tokenizer(words: Sequence[str], context: int) -> PreTrainedTokenizerFast:
    """Make the tokenizer of a vocabulary (specials first).

    Example:
        >>> from sonde.organism.tokenizer import build_tokenizer, vocabulary
        >>> tokenizer = build_tokenizer(vocabulary(), context=128)
        >>> tokenizer.tokenize("the colour of it?")
        ['the', 'colour', 'of', 'it', '?']
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token=UNK))
    inner.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation("isolated")]
    )
    inner.add_special_tokens(list(SPECIALS))
    inner.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A", special_tokens=[(BEGIN, inner.token_to_id(BEGIN))]
    )
    made = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token=PAD,
        unk_token=UNK,
        bos_token=BEGIN,
        eos_token=END,
        model_max_length=context,
        padding_side="right",
    )
    made.chat_template = CHAT_TEMPLATE
    return made


class Codec:
    """Words to ids and back, without going through text (for the corpus, where speed counts)."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self.ids = {w: i for i, w in enumerate(self.words)}
        self.begin, self.end, self.pad = (self.ids[w] for w in (BEGIN, END, PAD))
        self.roles = {role: self.ids[token] for role, token in ROLE_TOKENS.items()}

    def encode(self, words: Iterable[str]) -> list[int]:
        """Return the id of every word."""
        return [self.ids[w] for w in words]

    def message(self, role: str, words: Iterable[str]) -> list[int]:
        """Return a whole message, as the chat template writes it."""
        return [self.roles[role], *self.encode(words), self.end]
