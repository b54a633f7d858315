"""Models that think before they answer: their thinking is switched off, or closed before it begins."""

from __future__ import annotations

import copy
from typing import Any

from sonde.capture import Model
from sonde.text import Dialogue, Message
from sonde.tokens.thinking import OPENING

#: Names of the switch in chat templates (Qwen3, GLM, Hunyuan, SmolLM3; DeepSeek V3.1, Granite).
SWITCHES = ("enable_thinking", "thinking")


def without_thinking(model: Model) -> Model:
    """Return the model reading dialogues with thinking switched off; itself where its template knows no thinking.

    A switch is set at the head of the chat template. Where the generation prompt opens a block of thinking all the same
    (as DeepSeek-R1's does), the block is closed at once. The weights are shared; everything that renders with the
    returned model's tokenizer agrees, and its fingerprint tells the difference.
    """
    template = getattr(model.tokenizer, "chat_template", None)
    if not isinstance(template, str):
        return model
    switch = next((name for name in SWITCHES if f"{name} is " in template or f"not {name}" in template), None)
    head = "" if switch is None else f"{{%- set {switch} = false -%}}"
    twin = _with_template(model, head + template)
    opened = opens_thinking(twin)
    if opened is None:
        return twin if head else model
    closing = f"\\n{OPENING[opened].closing}\\n\\n"
    return _with_template(
        model, f"{head}{template}{{%- if add_generation_prompt -%}}{{{{ '{closing}' }}}}{{%- endif -%}}"
    )


def opens_thinking(model: Model) -> str | None:
    """Return the marker with which the generation prompt opens a block of thinking, or None."""
    prompt = model.tokenize([Dialogue("0", (Message("user", "Hello"),))]).table.texts[0].rstrip()
    return next((marker for marker in OPENING if prompt.endswith(marker)), None)


def _with_template(model: Model, template: str) -> Model:
    tokenizer: Any = copy.copy(model.tokenizer)
    tokenizer.chat_template = template
    twin = copy.copy(model)
    twin.tokenizer = tokenizer
    return twin
