"""A contact sheet: some pictures of each class, as a search sees them."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import combining, normalize

import torch
from PIL import Image, ImageDraw, ImageFont

from snas_cli.data.task_data import TaskData

CELL, GAP, MARGIN = 64, 4, 12  # pixels
FONT_SIZE = 14
MOST_CLASSES = 40


def contact_sheet(data: TaskData, columns: int, generator: torch.Generator) -> Image.Image:
    """A row for each class, with up to `columns` training pictures drawn by `generator`."""
    classes = data.classes[:MOST_CLASSES]
    font = ImageFont.load_default(FONT_SIZE)
    captions = [caption(row, name) for row, name in enumerate(classes)]
    label_width = max(round(font.getlength(text)) for text in captions) + MARGIN
    width = MARGIN + label_width + columns * (CELL + GAP) + MARGIN
    height = MARGIN + len(classes) * (CELL + GAP) + MARGIN
    sheet = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(sheet)
    for row, text in enumerate(captions):
        top = MARGIN + row * (CELL + GAP)
        pen.text((MARGIN, top + (CELL - FONT_SIZE) // 2), text, "black", font)
        for column, picture in enumerate(_pictures(data, row, columns, generator)):
            sheet.paste(picture, (MARGIN + label_width + column * (CELL + GAP), top))
    return sheet


def caption(row: int, name: str) -> str:
    """What stands before a class. Pillow's own letters are those of ASCII: accents are left out,
    and a name in another script becomes the number of its row."""
    plain = "".join(letter for letter in normalize("NFKD", name) if not combining(letter))
    if not (plain.isascii() and plain.isprintable()):
        return f"row {row + 1}"
    return plain if len(plain) <= 24 else f"{plain[:23]}…"


def in_words(classes: Sequence[str]) -> list[str]:
    """What the sheet itself cannot say: which class is in a row that has a number, and how many
    have none."""
    drawn = list(enumerate(classes[:MOST_CLASSES]))
    lines = [f"row {row + 1} is {name}" for row, name in drawn
             if caption(row, name) == f"row {row + 1}"]  # fmt: skip
    if len(classes) > MOST_CLASSES:
        lines.append(f"the first {MOST_CLASSES} of {len(classes):,} classes")
    return lines


def _pictures(
    data: TaskData, label: int, count: int, generator: torch.Generator
) -> list[Image.Image]:
    members = (data.train.labels == label).nonzero().flatten()
    chosen = members[torch.randperm(len(members), generator=generator)[:count]]
    ((images, _),) = data.train.batches([chosen])
    return [_picture(image) for image in images]


def _picture(image: torch.Tensor) -> Image.Image:
    """From uint8 C×H×W; small ones are enlarged without blur, to show what there is."""
    pixels = image.permute(1, 2, 0).squeeze(2).cpu().numpy()
    method = Image.Resampling.NEAREST if image.shape[1] < CELL else Image.Resampling.BILINEAR
    return Image.fromarray(pixels).convert("RGB").resize((CELL, CELL), method)
