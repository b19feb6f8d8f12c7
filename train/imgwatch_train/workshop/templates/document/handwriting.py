"""Notes by hand: a lined sheet, a sticky note, a whiteboard, a blackboard."""

from imgwatch_train.workshop.paper import paper
from imgwatch_train.workshop.sheet import HANDWRITING, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    kind = rng.choice(("lined", "squared", "plain", "sticky", "whiteboard", "blackboard"))
    ground = {
        "lined": "repeating-linear-gradient(#fdfdf7 0 29px,#b5cbe6 29px 30px)",
        "squared": "repeating-linear-gradient(#0000 0 19px,#c8d6e5 19px 20px),repeating-linear-gradient(90deg,#fff 0 19px,#c8d6e5 19px 20px)",
        "plain": "#fdfdfa",
        "sticky": rng.choice(("#fff59d", "#ffccbc", "#c8e6c9")),
        "whiteboard": "#f4f6f7",
        "blackboard": rng.choice(("#24382c", "#222")),
    }[kind]
    ink = "#eee" if kind == "blackboard" else rng.choice(("#1b2a6b", "#111", "#1b2a6b", "#a02020", "#0a7a3c"))
    lines = "".join(
        f"<div style='margin-inline-start:{rng.randint(0, 40)}px'>{rng.choice(('', '• ', '- ', f'{number}. ', '→ '))}{sheet.text(1, 7)}</div>"
        for number in range(rng.randint(3, 18))
    )
    drawing = (
        f"<svg width=320 height=170><path d='M10 150 Q {rng.randint(20, 150)} {rng.randint(0, 150)} 160 {rng.randint(20, 150)} T 310 {rng.randint(10, 150)}' fill='none' stroke='{ink}' stroke-width=3 /><path d='M10 10V160H310' fill='none' stroke='{ink}' stroke-width=2 /><circle cx={rng.randint(60, 260)} cy={rng.randint(30, 130)} r={rng.randint(12, 40)} fill='none' stroke='{ink}' stroke-width=3 /></svg>"
        if rng.random() < 0.4
        else ""
    )
    return paper(
        sheet,
        f'<div style="padding:26px 40px;font:{rng.randint(24, 36)}px/30px {sheet.font(*HANDWRITING)};color:{ink}">{lines}{drawing}</div>',
        *rng.choice(((600, 800), (760, 540), (500, 500))),
        ground,
    )
