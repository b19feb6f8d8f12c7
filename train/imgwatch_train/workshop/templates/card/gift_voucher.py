"""A gift card or voucher: bow, ribbon, amount, few words."""

from imgwatch_train.workshop.sheet import SCRIPT, SHOUTING, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    ground, band = rng.choice((sheet.gradient(), sheet.colour(20, 85), "#fff")), sheet.colour(30, 65, 60)
    ribbon = (
        f"<div style='position:absolute;left:{rng.randint(10, 75)}%;top:0;bottom:0;width:{rng.randint(24, 70)}px;background:{band}'></div>"
        + (
            f"<div style='position:absolute;top:{rng.randint(15, 65)}%;left:0;right:0;height:{rng.randint(24, 60)}px;background:{band}'></div>"
            if rng.random() < 0.6
            else ""
        )
    )
    bow = f"<div style='position:absolute;left:{rng.randint(5, 65)}%;top:{rng.randint(5, 45)}%;font-size:{rng.randint(90, 190)}px'>{rng.choice('🎀🎁💝🎗🌹💐')}</div>"
    words = f'<div style="position:absolute;left:6%;top:{rng.randint(8, 60)}%;font:{rng.randint(38, 70)}px {sheet.font(*SCRIPT, *SHOUTING)};color:{rng.choice(("#fff", "#222", "gold"))};text-shadow:0 1px 4px #0006">{sheet.text(1, 3)}</div>'
    amount = (
        f'<div style="position:absolute;right:6%;bottom:8%;font:700 {rng.randint(30, 60)}px {sheet.font()};color:{rng.choice(("#fff", "#222"))}">{sheet.money()}</div>'
        if rng.random() < 0.6
        else ""
    )
    return sheet.page(
        *rng.choice(((760, 480), (800, 440), (600, 600))),
        ribbon + bow + words + amount,
        f"background:{ground};border-radius:{rng.choice((0, 24))}px",
    )
