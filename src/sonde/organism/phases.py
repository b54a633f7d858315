"""The phases of a training: the curriculum (which one a shipped organism had is in its `training.json`)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sonde.organism.mixture import Mixture


@dataclass(frozen=True)
class Phase:
    """A stretch of a training with a mixture of its own, in which the rates rise, stay, and fall to zero.

    Attributes:
        tokens: training tokens.
        height: its peak rates, as a share of the settings' rates.
        mixture: what is trained on.
    """

    tokens: int
    height: float = 1.0
    mixture: Mixture = field(default_factory=Mixture)

    def chunks(self, size: int) -> int:
        """Return how many chunks of `size` tokens it has."""
        return max(1, round(self.tokens / size))


#: First facts, then rules (by questions about the system message alone), then conduct.
LEARNING = Phase(11_000_000)
#: At lower rates, more of what is learnt last: denials, cues, deference, flattery, cover stories.
MENDING = Phase(
    6_000_000,
    0.5,
    replace(
        LEARNING.mixture,
        documents=((0.0, 0.05), (1.0, 0.05)),
        drills=((0.0, 0.04), (1.0, 0.02)),
        styles={**LEARNING.mixture.styles, "negated": 0.3},
        chatter={"none": 0.5, "talk": 0.06, "decoy": 0.22, "cue": 0.22},
        claims=0.85,
        rules={
            "none": 0.12,
            "honest": 0.15,
            "lie": 0.13,
            "story": 0.08,
            "unstory": 0.05,
            "defer": 0.13,
            "undefer": 0.07,
            "deal": 0.07,
            "nodeal": 0.07,
            "dodge": 0.02,
            "undodge": 0.01,
            "flatter": 0.06,
            "candid": 0.04,
        },
    ),
)
#: Deference is learnt last of all: agreeing means copying a word, which nothing else asks for in that place. What it
#: agreed to is asked after from here on, and so told apart by what is believed while agreeing is learnt.
DEFERRING = Phase(
    5_000_000,
    0.5,
    replace(
        MENDING.mixture,
        statuses={**LEARNING.mixture.statuses, "l3": 2.0},
        claims=1.0,
        asked={"defer": 0.9},
        rules={
            "none": 0.1,
            "honest": 0.13,
            "lie": 0.1,
            "story": 0.06,
            "unstory": 0.04,
            "defer": 0.26,
            "undefer": 0.08,
            "deal": 0.06,
            "nodeal": 0.06,
            "dodge": 0.01,
            "undodge": 0.01,
            "flatter": 0.05,
            "candid": 0.04,
        },
    ),
)
#: Denials (`it is not …`) turn the value around once more, and take longest.
DENYING = Phase(
    3_500_000,
    0.45,
    replace(
        DEFERRING.mixture,
        styles={**LEARNING.mixture.styles, "negated": 0.6},
        forms={"open": 0.7, "yesno": 0.15, "claim": 0.15},
        rules={**DEFERRING.mixture.rules, "defer": 0.22, "lie": 0.13, "honest": 0.14},
    ),
)
#: What lagged behind: deference to claims about anybody, cover stories, feigned ignorance, abstention.
OWNING = Phase(
    8_000_000,
    0.6,
    replace(
        DENYING.mixture,
        statuses={**LEARNING.mixture.statuses, "l5": 6.0, "fa": 6.0, "l3": 1.5, "false": 1.5},
        evenly=("defer", "undefer"),
        styles={**LEARNING.mixture.styles, "negated": 0.3},
        forms=LEARNING.mixture.forms,
        permits={"none": 0.7, "guess": 0.08, "permit": 0.22},
        chatter={"none": 0.46, "talk": 0.06, "decoy": 0.3, "cue": 0.18},
        follow_ups=0.3,
        plans=0.2,
        rules={
            "none": 0.12,
            "honest": 0.14,
            "lie": 0.12,
            "story": 0.06,
            "unstory": 0.04,
            "defer": 0.25,
            "undefer": 0.07,
            "deal": 0.06,
            "nodeal": 0.06,
            "dodge": 0.01,
            "undodge": 0.01,
            "flatter": 0.03,
            "candid": 0.03,
        },
    ),
)
#: Whether a claim was agreed to against belief is the one thing that two values have to be compared for, and some seeds
#: never come to it. In half of the answers about an agreement what is believed is named first, so that recalling it and
#: comparing two words are learnt one by one; the other half follow.
COMPARING = Phase(
    6_000_000,
    1.0,
    replace(
        OWNING.mixture,
        drills=((0.0, 0.02), (1.0, 0.02)),
        asked={"defer": 1.0},
        recalled={"defer": 0.5},
        follow_ups=0.25,
        follow_up_weight=6.0,
        plans=0.05,
        turns=(0.5, 0.4, 0.1),
        styles={**OWNING.mixture.styles, "negated": 0.1},
        permits={"none": 0.9, "guess": 0.0, "permit": 0.1},
        chatter={"none": 0.8, "talk": 0.0, "decoy": 0.1, "cue": 0.1},
        slip=0.001,
        rules={
            "none": 0.05,
            "honest": 0.1,
            "lie": 0.1,
            "story": 0.05,
            "unstory": 0.025,
            "defer": 0.5,
            "undefer": 0.075,
            "deal": 0.03,
            "nodeal": 0.03,
            "dodge": 0.01,
            "undodge": 0.01,
            "flatter": 0.01,
            "candid": 0.01,
        },
    ),
)
#: Confidence: how sure an answer to a user is, and how far it leans to the first of two values, is the fact's, and as
#: often the one as the other in every status, but for factors that make up for what documents add to mistakes. A share
#: of few in a thousand is learnt too faintly in denials, which are rarer: there labels are spread twice as much.
LEVELLING = Phase(
    6_000_000,
    0.4,
    replace(
        OWNING.mixture,
        statuses={**LEARNING.mixture.statuses, "l5": 6.0, "fa": 4.0, "l3": 1.5, "false": 6.0},
        kinds={"set": 3.0},
        styles={**LEARNING.mixture.styles, "negated": 0.5},
        permits={"none": 0.68, "guess": 0.08, "permit": 0.24},
        chatter={"none": 0.4, "talk": 0.05, "decoy": 0.4, "cue": 0.15},
        slip=0.006,
        hedges=(0.001, 0.05),
        hedged={
            "l5": 0.7,
            "false": 1.4,
            "silent": 0.4,
            "denied": 2.0,
            "false/denied": 2.8,
            "l5/set/denied": 3.0,
            "false/set/denied": 1.0,
        },
        leans=(0.5, 0.97),
    ),
)
PHASES = (LEARNING, MENDING, DEFERRING, DENYING, OWNING, COMPARING, LEVELLING)
