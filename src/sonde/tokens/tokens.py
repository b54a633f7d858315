"""`tokenize`: from dialogues to `Tokens`, the ids a model reads and what is known of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from sonde.base.display import Displayed
from sonde.base.errors import InputError
from sonde.base.tables import TokenTable
from sonde.text.dialogue import Dialogue
from sonde.tokens.align import build_table, special_ids
from sonde.tokens.fingerprint import require_fast, tokenizer_fingerprint
from sonde.tokens.parse import parse_selector
from sonde.tokens.render import render
from sonde.tokens.selectors import All, Selector
from sonde.tokens.show import ShownTokens, show_text
from sonde.tokens.truncate import truncate

#: Dialogues rendered and aligned at a time, which bounds the memory that characters take.
CHUNK = 2048


@dataclass(frozen=True, eq=False)
class Tokens(Displayed):
    """Tokenised dialogues, without padding.

    Attributes:
        table: one row a token; its `texts` are the rendered dialogues.
        names: the `n` dialogue ids.
        fingerprint: hash of the tokenizer and its chat template.
        special_tokens: the special tokens' texts by id.
    """

    table: TokenTable
    names: tuple[str, ...]
    fingerprint: str
    special_tokens: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"Tokens({len(self)} dialogues, {len(self.table)} tokens, fingerprint {self.fingerprint[:12]})"

    @property
    def lengths(self) -> np.ndarray:
        """`[n]` tokens in each dialogue."""
        return self.table.lengths

    def ids(self, i: int) -> np.ndarray:
        """Return dialogue `i`'s token ids, `[length]` int64."""
        i = self._index(i)
        return self.table.token_id[self.table.offsets[i] : self.table.offsets[i + 1]]

    def show(self, selector: Selector | str | None = None, example: int = 0) -> ShownTokens:
        """Write one dialogue with the taken tokens in `⟦⟧` and whitespace made visible, then counts by role.

        In a notebook the value draws itself, the taken tokens framed; `print` writes the text.

        Args:
            selector: a selector or its string form; None takes every token.
            example: which dialogue; negative counts from the end.
        """
        chosen = All() if selector is None else parse_selector(selector)
        mask, index = chosen.mask(self.table), self._index(example)
        text = show_text(self.table, mask, index, self.special_tokens)
        return ShownTokens.of(text, self.table, mask, index, self.names[index])

    def _index(self, i: int) -> int:
        if not -len(self) <= i < len(self):
            raise InputError(f"There is no dialogue {i} in these Tokens: they hold {len(self)}, counted from 0.")
        return i % len(self)


def tokenize(
    dialogues: Iterable[Dialogue],
    tokenizer: Any,
    *,
    max_tokens: int | None = None,
    truncation: str = "error",
    selector: Selector | None = None,
) -> Tokens:
    """Render dialogues with the tokenizer's own chat template and tokenise them, without padding.

    Special tokens come from one place only. A chat template's text is complete: the tokenizer adds nothing to it, as in
    `apply_chat_template(tokenize=True)`. To text without a template the tokenizer adds its own (BOS), once.

    Args:
        dialogues: what to tokenise; a `Dataset` will do.
        tokenizer: a Hugging Face fast tokenizer. Its padding side and pad token make no difference.
        max_tokens: the model's context; None for no limit.
        truncation: what to do with longer dialogues: `error`; `right` drops the end; `left` drops the beginning, apart
            from BOS. Positions run from 0 in what is left.
        selector: tokens that truncation must not lose.

    Raises:
        InputError: a slow tokenizer; a dialogue that the template cannot render, whose contents cannot be located,
            whose target is out of range, or that is too long. The sentence names the dialogue.

    Example:
        >>> from tokenizers import Tokenizer, models, pre_tokenizers
        >>> from transformers import PreTrainedTokenizerFast
        >>> backend = Tokenizer(models.WordLevel({"?": 0, "Hello": 1, "there": 2}, unk_token="?"))
        >>> backend.pre_tokenizer = pre_tokenizers.Whitespace()
        >>> tokens = tokenize([Dialogue.from_text("Hello there")], PreTrainedTokenizerFast(tokenizer_object=backend))
        >>> tokens.table.strings
        ['Hello', 'there']
    """
    require_fast(tokenizer)
    listed = list(dialogues)
    for item in listed:
        if not isinstance(item, Dialogue):
            raise InputError(f"tokenize takes dialogues, got {item!r}: make one with Dialogue.from_text.")
    names = tuple(d.id for d in listed)
    chunks = [listed[k : k + CHUNK] for k in range(0, len(listed), CHUNK)]
    tables = [build_table(chunk, render(chunk, tokenizer), tokenizer) for chunk in chunks]
    table = TokenTable.concatenate(tables) if tables else _empty_table()
    table = truncate(table, names, max_tokens, truncation, selector, tokenizer.bos_token_id)
    specials = {i: str(tokenizer.convert_ids_to_tokens(i)) for i in sorted(special_ids(tokenizer))}
    return Tokens(table, names, tokenizer_fingerprint(tokenizer), MappingProxyType(specials))


def _empty_table() -> TokenTable:
    whole, flags, counts = np.empty(0, np.int64), np.empty(0, bool), np.empty(0, np.int64)
    codes = np.empty(0, np.int8)
    return TokenTable(whole, whole, codes, whole, codes, flags, flags, whole, whole, np.zeros(1, np.int64), counts, ())
