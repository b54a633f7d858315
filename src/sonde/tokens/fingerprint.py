"""What makes two tokenizers the same: the ids they give, and the template around them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sonde.base.errors import InputError


def tokenizer_fingerprint(tokenizer: Any) -> str:
    """Hash the serialised tokenizer, its chat template and its special tokens (SHA-256, hexadecimal).

    Padding and truncation settings, the padding side and the choice of a pad token are left out: they change nothing
    in what sonde tokenises.
    """
    require_fast(tokenizer)
    backend = json.loads(tokenizer.backend_tokenizer.to_str())
    for setting in ("padding", "truncation"):
        backend.pop(setting, None)
    specials = {name: str(value) for name, value in tokenizer.special_tokens_map.items() if name != "pad_token"}
    parts = {"backend": backend, "template": getattr(tokenizer, "chat_template", None), "specials": specials}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def require_fast(tokenizer: Any) -> None:
    """Raise an InputError for a tokenizer that cannot say which characters its tokens cover."""
    if not getattr(tokenizer, "is_fast", False):
        raise InputError(
            f"The tokenizer {type(tokenizer).__name__} is a slow one, without the character offsets that roles and "
            "spans need: load a fast tokenizer (one with a tokenizer.json) in its place."
        )
