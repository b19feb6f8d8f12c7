"""A photograph strewn with hearts and stickers, with or without words."""

from imgwatch_train.workshop.sheet import EMOJI, SCRIPT, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    words = f'<div style="position:absolute;left:24px;right:24px;top:{rng.randint(3, 78)}%;text-align:center;font:bold {rng.randint(26, 56)}px {sheet.font(*SCRIPT)};color:{rng.choice(("#fff", "#ff69b4", "#d00", "#ffe600"))};text-shadow:0 0 5px #000a">{sheet.text(1, 10)}</div>'
    signs = [rng.choice(EMOJI) for _ in range(rng.randint(1, 4))]
    frame = (
        f"<div style='position:absolute;inset:0;border:{rng.randint(8, 26)}px {rng.choice(('solid', 'dotted', 'double'))} {sheet.colour(50, 85, 60)}'></div>"
        if rng.random() < 0.35
        else ""
    )
    strewn = sheet.scatter(rng.randint(8, 70), 18, 70, signs)
    return sheet.page(
        600,
        rng.choice((600, 700, 800)),
        sheet.picture(
            f"position:absolute;inset:0;filter:{rng.choice(('none', 'none', 'saturate(1.6)', 'brightness(1.15)'))}",
            main=True,
        )
        + strewn
        + frame
        + (words if rng.random() < 0.7 else ""),
    )
