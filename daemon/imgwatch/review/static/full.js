// The full-size view: one picture, the nearest normal one beside it, and what is near-identical below.

const $ = (id) => document.getElementById(id);
const MOST_BURST = 24;

export class Full {
  constructor(on) {
    Object.assign(this, { on, ids: [], id: null, fingers: new Map() });
    $("full").addEventListener("keydown", (event) => this.key(event));
    $("full").addEventListener("click", (event) => this.click(event));
    $("full").addEventListener("close", () => { this.id = null; on.closed(); });
    $("full-picture").addEventListener("wheel", (event) => { event.preventDefault(); this.zoom(this.scale * (event.deltaY < 0 ? 1.2 : 1 / 1.2)); }, { passive: false });
    for (const name of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) $("full-picture").addEventListener(name, (event) => this.pinch(event));
  }

  get isOpen() { return $("full").open; }

  // ids: what the arrows go through
  open(ids, id) {
    this.ids = ids;
    if (!this.isOpen) $("full").showModal();
    this.show(id);
  }

  async show(id) {
    const row = this.on.row(id);
    if (!row) { $("full").close(); return; }
    this.id = id;
    this.zoom(1);
    $("full-image").src = `/pictures/${id}/large`;
    $("full-image").alt = row.name;
    $("full-name").textContent = `${row.name} · ${row.label} · ${this.ids.indexOf(id) + 1} of ${this.ids.length}`;
    $("full-normal").hidden = true;
    const burst = this.on.group(id).slice(0, MOST_BURST);
    $("full-burst").hidden = burst.length < 2;
    $("full-burst").replaceChildren(...(burst.length < 2 ? [] : burst.map((row) => this.thumb(row))));
    const details = await this.on.details(id);
    if (this.id !== id || !details?.similar.length) return;
    const { sha256, name } = details.similar[0];
    $("full-normal").hidden = false;
    $("full-normal").querySelector("img").src = `/normal/${sha256}/large`;
    $("full-normal").querySelector("img").alt = `${name}, the closest of your own pictures`;
  }

  thumb(row) {
    const button = document.createElement("button"), image = document.createElement("img");
    Object.assign(button, { type: "button", ariaLabel: `Look at ${row.name}` });
    if (row.id === this.id) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => this.show(row.id));
    image.src = `/pictures/${row.id}/small`;
    image.alt = "";
    button.append(image);
    return button;
  }

  step(by) {
    const here = this.ids.indexOf(this.id), next = this.ids[here + by];
    if (next) this.show(next);
  }

  // Decide on the picture that is shown, and go on to the next one.
  decide(verb) {
    const here = Math.max(0, this.ids.indexOf(this.id)), going = this.id;
    this.ids = this.ids.filter((id) => id !== going);
    this.on.decide(verb, [going]);
    const next = this.ids[Math.min(here, this.ids.length - 1)];
    next ? this.show(next) : $("full").close();
  }

  click(event) {
    const button = event.target.closest("[data-full]");
    if (!button) return;
    const act = button.dataset.full;
    if (act === "back" || act === "on") this.step(act === "on" ? 1 : -1);
    else if (act === "close") $("full").close();
    else this.decide(act);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    const verb = { r: "restore", d: "delete", k: "later" }[event.key];
    if (step) this.step(step);
    else if (verb && this.on.allows(verb)) this.decide(verb);
    else if (event.key === "u") this.on.undo();
    else if (event.key === "+" || event.key === "-") this.zoom(this.scale * (event.key === "+" ? 1.2 : 1 / 1.2));
    else return;
    event.preventDefault();
  }

  zoom(scale) {
    this.scale = Math.min(8, Math.max(1, scale));
    if (this.scale === 1) this.shift = [0, 0];
    $("full-image").style.transform = `translate(${this.shift[0]}px, ${this.shift[1]}px) scale(${this.scale})`;
  }

  // Two fingers zoom; one moves a picture that is zoomed, and else swipes to the next.
  pinch(event) {
    const before = this.fingers.get(event.pointerId), here = [event.clientX, event.clientY];
    if (event.type === "pointerdown") {
      this.fingers.set(event.pointerId, here);
      this.begun = here;
      if (event.pointerType === "mouse") event.currentTarget.setPointerCapture(event.pointerId); // touches are captured anyway
    } else if (event.type === "pointermove" && before) {
      const other = [...this.fingers].find(([id]) => id !== event.pointerId)?.[1];
      if (other) this.zoom((this.scale * apart(here, other)) / Math.max(1, apart(before, other)));
      else if (this.scale > 1) {
        this.shift = this.shift.map((value, axis) => value + here[axis] - before[axis]);
        this.zoom(this.scale);
      }
      this.fingers.set(event.pointerId, here);
    } else if (before) {
      const alone = this.fingers.size === 1, swiped = here[0] - this.begun[0];
      this.fingers.delete(event.pointerId);
      if (event.type === "pointerup" && alone && this.scale === 1 && Math.abs(swiped) > 60) this.step(swiped < 0 ? 1 : -1);
    }
  }
}

function apart(first, second) {
  return Math.hypot(first[0] - second[0], first[1] - second[1]);
}
