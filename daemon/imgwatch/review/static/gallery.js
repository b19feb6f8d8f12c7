// The gallery: keys and clicks become verdicts, verdicts become requests, and what comes back is shown.

import { Crowds, kindName } from "./crowds.js";
import { Full } from "./full.js";
import { Grid } from "./grid.js";
import { listen } from "./live.js";
import { toast, trouble } from "./messages.js";
import { Panel } from "./panel.js";
import { post } from "./post.js";
import { Shelf } from "./shelf.js";

const $ = (id) => document.getElementById(id);
const DONE = { restore: "restored", delete: "in the bin", later: "kept for later", reopen: "undecided again", empty: "deleted for good" };
const pictures = (number) => (number === 1 ? "1 picture" : `${number.toLocaleString()} pictures`);
const MOST_DETAILS = 50, MOST_FOLDERS = 100, TOAST_SECONDS = 9;
const VIEWS = { open: "Quarantine", later: "Later", binned: "Bin" };
const NOTHING = {
  open: ["All is well", "Nothing in quarantine needs a look. New arrivals appear here by themselves."],
  later: ["Nothing kept for later", "Press k on a picture to look at it again another day."],
  binned: ["The bin is empty", "What you delete waits here until you empty the bin."],
};

const shelf = new Shelf();
const selected = new Set();
const remembered = new Map(); // id -> what is known of it
const panel = new Panel(details);
let active = null, anchor = null, busy = Promise.resolve(), later = { cost: 0 }, crowded = false;

const grid = new Grid($("scroll"), $("grid"), {
  active: () => active,
  selected: (id) => selected.has(id),
  like: (row) => shelf.like(row),
  covered: () => (phone() && !$("panel").hidden ? $("panel").offsetHeight : 0),
  focus: (id) => { if (id !== active) look(id); },
  tick: (id) => { toggle(id); look(id); },
  open: (id) => openFull(id),
  click: (id, event) => {
    if (event.shiftKey) extend(id);
    else if (event.ctrlKey || event.metaKey || choosing()) toggle(id);
    look(id);
  },
  section: (title) => select(grid.sections.find((section) => section.title === title)?.rows ?? []),
});

const crowds = new Crowds($("crowds"), {
  decide: (verb, ids) => decideOn(verb, ids),
  open: (ids, id) => full.open(ids, id),
  changed: () => refresh(),
  oneByOne: (crowd) => {
    history.pushState(null, "", "#open");
    goTo("open");
    selected.clear();
    for (const row of crowd.rows) selected.add(row.id);
    look(crowd.rows[0].id, true);
  },
});

const full = new Full({
  row: (id) => (shelf.rows.get(id)?.standing === shelf.view ? shelf.rows.get(id) : null),
  group: (id) => shelf.group(id), details, undo: () => undo(),
  allows: (verb) => allows(verb),
  decide: (verb, ids) => decideOn(verb, ids),
  closed: () => { if (!crowded && active) look(active, true); },
});

// ---- asking the server

async function details(id) {
  if (!remembered.has(id)) remembered.set(id, ask(`/pictures/${id}`));
  if (remembered.size > MOST_DETAILS) remembered.delete(remembered.keys().next().value);
  const known = await remembered.get(id);
  if (!known?.similar.length) remembered.delete(id); // not compared yet
  return known;
}

async function ask(address, body) {
  try {
    const answer = await (body ? post(address, body) : fetch(address));
    if (answer.ok) return await answer.json();
    const text = await answer.text();
    if (answer.status === 403) trouble("This page's key is no longer valid: run imgwatch review again and open the address that it prints.");
    else if (body) trouble(refusal(text) || `The server could not do that (${answer.status}).`);
  } catch {
    trouble("imgwatch review does not answer. Is it still running? Start it again and open the address that it prints.");
  }
  return null;
}

function refusal(text) {
  try { return JSON.parse(text).error; } catch { return text.slice(0, 300); }
}

// ---- what is looked at, and what is selected

function look(id, focus = false) {
  active = id;
  tell();
  grid.reveal(id, focus);
}

