// A grid of cards that only holds those in sight, so that fifty thousand pictures scroll like fifty.
// It knows where a card goes and how it looks; what is shown and what a click means, gallery.js decides.

const GAP = 12, HEAD = 46, BELOW = 62, OVERSCAN = 600;

export class Grid {
  constructor(scroll, list, on) {
    Object.assign(this, { scroll, list, on, lines: [], shown: new Map(), sections: [], positions: new Map(), starts: [], columns: 1 });
    scroll.addEventListener("scroll", () => this.paintSoon(), { passive: true });
    new ResizeObserver(() => this.lay(this.sections)).observe(scroll);
  }

  // sections: [{title, rows}], title null for a grid without headings
  lay(sections) {
    this.sections = sections;
    const width = this.list.clientWidth, least = width < 560 ? 104 : 168;
    this.columns = Math.max(1, Math.floor((width + GAP) / (least + GAP)));
    this.side = Math.floor((width - GAP * (this.columns - 1)) / this.columns);
    this.high = this.side + BELOW;
    this.lines = [];
    this.positions.clear();
    let top = 4, position = 0;
    this.starts = [];
    for (const section of sections) {
      if (section.title !== null) {
        this.lines.push({ top, height: HEAD, section });
        top += HEAD;
      }
      this.starts.push({ position, line: this.lines.length });
      for (const row of section.rows) this.positions.set(row.id, position++);
      for (let from = 0; from < section.rows.length; from += this.columns) {
        const rows = section.rows.slice(from, from + this.columns);
        this.lines.push({ top, height: this.high + GAP, rows });
        top += this.high + GAP;
      }
    }
    this.total = position;
    this.list.style.height = `${top}px`;
    this.paint();
  }

  // Where a card is: its position among all, its line and column, and how far down.
  spot(id) {
    const position = this.positions.get(id);
    if (position === undefined) return null;
    const start = this.starts.findLast((start) => start.position <= position), nth = position - start.position;
    const line = start.line + Math.floor(nth / this.columns);
    return { position, line, column: nth % this.columns, top: this.lines[line].top };
  }

  paintSoon() {
    this.frame ??= requestAnimationFrame(() => { this.frame = null; this.paint(); });
  }

  paint() {
    const from = this.scroll.scrollTop - OVERSCAN, to = this.scroll.scrollTop + this.scroll.clientHeight + OVERSCAN;
    const wanted = new Map();
    for (let at = this.firstLine(from); at < this.lines.length && this.lines[at].top < to; at++) this.want(at, wanted);
    const active = this.spot(this.on.active());
    if (active) this.want(active.line, wanted); // the focus never leaves the page
    for (const [key, node] of this.shown) if (!wanted.has(key)) { node.remove(); this.shown.delete(key); }
    let before = null;
    for (const [key, thing] of [...wanted].sort((a, b) => a[1].order - b[1].order)) {
      let node = this.shown.get(key);
      if (!node) {
        node = thing.row ? this.card(thing.row) : this.heading(thing.section);
        this.shown.set(key, node);
        before ? before.after(node) : this.list.prepend(node);
      }
      thing.row ? this.dress(node, thing.row) : this.dressHeading(node, thing);
      before = node;
    }
  }

  want(at, wanted) {
    const line = this.lines[at];
    if (line.section) wanted.set(`head ${line.section.title}`, { section: line.section, top: line.top, order: at * 100 });
    else line.rows.forEach((row, column) => wanted.set(row.id, { row, order: at * 100 + column + 1 }));
  }

