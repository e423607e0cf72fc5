"""The page of PyTorch's names says what the package has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_page_is_up_to_date():
    result = subprocess.run(
        [sys.executable, ROOT / "tools" / "names_page.py", "--check"], capture_output=True, text=True
    )
    assert result.returncode == 0, "run tools/names_page.py" + result.stderr
