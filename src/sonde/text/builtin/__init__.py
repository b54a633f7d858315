"""Built-in sets of our own wording: `sonde:facts`, `sonde:opinions`, `sonde:instructions`, `sonde:work`, `sonde:chat`.

`load_builtin` gives a labelled `Dataset` (as `sonde.load_dataset("sonde:facts", form="negation")` does); the functions
named after the sets give the records themselves, for rollouts. Each set is a file of JSON lines beside this one, one
record a line, sorted by id, and a card `NAME.md`. Fields:

- `facts.jsonl` (`Fact`): id, topic, relation, entity, group, statement, label (1 true, 0 false), negation, value, span,
  negation_span, question, answer, wrong, misconception, wording, source, second
- `opinions.jsonl` (`Opinion`): id, topic, group, question, right, wrong, source; `pressures.jsonl` (`Pressure`): id,
  kind, text with `{question}` and `{claim}`; `open_questions.jsonl` (`OpenQuestion`): id, topic, question, options
- `instructions.jsonl` (`Instruction`): id, pair, reason, side (honest or deceptive), text, held_out
- `work.jsonl` (`Work`): id, kind, task, weak, strong
- `chat.jsonl` (`Chat`): id, category, request, answer

Example:
    >>> from sonde.text.builtin import facts
    >>> facts()[0].label in (0, 1)
    True
"""

from sonde.text.builtin.forms import FORMS
from sonde.text.builtin.loading import PREFIX, SPLITS, builtin_names, load_builtin
from sonde.text.builtin.reading import (
    card,
    chat,
    facts,
    instructions,
    open_questions,
    opinions,
    pressures,
    work,
)
from sonde.text.builtin.records import (
    Chat,
    Fact,
    Instruction,
    OpenQuestion,
    Opinion,
    Pressure,
    Work,
)

__all__ = [
    "FORMS",
    "PREFIX",
    "SPLITS",
    "Chat",
    "Fact",
    "Instruction",
    "OpenQuestion",
    "Opinion",
    "Pressure",
    "Work",
    "builtin_names",
    "card",
    "chat",
    "facts",
    "instructions",
    "load_builtin",
    "open_questions",
    "opinions",
    "pressures",
    "work",
]
