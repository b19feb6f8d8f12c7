// The gallery: keys and clicks become verdicts, verdicts become requests, and what comes back is shown.

import { Grid } from "./grid.js";
import { Panel } from "./panel.js";
import { Shelf } from "./shelf.js";

const $ = (id) => document.getElementById(id);
const DONE = { restore: "restored", delete: "in the bin", later: "kept for later", reopen: "undecided again", empty: "deleted for good" };
const RECONNECT_MS = 3000;
const VIEWS = { open: "Quarantine", later: "Later", binned: "Bin" };
const NOTHING = {
  open: ["All is well", "Nothing is in quarantine that wants a look. New arrivals appear here by themselves."],
  later: ["Nothing kept for later", "Press k on a picture to look at it again another day."],
  binned: ["The bin is empty", "What you delete waits here until you empty the bin."],
};

const shelf = new Shelf();
const selected = new Set();
const panel = new Panel(ask);
let active = null, anchor = null, busy = Promise.resolve(), live = null, toastTimer, later = { cost: 0 };

const grid = new Grid($("scroll"), $("grid"), {
  active: () => active,
  selected: (id) => selected.has(id),
  like: (row) => shelf.like(row),
  covered: () => (phone() && !$("panel").hidden ? $("panel").offsetHeight : 0),
  focus: (id) => { if (id !== active) look(id); },
  tick: (id) => { toggle(id); look(id); },
  click: (id, event) => {
    if (event.shiftKey) extend(id);
    else if (event.ctrlKey || event.metaKey || choosing()) toggle(id);
    look(id);
  },
  section: (title) => select(grid.sections.find((section) => section.title === title)?.rows ?? []),
});

// ---- asking the server

