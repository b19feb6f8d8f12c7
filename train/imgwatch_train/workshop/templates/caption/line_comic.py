"""A comic in black lines, one panel or several, with figures of strokes and lettering."""

from imgwatch_train.workshop.sheet import SERIF, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    columns, rows = rng.choice(((1, 1), (2, 1), (2, 2), (3, 1), (1, 3), (3, 2)))
    font = sheet.font("Comic Neue", "Breip", "Comic Neue", "femkeklaver")
    tint = rng.choice(("#fff", "#fff", "#fff", sheet.pale(), sheet.colour(60, 92)))

    def figure(x: int) -> str:
        y, size, skin = (
            rng.randint(150, 200),
            rng.randint(22, 44),
            rng.choice(("#fff", "#fff", "#f6cfa8", sheet.colour(55, 85))),
        )
        arms = f"M{x} {y + size + 24} l{rng.randint(-60, -10)} {rng.randint(-40, 40)} M{x} {y + size + 24} l{rng.randint(10, 60)} {rng.randint(-40, 40)}"
        return f"<path d='M{x} {y + size} v90 l-26 70 M{x} {y + size + 90} l26 70 {arms}' stroke='#111' stroke-width={rng.randint(2, 5)} fill='none'/><circle cx={x} cy={y} r={size} fill='{skin}' stroke='#111' stroke-width=3 /><circle cx={x - size // 3} cy={y - 4} r=3 /><circle cx={x + size // 3} cy={y - 4} r=3 /><path d='M{x - size // 2} {y + size // 3} q{size // 2} {rng.randint(-14, 14)} {size} 0' stroke='#111' stroke-width=2 fill='none'/>"

    def panel() -> str:
        ground = tint if rng.random() < 0.7 else sheet.colour(50, 90)
        things = "".join(
            f"<rect x={rng.randint(0, 380)} y={rng.randint(180, 330)} width={rng.randint(30, 160)} height={rng.randint(20, 140)} fill='{rng.choice(('none', ground, sheet.colour(40, 90)))}' stroke='#111' stroke-width=2 />"
            for _ in range(rng.randint(0, 3))
        )
        words = "".join(
            f'<div style="position:absolute;left:{rng.randint(2, 40)}%;top:{rng.randint(1, 14)}%;max-width:58%;padding:4px 10px;background:#fff;border:{rng.choice((0, 2))}px solid #111;border-radius:{rng.choice((0, 40))}%;font:{rng.randint(13, 20)}px {font};text-transform:uppercase;color:#111">{sheet.text(2, 11)}</div>'
            for _ in range(rng.choice((1, 1, 2)))
        )
        return f"<div style='position:relative;overflow:hidden;border:2px solid #111;background:{ground}'><svg viewBox='0 0 420 380' preserveAspectRatio='xMidYMax slice' style='position:absolute;width:100%;height:100%'>{things}{figure(rng.randint(80, 160))}{figure(rng.randint(240, 340)) if rng.random() < 0.7 else ''}</svg>{words}</div>"

    grid = "".join(panel() for _ in range(columns * rows))
    foot = (
        f'<div style="position:absolute;bottom:4px;left:10px;right:10px;text-align:center;font:{rng.randint(16, 24)}px {sheet.font(*SERIF, "Comic Neue")}">{sheet.text(5, 16)}</div>'
        if columns * rows == 1
        else ""
    )
    return sheet.page(
        rng.choice((600, 760)),
        min(900, 280 * rows + rng.randint(0, 120)),
        f"<div style='position:absolute;inset:8px 8px {44 if foot else 8}px;display:grid;grid-template-columns:repeat({columns},1fr);grid-auto-rows:1fr;gap:8px'>{grid}</div>{foot}",
    )
