"""The programs that bench/stream.py measures, each written once in what Gradus and PyTorch share."""

from programs.pointwise import POINTWISE
from programs.program import Program
from programs.small import SMALL
from programs.training import TRAINING

PROGRAMS: list[Program] = [*SMALL, *POINTWISE, *TRAINING]