  firstLine(y) {
    let low = 0, high = this.lines.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.lines[middle].top + this.lines[middle].height < y) low = middle + 1; else high = middle;
    }
    return low;
  }

  card(row) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "card";
    button.innerHTML = '<img class="shot" alt="" decoding="async"><span class="tick"></span><span class="stack" hidden></span>'
      + '<span class="why"><span></span></span><span class="meter"><i></i></span><span class="how"></span>';
    const image = button.firstChild;
    image.addEventListener("error", () => image.classList.add("broken"));
    image.src = `/pictures/${row.id}/small`;
    button.addEventListener("click", (event) => this.on.click(row.id, event));
    button.addEventListener("dblclick", () => this.on.open(row.id));
    button.addEventListener("focus", () => this.on.focus(row.id));
    button.querySelector(".tick").addEventListener("click", (event) => { event.stopPropagation(); this.on.tick(row.id); });
    item.append(button);
    return item;
  }

  dress(item, row) {
    const { top, column, position } = this.spot(row.id), button = item.firstChild, like = this.on.like(row);
    item.style.transform = `translate(${column * (this.side + GAP)}px, ${top}px)`;
    item.style.width = `${this.side}px`;
    item.style.height = `${this.high}px`;
    item.setAttribute("aria-setsize", this.total);
    item.setAttribute("aria-posinset", position + 1);
    item.classList.toggle("on", this.on.active() === row.id);
    button.querySelector(".shot").style.height = `${this.side}px`;
    button.setAttribute("aria-pressed", this.on.selected(row.id));
    button.tabIndex = this.on.active() === row.id || (!this.positions.has(this.on.active()) && position === 0) ? 0 : -1;
    const rank = row.share ? `above ${row.share} of yours` : row.name;
    const said = `${row.name}: ${row.reason}${row.share ? ", " + rank : ""}`;
    if (button.ariaLabel !== said) button.ariaLabel = said;
    write(button.querySelector(".why").firstChild, row.label);
    write(button.querySelector(".how"), this.side < 140 && row.share ? row.share : rank);
    button.title = `${row.folder}/${row.name}`;
    button.querySelector(".meter i").style.transform = `scaleX(${Math.max(0.03, row.beyond)})`;
    const stack = button.querySelector(".stack");
    stack.hidden = like < 2;
    write(stack, `×${like}`);
  }

  heading(section) {
    const item = document.createElement("li");
    item.className = "head";
    item.innerHTML = "<h2></h2><span></span><button type=\"button\">Select these</button>";
    item.lastChild.addEventListener("click", () => this.on.section(item.title_));
    item.title_ = section.title;
    return item;
  }

  dressHeading(item, { section, top }) {
    item.style.transform = `translate(0, ${top}px)`;
    item.style.width = "100%";
    item.style.height = `${HEAD}px`;
    write(item.firstChild, section.title);
    write(item.children[1], section.rows.length.toLocaleString());
    item.lastChild.ariaLabel = `Select these ${section.rows.length}: ${section.title}`;
  }

  // Bring a card into sight and give it the focus.
  reveal(id, focus) {
    const spot = this.spot(id);
    if (!spot) return;
    const { scrollTop } = this.scroll, clientHeight = this.scroll.clientHeight - this.on.covered();
    if (spot.top < scrollTop + 8) this.scroll.scrollTop = spot.top - 8;
    else if (spot.top + this.high > scrollTop + clientHeight - 12) this.scroll.scrollTop = spot.top + this.high - clientHeight + 12;
    this.paint();
    if (focus) this.shown.get(id)?.firstChild.focus({ preventScroll: true });
  }

  // The id that lies beside another: dx cards on, or dy lines on.
  beside(id, dx, dy) {
    const here = this.spot(id);
    if (!here) return null;
    if (!dy) return this.nth(here.position + dx);
    let at = here.line;
    for (let left = Math.abs(dy); left > 0;) {
      const next = at + Math.sign(dy);
      if (!this.lines[next]) break;
      at = next;
      if (this.lines[at].rows) left--;
    }
    const rows = this.lines[at].rows;
    if (!rows) return null;
    return rows[Math.min(here.column, rows.length - 1)].id;
  }

  nth(position) {
    for (const section of this.sections) {
      if (position < section.rows.length) return section.rows[position]?.id ?? null;
      position -= section.rows.length;
    }
    return null;
  }

  get page() { return Math.max(1, Math.floor(this.scroll.clientHeight / (this.high + GAP))); }
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
