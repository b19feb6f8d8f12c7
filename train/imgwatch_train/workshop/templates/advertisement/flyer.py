"""A flyer of an event or a business: blocks, lists, a date, an address."""

from imgwatch_train.workshop.sheet import SCRIPT, SHOUTING, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    blocks = "".join(
        f"<div style='background:{rng.choice((sheet.colour(20, 80), 'transparent', '#fffc'))};padding:12px 20px;font-size:{rng.randint(16, 26)}px'>{rng.choice(('✔ ', '• ', '☎ ', '📍 ', ''))}{sheet.text(2, 12)}</div>"
        for _ in range(rng.randint(3, 7))
    )
    head = f'<div style="font:900 {rng.randint(50, 100)}px {sheet.font(*SHOUTING, *SCRIPT)};line-height:1;padding:24px;color:{rng.choice(("#fff", "#ffe600", "#111"))};text-shadow:0 2px 6px #0006">{sheet.text(1, 4, upper=rng.random() < 0.7)}</div>'
    picture = (
        sheet.picture(
            f"height:{rng.randint(160, 320)}px;clip-path:{rng.choice(('none', 'ellipse(60% 100% at 50% 0)', 'polygon(0 0,100% 0,100% 80%,0 100%)'))}",
            main=True,
        )
        if rng.random() < 0.8
        else ""
    )
    foot = f"<div style='position:absolute;bottom:0;left:0;right:0;background:{sheet.colour(10, 40)};color:#fff;padding:14px;font-size:20px;text-align:center'>{sheet.text(2, 5)} · {rng.randint(1, 28)}.{rng.randint(1, 12)}. · {rng.randint(100, 999)} {rng.randint(1000, 9999)}</div>"
    parts = [head, picture, blocks] if rng.random() < 0.5 else [picture, head, blocks]
    return sheet.page(
        560,
        rng.choice((720, 790)),
        "".join(parts) + foot,
        f"background:{rng.choice((sheet.gradient(), sheet.colour(25, 90), '#fff'))};font-family:{sheet.font()}",
    )
