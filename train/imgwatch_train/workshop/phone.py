"""The frame of a phone's screen around what an app shows."""

from imgwatch_train.workshop.sheet import Page, Sheet

_SIZES = ((400, 860), (400, 780), (400, 700), (412, 892), (420, 600))


def phone(sheet: Sheet, inside: str, title: str | None, is_dark: bool, *, entry: bool = False) -> Page:
    """Return a screen: status bar, title bar unless there is no `title`, what the app shows, buttons or an entry."""
    rng = sheet.rng
    width, height = rng.choice(_SIZES)
    ground, ink = ("#121212", "#eee") if is_dark else (sheet.pale(), "#1a1a1a")
    accent = rng.choice((ground, ground, sheet.colour(25, 50, 50), "#075e54"))
    over = "position:absolute;top:0;left:0;right:0;z-index:2;" if title is None else ""
    status = (
        f"<div style='{over}display:flex;justify-content:space-between;padding:6px 14px;font-size:13px;direction:ltr'>"
        f"<span>{rng.randint(0, 23)}:{rng.randint(0, 59):02d}</span><span>▂▄▆ 📶 {rng.randint(3, 100)}%</span></div>"
    )
    if rng.random() < 0.25:
        status += "<div style='position:absolute;top:0;left:34%;width:32%;height:24px;background:#000;border-radius:0 0 16px 16px;z-index:3'></div>"
    title_ink = ink if accent == ground else "#fff"
    head = (
        ""
        if title is None
        else f"<div style='background:{accent};color:{title_ink};padding:12px 14px;font-size:19px;font-weight:600'>"
        f"{rng.choice(('← ', '☰ ', '‹ ', ''))}{title}<span style='float:inline-end'>{rng.choice(('⋮', '🔍', '⚙', '＋', ''))}</span></div>"
    )
    foot = ""
    if entry:
        foot = f"<div style='position:absolute;bottom:0;left:0;right:0;padding:8px;background:{ground}'><div style='border-radius:20px;border:1px solid #8886;padding:9px 14px;color:#999'>{sheet.text(1, 2)} …</div></div>"
    elif title is not None and rng.random() < 0.5:
        signs = "".join(
            f"<span style='text-align:center'>{rng.choice('⌂☆♡⚙☰✉🔍👤🛒')}<br><small style='font-size:10px'>{sheet.text(1)}</small></span>"
            for _ in range(rng.choice((3, 4, 5)))
        )
        foot = f"<div style='position:absolute;bottom:0;left:0;right:0;display:flex;justify-content:space-around;padding:6px;font-size:20px;background:{ground};border-top:1px solid #8883'>{signs}</div>"
    if rng.random() < 0.4:
        foot += f"<div style='position:absolute;bottom:4px;left:35%;width:30%;height:4px;border-radius:2px;background:{ink};opacity:.6'></div>"
    style = f"background:{ground};color:{ink};font-family:{sheet.font()}"
    return sheet.page(width, height, status + head + inside + foot, style)
