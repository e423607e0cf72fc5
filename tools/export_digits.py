#!/usr/bin/env python3
"""Writes scikit-learn's handwritten digits (1,797 images of 8 by 8) as CSV: 64 grey values of 0..16 and the digit."""

import pathlib
import sys

import numpy as np
from sklearn.datasets import load_digits


def main():
    path = pathlib.Path(sys.argv[1])
    if path.exists():
        return
    digits = load_digits()
    rows = np.column_stack([digits.data, digits.target]).astype(np.int64)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savetxt(path, rows, fmt="%d", delimiter=",")


if __name__ == "__main__":
    main()
