"""The script that Streamlit runs for each look at the page; its argument is the folder of runs."""

from __future__ import annotations

import sys
from pathlib import Path

from snas_cli.ui.views.navigation import show

show(Path(sys.argv[1]))
