"""A folder as one zip to download."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile


def zipped(folder: Path) -> bytes:
    """All files of it, below its own name."""
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(path, Path(folder.name) / path.relative_to(folder))
    return content.getvalue()
