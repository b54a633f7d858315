"""Is it used, or only readable?"""

from __future__ import annotations

from sonde.audit.plugged import PluggedCheck


class Causal(PluggedCheck):
    """The direction added and ablated while generating, against random directions of equal norm."""

    name = "causal"
    why = "readable, not used: what a probe reads need not be what the model acts on"
    missing = "nothing was steered in this run, so it is not known whether the model uses what the probe reads"
    wanted = "Steer along the probe's direction while generating, beside random directions of equal norm."
