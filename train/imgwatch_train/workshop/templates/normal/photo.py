"""A photograph as it is."""

from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    width, height = sheet.rng.choice(((640, 480), (480, 640), (600, 600), (720, 405)))
    return sheet.page(width, height, sheet.picture("position:absolute;inset:0", main=True))
