// Clusters: pictures of one kind that are alike, shown as a sample and decided on at once.
// A row's `cluster` is a path of 0 and 1; the longer the common beginning of two, the more alike the pictures.

const $ = (id) => document.getElementById(id);
const SHOWN = 48; // of a cluster: what a person can take in, and enough to see the odd one out
const BEGUN_AS_TWO = 4 * SHOWN;
const NAMES = { screenshot: "screenshots", document: "documents", caption: "pictures with words across them", card: "greeting cards",
  advertisement: "advertisements", blurred: "blurred pictures", dark: "dark or empty pictures", stranger: "pictures unlike yours" };
const ONE = { screenshot: "screenshot", document: "document", caption: "picture with words across it", card: "greeting card",
  advertisement: "advertisement", blurred: "blurred picture", dark: "dark or empty picture", stranger: "picture unlike yours" };
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
const byLikeness = (a, b) => compare(a.cluster ?? "", b.cluster ?? "") || compare(a.group, b.group) || compare(a.id, b.id);

export const kindName = (kind) => NAMES[kind] ?? kind ?? "other pictures";

export class Crowds {
  constructor(list, on) {
    Object.assign(this, { list, on, divided: new Set(), left: new Set(), nodes: new Map() });
    list.addEventListener("click", (event) => this.click(event));
    list.addEventListener("dblclick", (event) => this.open(event.target.closest(".bit")));
    list.addEventListener("keydown", (event) => this.key(event));
  }

  lay(rows) {
    const kinds = [...Map.groupBy(rows, (row) => row.kind ?? "")].sort((a, b) => b[1].length - a[1].length);
    const wanted = kinds.flatMap(([kind, all]) => this.parts(kind, all.sort(byLikeness), all.length));
    const here = this.list.contains(document.activeElement) ? document.activeElement.closest(".crowd") : null;
    const nth = here ? [...this.list.children].indexOf(here) : -1;
    this.nodes = new Map(wanted.map((crowd) => [crowd.key, this.dress(this.nodes.get(crowd.key) ?? make(), crowd)]));
    this.list.replaceChildren(...this.nodes.values());
    if (here) this.focus(this.list.contains(here) ? here : this.list.children[Math.min(nth, this.list.children.length - 1)]);
  }

  // The clusters of some pictures of a kind, which are in order of likeness.
  parts(kind, rows, ofKind, side = "") {
    const at = branch(rows), path = (rows[0].cluster ?? "").slice(0, at), key = `${kind}/${path}/${side}`;
    const isDivided = this.divided.has(key) || (rows.length === ofKind && rows.length > BEGUN_AS_TWO);
    const halves = halve(rows, at);
    if (!isDivided || halves.length < 2) return [{ key, kind, rows, divisible: halves.length > 1 }];
    return halves.flatMap((half, nth) => this.parts(kind, half, ofKind, branch(half) > at ? "" : side + nth));
  }

  dress(node, crowd) {
    node.crowd = crowd;
    const { rows, kind } = crowd, shown = sample(rows);
    crowd.shown = new Set(shown.map((row) => row.id));
    const name = rows.length === 1 ? `1 ${ONE[kind] ?? kind ?? "other picture"}` : `${rows.length.toLocaleString()} ${kindName(kind)} like these`;
    node.querySelector("h2").textContent = name;
    node.setAttribute("aria-label", name);
    node.querySelector(".why").textContent = `${NAMES[kind] && kind !== "stranger" ? "" : `${most(rows, "label")} · `}from ${most(rows, "folder")}`;
    const bits = new Map([...node.querySelectorAll(".bit")].map((bit) => [bit.dataset.id, bit.parentNode]));
    node.querySelector(".bits").replaceChildren(...shown.map((row) => bits.get(row.id) ?? bit(row)));
    node.querySelector(".more").textContent = rows.length > shown.length ? `${shown.length} of ${rows.length.toLocaleString()} are shown, spread evenly.` : rows.length > 1 ? "All of them are shown." : "";
    node.querySelector("[data-act=divide]").hidden = !crowd.divisible;
    node.querySelector(".teaches").textContent = lesson(rows.length);
    this.mark(node);
    return node;
  }

  // Say how many a verdict goes for: those that are left out stay.
  mark(node) {
    for (const bit of node.querySelectorAll(".bit")) bit.setAttribute("aria-pressed", this.left.has(bit.dataset.id));
    node.querySelectorAll(".bit").forEach((bit, nth) => { bit.tabIndex = nth ? -1 : 0; });
    const number = this.ids(node).length, all = number > 1 && number === node.crowd.rows.length ? "all " : "";
    for (const [verb, word] of [["delete", "Delete"], ["restore", "Restore"]]) {
      node.querySelector(`[data-act=${verb}]`).lastChild.textContent = `${word} ${all}${number.toLocaleString()}`;
      node.querySelector(`[data-act=${verb}]`).disabled = !number;
    }
  }