function phone() { return matchMedia("(max-width: 46rem)").matches; }

function choosing() { return $("choose").getAttribute("aria-pressed") === "true"; }

function toggle(id) {
  selected.has(id) ? selected.delete(id) : selected.add(id);
  anchor = id;
}

function extend(id) {
  const from = grid.positions.get(anchor ?? active) ?? 0, to = grid.positions.get(id) ?? 0;
  for (let at = Math.min(from, to); at <= Math.max(from, to); at++) selected.add(grid.nth(at));
}

function select(rows) {
  const all = rows.length > 0 && rows.every((row) => selected.has(row.id));
  for (const row of rows) all ? selected.delete(row.id) : selected.add(row.id);
  grid.paint();
  tell();
}

function tell() {
  panel.show(shelf.rows.get(active) && grid.positions.has(active) ? shelf.rows.get(active) : null);
  const like = active ? shelf.group(active).length : 0;
  $("about").textContent = selected.size ? `Your decision applies to all ${selected.size} selected.` : "";
  $("group").hidden = selected.size > 0 || like < 2;
  $("group").innerHTML = `<kbd>g</kbd>select all ${like} near-identical`;
}

function move(dx, dy, extending) {
  const next = active && grid.positions.has(active) ? grid.beside(active, dx, dy) : grid.nth(0);
  if (!next) return;
  if (extending) {
    anchor ??= active;
    selected.add(active);
    extend(next);
  } else anchor = next;
  look(next, true);
}

// ---- verdicts

function allows(verb) {
  return !((verb === "delete" && shelf.view === "binned") || (verb === "later" && shelf.view === "later") || (verb === "reopen" && shelf.view === "open"));
}

function decide(verb) {
  const ids = selected.size ? [...selected] : active && grid.positions.has(active) ? [active] : [];
  if (!crowded && allows(verb)) decideOn(verb, ids);
}

function decideOn(verb, ids) {
  if (!ids.length) return;
  const next = after(ids), shownAs = shelf.view;
  const expected = new Map(ids.map((id) => [id, shelf.expect(id, verb)])); // at once; the answer may bring some back
  for (const id of ids) remembered.delete(id);
  selected.clear();
  anchor = null;
  active = next;
  refresh(!full.isOpen);
  busy = busy.then(async () => {
    const answer = await ask("/decide", { verb, ids, shown_as: shownAs, since: shelf.version });
    const undone = answer ? Object.keys(answer.failed) : ids;
    for (const id of undone) shelf.revert(expected.get(id));
    if (answer) await report(answer);
    else {
      refresh();
      await reload();
    }
  });
}

function after(ids) {
  const going = new Set(ids), start = grid.positions.get(active) ?? 0;
  for (let at = start; at < grid.total; at++) if (!going.has(grid.nth(at))) return grid.nth(at);
  for (let at = start - 1; at >= 0; at--) if (!going.has(grid.nth(at))) return grid.nth(at);
  return null;
}

async function report({ verb, done, failed, changes }) {
  shelf.take(changes);
  const reasons = Object.values(failed);
  if (reasons.length) {
    trouble(`${reasons.length} not ${DONE[verb]}: ${reasons[0]}${reasons.length > 1 ? " …" : ""}`);
    await reload();
  } else refresh();
  if (done.length) toast(`${pictures(done.length)} ${DONE[verb]}`, verb !== "empty", TOAST_SECONDS);
}

function undo() {
  busy = busy.then(async () => {
    const answer = await ask("/undo", { since: shelf.version });
    if (!answer) return;
    shelf.take(answer.changes);
    if (answer.verb === "nothing") { toast("Nothing to undo since the gallery was started; imgwatch quarantine undo goes further back.", false, TOAST_SECONDS); return; }
    const reasons = Object.values(answer.failed);
    if (reasons.length) trouble(`${reasons.length} could not be undone: ${reasons[0]}`);
    refresh();
    if (answer.done.length) {
      toast(`Undone: ${pictures(answer.done.length)} no longer ${DONE[answer.verb]}`, false, TOAST_SECONDS);
      if (grid.positions.has(answer.done[0])) look(answer.done[0], true);
    }
  });
}

