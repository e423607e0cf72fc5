#!/usr/bin/env python3
"""Runs random programs in every mode of execution: programs.py [--seconds 60] [--seed N] [--torch] [FILE ...]."""

import sys
from pathlib import Path

root = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(root / "tests" / "python")]
try:
    import gradus  # noqa: F401
except ImportError:
    sys.path[:0] = [str(root / "python")]

from fuzzing.campaign import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