  ids(node) { // one that is left out and not shown any more goes with the rest no more than before
    return node.crowd.rows.filter((row) => !this.left.has(row.id)).map((row) => row.id);
  }

  click(event) {
    const node = event.target.closest(".crowd"), act = event.target.closest("[data-act]")?.dataset.act;
    if (act) this.act(node, act);
    else if (event.target.closest(".bit")) this.toggle(event.target.closest(".bit"));
  }

  act(node, act) {
    if (act === "divide") this.divide(node);
    else if (act === "one") this.on.oneByOne(node.crowd);
    else {
      const ids = this.ids(node);
      for (const row of node.crowd.rows) this.left.delete(row.id); // what stays is a cluster of its own, looked at anew
      this.on.decide(act, ids);
    }
  }

  divide(node) {
    this.divided.add(node.crowd.key);
    this.on.changed();
  }

  toggle(bit) {
    const id = bit.dataset.id;
    this.left.has(id) ? this.left.delete(id) : this.left.add(id);
    this.mark(bit.closest(".crowd"));
  }

  open(bit) {
    if (bit) this.on.open(bit.closest(".crowd").crowd.rows.map((row) => row.id), bit.dataset.id);
  }

  // Arrows go from picture to picture, and to the next cluster; d and r decide on the cluster that has the focus.
  key(event) {
    const node = event.target.closest(".crowd"), bit = event.target.closest(".bit");
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = { d: "delete", r: "restore", s: "divide" }[event.key];
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key], beside = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (act === "divide" && !node.crowd.divisible) return;
    if (act) this.act(node, act);
    else if (step) this.focus(this.list.children[[...this.list.children].indexOf(node) + step]);
    else if (beside && bit) bit.parentNode[beside < 0 ? "previousSibling" : "nextSibling"]?.firstChild.focus();
    else if (event.key === "Enter" && bit) this.open(bit);
    else if (event.key === "x" && bit) this.toggle(bit);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  focus(node = this.list.firstElementChild) {
    node?.querySelector(".bit")?.focus();
  }
}

// What a verdict on so many pictures would teach.
function lesson(number) {
  if (!$("main").dataset.learns) return "A verdict is remembered for these very files; this model learns nothing more from it.";
  const known = Number($("learnt").dataset.number ?? 0), most = Number($("main").dataset.most);
  const head = known + number < Number($("main").dataset.fewest) ? "from three deletions on, more of the kind are caught" : "more of the kind are caught";
  const counts = known + number > most ? ` (the latest ${most} decisions count)` : "";
  return `Delete teaches: copies are caught at once, and ${head}${counts}. Restore teaches: these and near-identical ones are kept from now on.`;
}

// Where the paths of rows in order part.
function branch(rows) {
  const first = rows[0].cluster ?? "", last = rows.at(-1).cluster ?? "";
  let at = 0;
  while (at < first.length && first[at] === last[at]) at++;
  return at;
}

// Both halves by likeness, by number where all are as alike; what can be shown as a whole stays together, so that
// the few that were left out here and there are settled by one verdict, too.
function halve(rows, at) {
  if (rows.length <= SHOWN) return [rows];
  const border = rows.findIndex((row) => row.cluster?.[at] === "1"), from = border < 1 ? rows.length >> 1 : border;
  return [rows.slice(0, from), rows.slice(from)];
}

function sample(rows) {
  if (rows.length <= SHOWN) return rows;
  return Array.from({ length: SHOWN }, (_, nth) => rows[Math.floor(((nth + 0.5) * rows.length) / SHOWN)]);
}

function most(rows, field) {
  const counts = [...Map.groupBy(rows, (row) => row[field])].sort((a, b) => b[1].length - a[1].length);
  return counts.length > 2 ? `${counts[0][0]} and ${counts.length - 1} others` : counts.map(([value]) => value).join(" and ");
}

function make() {
  const node = document.createElement("section");
  node.className = "crowd";
  node.innerHTML = '<h2></h2><p class="why"></p><ul class="bits"></ul>'
    + '<p class="settle"><button type="button" data-act="delete" class="bad"><kbd>d</kbd><span></span></button>'
    + '<button type="button" data-act="restore" class="good"><kbd>r</kbd><span></span></button>'
    + '<button type="button" data-act="divide"><kbd>s</kbd>Split by likeness</button>'
    + '<button type="button" data-act="one">One by one</button><span class="more"></span></p><p class="teaches"></p>';
  return node;
}

function bit(row) {
  const item = document.createElement("li"), button = document.createElement("button"), image = document.createElement("img");
  Object.assign(button, { type: "button", className: "bit", ariaLabel: `Leave out ${row.name}: ${row.label}`, title: `${row.folder}/${row.name}` });
  button.dataset.id = row.id;
  Object.assign(image, { alt: "", loading: "lazy", decoding: "async", src: `/pictures/${row.id}/small` });
  button.append(image);
  item.append(button);
  return item;
}