function askToEmpty() {
  const number = shelf.count("binned");
  if (!number) return;
  $("sure").querySelector("p").textContent = `${number === 1 ? "1 picture is" : `${number.toLocaleString()} pictures are`} deleted for good. This cannot be undone.`;
  $("sure").showModal();
}

$("sure").addEventListener("close", () => {
  if ($("sure").returnValue === "yes") busy = busy.then(async () => {
    const answer = await ask("/empty", { since: shelf.version });
    if (answer) await report(answer);
  });
  $("sure").returnValue = "no";
});

// ---- what is shown

function refresh(focus = false) {
  const sections = crowded ? [] : shelf.sections(), rows = crowded ? shelf.inView() : [];
  const empty = !rows.length && sections.every((section) => !section.rows.length);
  for (const id of selected) if (shelf.rows.get(id)?.standing !== shelf.view) selected.delete(id);
  grid.lay(empty ? [] : sections);
  crowds.lay(rows);
  for (const view of Object.keys(VIEWS)) {
    const number = shelf.count(view);
    document.querySelector(`[data-count=${view}]`).textContent = number ? number.toLocaleString() : "";
  }
  $("nothing").hidden = !empty;
  const [title, text] = shelf.isFiltered ? ["Nothing found", "No picture here matches the search and the filters."] : NOTHING[shelf.view];
  $("nothing").querySelector("h2").textContent = title;
  $("nothing").querySelector(".says").textContent = text;
  $("nothing").querySelector(".mark").hidden = shelf.isFiltered || shelf.view !== "open";
  $("empty").hidden = shelf.view !== "binned" || empty;
  offer($("kind"), "every kind", shelf.values("kind").map(([value]) => [value, kindName(value)]));
  offer($("folder"), "every folder", shelf.values("folder").slice(0, MOST_FOLDERS).map(([value]) => [value, value]));
  if (active && !grid.positions.has(active)) active = null;
  if (!active && !empty && !phone()) active = grid.nth(0);
  if (active) look(active, focus); else tell();
}

function offer(select, all, values) {
  const offered = JSON.stringify(values);
  if (select.dataset.offered === offered) return;
  const chosen = select.value;
  select.replaceChildren(new Option(all, ""), ...values.map(([value, text]) => new Option(text, value)));
  if (chosen && !values.some(([value]) => value === chosen)) select.append(new Option(chosen, chosen));
  select.value = chosen;
  select.dataset.offered = offered;
}

// What arrives by itself waits its turn: where a refresh takes long, there are few, so that scrolling stays smooth.
function refreshSoon(moved) {
  later.moved ||= moved;
  later.timer ??= setTimeout(() => {
    const begun = performance.now();
    if (crowded && later.moved && $("nothing").hidden && $("crowds").matches(":hover, :focus-within")) { // nothing moves under a hand
      later = { cost: 0 };
      return;
    }
    if (later.moved) refresh();
    else { grid.paint(); tell(); }
    later = { cost: performance.now() - begun };
  }, Math.min(20 * later.cost, 4000));
}

async function reload() {
  const changes = await ask("/pictures");
  if (!changes) return;
  shelf.clear();
  shelf.take(changes);
  refresh();
}

function goTo(view) {
  crowded = !VIEWS[view];
  shelf.view = crowded ? "open" : view;
  document.body.classList.toggle("crowded", crowded);
  for (const [id, is] of [["as-crowds", crowded], ["as-grid", !crowded]]) is ? $(id).setAttribute("aria-current", "true") : $(id).removeAttribute("aria-current");
  $("ways").hidden = shelf.view !== "open";
  selected.clear();
  active = anchor = null;
  $("scroll").scrollTop = 0;
  $("heading").textContent = VIEWS[shelf.view];
  document.title = `${VIEWS[shelf.view]} · imgwatch`;
  for (const link of document.querySelectorAll("[data-view]")) link.dataset.view === shelf.view ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
  const own = { open: "reopen", later: "later", binned: "delete" }[shelf.view];
  for (const button of $("verdict").children) button.hidden = button.dataset.verb === own;
  refresh();
}