async function ask(address, body) {
  try {
    const answer = await fetch(address, body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    if (answer.ok) return await answer.json();
    const text = await answer.text();
    if (answer.status === 403) trouble("This page's key is no longer valid: run imgwatch review again and open the address that it prints.");
    else if (body) trouble(says(text) || `The server could not do that (${answer.status}).`);
  } catch {
    trouble("imgwatch review does not answer. Is it still running? Start it again and open the address that it prints.");
  }
  return null;
}

function says(text) {
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
  const from = grid.place.get(anchor ?? active) ?? 0, to = grid.place.get(id) ?? 0;
  for (let at = Math.min(from, to); at <= Math.max(from, to); at++) selected.add(grid.nth(at));
}

function select(rows) {
  const all = rows.length > 0 && rows.every((row) => selected.has(row.id));
  for (const row of rows) all ? selected.delete(row.id) : selected.add(row.id);
  grid.paint();
  tell();
}

function tell() {
  panel.show(shelf.rows.get(active) && grid.place.has(active) ? shelf.rows.get(active) : null);
  const like = active ? shelf.group(active).length : 0;
  $("about").textContent = selected.size ? `Your decision applies to all ${selected.size} selected.` : "";
  $("group").hidden = selected.size > 0 || like < 2;
  $("group").innerHTML = `<kbd>g</kbd>select all ${like} near-identical`;
}

function move(dx, dy, extending) {
  const next = active && grid.place.has(active) ? grid.beside(active, dx, dy) : grid.nth(0);
  if (!next) return;
  if (extending) {
    anchor ??= active;
    selected.add(active);
    extend(next);
  } else anchor = next;
  look(next, true);
}

// ---- verdicts

function decide(verb) {
  const ids = selected.size ? [...selected] : active && grid.place.has(active) ? [active] : [];
  if (!ids.length || (verb === "delete" && shelf.view === "binned") || (verb === "later" && shelf.view === "later") || (verb === "reopen" && shelf.view === "open")) return;
  const next = after(ids), shownAs = shelf.view;
  for (const id of ids) shelf.expect(id, verb); // at once; the answer may bring some back
  selected.clear();
  anchor = null;
  active = next;
  refresh(true);
  busy = busy.then(async () => {
    const answer = await ask("/decide", { verb, ids, shown_as: shownAs, since: shelf.version });
    if (!answer) await reload();
    else await report(answer);
  });
}

function after(ids) {
  const going = new Set(ids), start = grid.place.get(active) ?? 0;
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
  if (done.length) toast(`${done.length === 1 ? "1 picture" : `${done.length.toLocaleString()} pictures`} ${DONE[verb]}`, verb !== "empty");
}

function undo() {
  busy = busy.then(async () => {
    const answer = await ask("/undo", { since: shelf.version });
    if (!answer) return;
    shelf.take(answer.changes);
    if (answer.verb === "nothing") { toast("Nothing to undo since the gallery was started; imgwatch quarantine undo goes further back.", false); return; }
    const reasons = Object.values(answer.failed);
    if (reasons.length) trouble(`${reasons.length} could not be undone: ${reasons[0]}`);
    refresh();
    if (answer.done.length) {
      toast(`Undone: ${answer.done.length} not ${DONE[answer.verb]} any more`, false);
      if (grid.place.has(answer.done[0])) look(answer.done[0], true);
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
  const sections = shelf.sections(), empty = sections.every((section) => !section.rows.length);
  for (const id of selected) if (shelf.rows.get(id)?.standing !== shelf.view) selected.delete(id);
  grid.lay(empty ? [] : sections);
  for (const view of Object.keys(VIEWS)) {
    const number = shelf.count(view);
    document.querySelector(`[data-count=${view}]`).textContent = number ? number.toLocaleString() : "";
  }
  $("nothing").hidden = !empty;
  const [title, text] = shelf.query ? ["Nothing found", `No picture here has “${shelf.query}” in its name, folder or reason.`] : NOTHING[shelf.view];
  $("nothing").querySelector("h2").textContent = title;
  $("nothing").querySelector(".says").textContent = text;
  $("nothing").querySelector(".mark").hidden = Boolean(shelf.query) || shelf.view !== "open";
  $("empty").hidden = shelf.view !== "binned" || empty;
  if (active && !grid.place.has(active)) active = null;
  if (!active && !empty && !phone()) active = grid.nth(0);
  if (active) look(active, focus); else tell();
}

// What arrives by itself waits its turn: where a refresh takes long, there are few, so that scrolling stays smooth.
function refreshSoon(moved) {
  later.moved ||= moved;
  later.timer ??= setTimeout(() => {
    const begun = performance.now();
    if (later.moved) refresh();
    else { grid.paint(); tell(); }
    later = { cost: performance.now() - begun };
  }, Math.min(20 * later.cost, 4000));
}

async function reload() {
  const found = await ask("/pictures");
  if (!found) return;
  shelf.clear();
  shelf.take(found);
  refresh();
}

function goTo(view) {
  shelf.view = VIEWS[view] ? view : "open";
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

function toast(text, undoable = true) {
  show($("toast"), text);
  $("undo").hidden = !undoable;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { $("toast").hidden = true; }, 9000);
}

function trouble(text) { show($("trouble"), text); }

function show(node, text) {
  node.hidden = false;
  node.firstElementChild.textContent = text;
}

// ---- live

function listen() {
  live?.close();
  live = new EventSource(`/live?since=${shelf.version}`);
  live.addEventListener("changes", (event) => {
    const { fresh, moved } = shelf.take(JSON.parse(event.data));
    refreshSoon(moved || shelf.order === "alike");
    if (fresh) toast(fresh === 1 ? "1 new picture in quarantine" : `${fresh} new pictures in quarantine`, false);
  });
  live.addEventListener("status", (event) => daemon(JSON.parse(event.data)));
  live.addEventListener("error", () => setTimeout(checkConnection, RECONNECT_MS));
}

function checkConnection() { // a stream ends now and then and is opened again by the browser
  if (live.readyState === EventSource.OPEN || document.hidden) return;
  state("lost", "not connected: is imgwatch review still running? If so, open the address that it printed again");
}

function daemon({ alive, backlog, breaker, judged, learnt }) {
  $("learnt").textContent = learnt ? `learned from ${learnt} ${learnt === 1 ? "decision" : "decisions"} of yours` : "";
  if (!alive) state("warn", "the daemon is not running: imgwatch watch");
  else if (breaker === "open") state("warn", "breaker open, nothing is moved: see Activity");
  else state("", `watching · ${judged.toLocaleString()} judged${backlog ? ` · ${backlog} waiting` : ""}`);
}

function state(kind, text) {
  $("state").className = `state ${kind}`;
  if ($("state").textContent !== text) $("state").textContent = text;
}

document.addEventListener("visibilitychange", () => { // a browser allows six connections: a hidden page takes none
  if (document.hidden) live?.close(); else listen();
});

// ---- keys and buttons

const KEYS = {
  r: () => decide("restore"), d: () => decide("delete"), k: () => decide("later"), o: () => decide("reopen"), u: undo,
  h: () => panel.toggleHeat(), a: () => select(shelf.inView()),
  g: () => select(shelf.group(active)), G: () => select(shelf.sameReason(active)),
  x: () => { if (active) { toggle(active); look(active); } },
  "?": () => $("help").showModal(),
  "/": () => $("find").focus(),
  Home: () => { const first = grid.nth(0); if (first) look(first, true); },
  End: () => { const last = grid.nth(grid.total - 1); if (last) look(last, true); },
};
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") { escape(); return; }
  if (event.target.matches("input, select")) {
    if (event.target === $("find") && ["Enter", "ArrowDown"].includes(event.key)) { event.preventDefault(); move(0, 0); }
    return;
  }
  const step = MOVES[event.key] ?? { PageUp: [0, -grid.page], PageDown: [0, grid.page] }[event.key];
  if (step) { event.preventDefault(); move(...step, event.shiftKey); return; }
  const onCard = event.target.matches(".card") || event.target === document.body;
  const act = event.key === " " && onCard ? KEYS.x : KEYS[event.key];
  if (act) { event.preventDefault(); act(); }
});

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
addEventListener("hashchange", () => goTo(location.hash.slice(1)));

const begun = await ask("/pictures");
if (begun) shelf.take(begun);
goTo(location.hash.slice(1) || "open");
document.body.dataset.ready = "yes";
listen();
