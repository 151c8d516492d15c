"""A contact sheet: some pictures of each class, as a search sees them."""

from __future__ import annotations

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
    label_width = max(round(font.getlength(_short(name))) for name in classes) + MARGIN
    width = MARGIN + label_width + columns * (CELL + GAP) + MARGIN
    height = MARGIN + len(classes) * (CELL + GAP) + MARGIN
    sheet = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(sheet)
    for row, name in enumerate(classes):
        top = MARGIN + row * (CELL + GAP)
        pen.text((MARGIN, top + (CELL - FONT_SIZE) // 2), _short(name), "black", font)
        for column, picture in enumerate(_pictures(data, row, columns, generator)):
            sheet.paste(picture, (MARGIN + label_width + column * (CELL + GAP), top))
    return sheet


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:23]}…"


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
