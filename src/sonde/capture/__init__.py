"""The only room that runs models: loading, naming sites, the capture pass with its self-check, generation.

`load_model` takes a hub name, a folder, a live module or a TransformerBridge; `capture(model, data, sites=…)` returns
activations. The room is named after what it does and can be called: `sonde.capture(model, data, …)`.
"""

from sonde.base.callable_room import make_callable
from sonde.capture.capturing import capture, capture_job
from sonde.capture.edits import edited
from sonde.capture.engine import CaptureBatch
from sonde.capture.generate import generate, generate_ids
from sonde.capture.head import direct_logits
from sonde.capture.job import Job, plan_capture, run_job
from sonde.capture.load import load_model
from sonde.capture.model import Model
from sonde.capture.sites import BLOCK_SITES, SHORTHANDS, layer_of, site_name
from sonde.capture.splice import Loss, splice
from sonde.capture.taps import Tap
from sonde.capture.timing import forward_seconds

__all__ = [
    "BLOCK_SITES",
    "SHORTHANDS",
    "CaptureBatch",
    "Job",
    "Loss",
    "Model",
    "Tap",
    "capture",
    "capture_job",
    "direct_logits",
    "edited",
    "forward_seconds",
    "generate",
    "generate_ids",
    "layer_of",
    "load_model",
    "plan_capture",
    "run_job",
    "site_name",
    "splice",
]

make_callable(__name__, "capture")
