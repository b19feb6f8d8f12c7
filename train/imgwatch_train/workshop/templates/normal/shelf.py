"""Books, packages or records in rows, each with words on it."""

from imgwatch_train.workshop.sheet import SANS, SERIF, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    width, height = rng.choice(((640, 480), (600, 600)))

    def thing(tall: int) -> str:
        wide = rng.randint(22, 110)
        turned = "writing-mode:vertical-rl" if wide < 60 else ""
        face = sheet.picture("width:100%;height:45%") if wide > 70 and rng.random() < 0.5 else ""
        return f'<div style="display:inline-block;vertical-align:bottom;width:{wide}px;height:{rng.randint(tall // 2, tall)}px;background:linear-gradient(90deg,#0003,transparent 20%,transparent 80%,#0004),{sheet.colour(12, 85, 5)};color:{rng.choice(("#fff", "#111", "gold"))};font:{rng.randint(11, 20)}px {sheet.font(*SERIF, *SANS)};overflow:hidden;{turned}">{face}{sheet.text(1, 4)}</div>'

    rows = "".join(
        f"<div style='height:{height // 3}px;border-bottom:9px solid hsl(28,40%,{rng.randint(15, 60)}%);display:flex;align-items:flex-end;overflow:hidden'>{''.join(thing(height // 3 - 12) for _ in range(14))}</div>"
        for _ in range(3)
    )
    return sheet.page(
        width,
        height,
        f"<div style='position:absolute;inset:-30px;background:hsl(30,{rng.randint(5, 35)}%,{rng.randint(12, 40)}%);transform:perspective(900px) rotateY({rng.randint(-25, 25)}deg);filter:brightness({rng.uniform(0.6, 1):.2f}) blur({rng.choice((0, 0.5, 1))}px)'>{rows}</div><div style='position:absolute;inset:0;background:linear-gradient({rng.randint(0, 359)}deg,#0007,transparent 60%)'></div>",
    )