// ---- keys and buttons

const KEYS = {
  r: () => decide("restore"), d: () => decide("delete"), k: () => decide("later"), o: () => decide("reopen"), u: undo,
  h: () => panel.toggleHeat(), a: () => select(shelf.inView()),
  g: () => select(shelf.group(active)), G: () => select(shelf.sameReason(active)),
  x: () => { if (active) { toggle(active); look(active); } },
  "?": () => $("help").showModal(),
  "/": () => $("find").focus(),
  Enter: () => openFull(active),
  Home: () => { const first = grid.nth(0); if (first) look(first, true); },
  End: () => { const last = grid.nth(grid.total - 1); if (last) look(last, true); },
};
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") { escape(); return; }
  if (crowded && MOVES[event.key] && event.target === document.body) { event.preventDefault(); crowds.focus(); return; }
  if (event.key === "Enter" && !event.target.matches(".card, body, #find")) return; // a button's own
  if (event.target.matches("input, select")) {
    if (event.target === $("find") && ["Enter", "ArrowDown"].includes(event.key)) { event.preventDefault(); crowded ? crowds.focus() : move(0, 0); }
    return;
  }
  const step = MOVES[event.key] ?? { PageUp: [0, -grid.page], PageDown: [0, grid.page] }[event.key];
  if (step) { event.preventDefault(); move(...step, event.shiftKey); return; }
  const onCard = event.target.matches(".card") || event.target === document.body;
  const act = event.key === " " && onCard ? KEYS.x : KEYS[event.key];
  if (act) { event.preventDefault(); act(); }
});

function openFull(id) {
  if (id && grid.positions.has(id)) full.open([...grid.positions.keys()], id);
}

function escape() {
  if ($("find").value) { $("find").value = shelf.query = ""; }
  selected.clear();
  $("choose").setAttribute("aria-pressed", "false");
  document.body.classList.remove("choosing");
  $("trouble").hidden = true;
  if (phone()) active = null;
  refresh(true);
}

$("choose").addEventListener("click", () => {
  $("choose").setAttribute("aria-pressed", !choosing());
  document.body.classList.toggle("choosing", choosing());
});
$("group").addEventListener("click", KEYS.g);
$("large").addEventListener("click", KEYS.Enter);
$("full-button").addEventListener("click", KEYS.Enter);
$("close").addEventListener("click", escape);
$("all").addEventListener("click", KEYS.a);
$("empty").addEventListener("click", askToEmpty);
$("undo").addEventListener("click", undo);
$("help-button").addEventListener("click", KEYS["?"]);
$("trouble").lastElementChild.addEventListener("click", () => { $("trouble").hidden = true; });
$("verdict").addEventListener("click", (event) => {
  const verb = event.target.closest("button")?.dataset.verb;
  if (verb) decide(verb);
});
$("order").addEventListener("change", () => { shelf.order = $("order").value; $("scroll").scrollTop = 0; refresh(); });
$("find").addEventListener("input", () => { shelf.query = $("find").value.trim(); $("scroll").scrollTop = 0; refresh(); });
for (const [id, field, read] of [["kind", "kind", String], ["folder", "folder", String], ["days", "days", Number]]) {
  $(id).addEventListener("change", () => { shelf[field] = read($(id).value); refresh(); });
}
addEventListener("hashchange", () => goTo(location.hash.slice(1)));

const begun = await ask("/pictures");
if (begun) shelf.take(begun);
goTo(location.hash.slice(1));
document.body.dataset.ready = "yes";
listen(() => shelf.version, (changes) => {
  const { fresh, moved } = shelf.take(changes);
  refreshSoon(moved || crowded || shelf.order === "alike");
  if (fresh) toast(fresh === 1 ? "1 new picture in quarantine" : `${fresh} new pictures in quarantine`, false, TOAST_SECONDS);
});
