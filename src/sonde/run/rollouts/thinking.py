"""Models that think before they answer: switched off where the chat template has a switch."""

from __future__ import annotations

import copy

from sonde.capture import Model

#: Names of the switch in chat templates (Qwen3, GLM, Hunyuan, SmolLM3; DeepSeek V3.1, Granite).
SWITCHES = ("enable_thinking", "thinking")


def without_thinking(model: Model) -> Model:
    """Return the model reading dialogues with thinking switched off; itself where its template has no switch.

    The weights are shared. The switch is set at the head of the chat template, so everything that renders with this
    model's tokenizer agrees, and its fingerprint tells the difference.
    """
    template = getattr(model.tokenizer, "chat_template", None)
    if not isinstance(template, str):
        return model
    switch = next((name for name in SWITCHES if f"{name} is " in template or f"not {name}" in template), None)
    if switch is None:
        return model
    tokenizer = copy.copy(model.tokenizer)
    tokenizer.chat_template = f"{{%- set {switch} = false -%}}{template}"
    twin = copy.copy(model)
    twin.tokenizer = tokenizer
    return twin
