"""A drawn or rendered figure on a plain ground, with words."""

from imgwatch_train.workshop.sheet import EMOJI, SHOUTING, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    ground = rng.choice(
        (
            "#fff",
            "#fff",
            sheet.gradient(),
            sheet.colour(60, 95),
            f"repeating-conic-gradient({sheet.colour(40, 70)} 0 12deg,{sheet.colour(40, 70)} 0 24deg)",
        )
    )
    face = f"<div style='position:absolute;left:{rng.randint(5, 45)}%;top:{rng.randint(15, 40)}%;font-size:{rng.randint(160, 330)}px'>{rng.choice(EMOJI)}</div>"
    style = f"position:absolute;left:12px;right:12px;text-align:center;font:900 {rng.randint(28, 58)}px {sheet.font(*SHOUTING, 'Comic Neue')};color:{rng.choice(('#000', '#fff'))};text-shadow:0 0 3px #888;"
    return sheet.page(
        600,
        rng.choice((480, 600)),
        f'<div style=\'position:absolute;inset:0;background:{ground}\'></div>{face}<div style="{style}top:8px">{sheet.text(2, 9)}</div><div style="{style}bottom:8px">{sheet.text(1, 7)}</div>',
    )
