"""One photograph in a viewer, with bars and signs above and below."""

from imgwatch_train.workshop.phone import phone
from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    fit = rng.choice(("cover", "contain", "contain"))
    ground = rng.choice(("#000", "#000", "#fff"))
    ink = "#fff" if ground == "#000" else "#222"
    bars = (
        f"<div style='position:absolute;bottom:0;left:0;right:0;display:flex;justify-content:space-around;padding:18px;color:{ink};font-size:22px;background:{ground}8'>⤴ &nbsp;✎ &nbsp;♡ &nbsp;🗑</div>"
        f"<div style='position:absolute;top:34px;left:14px;color:{ink};font-size:17px'>← {sheet.text(1, 3)}</div>"
    )
    return phone(
        sheet,
        f"<div style='position:absolute;inset:0;background:{ground}'>{sheet.picture('position:absolute;inset:0', fit=fit)}{bars}</div>",
        None,
        is_dark=True,
    )
