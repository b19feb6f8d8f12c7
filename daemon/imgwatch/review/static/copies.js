// The page of copies: keys and buttons decide on the copy that has the focus, and the page is asked for again.

import { toast, trouble } from "./messages.js";
import { post } from "./post.js";

const $ = (id) => document.getElementById(id);
const DONE = { instead: "Restored instead of the one that was kept", restore: "Both are kept", delete: "In the bin", undo: "Undone" };
const MOVES = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };
const KEYS = { i: "instead", b: "restore", d: "delete" };
let at = 0, busy = Promise.resolve();

const copies = () => [...document.querySelectorAll(".copy")];

function focus(number) {
  const all = copies();
  at = Math.max(0, Math.min(number, all.length - 1));
  all[at]?.focus();
}

async function ask(address, body) {
  const answer = await post(address, body);
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error ?? answer.statusText);
  return content;
}

async function reload() {
  const answer = await fetch("/copies");
  if (!answer.ok) throw new Error("This page's key is no longer valid: run imgwatch review again and open the address that it prints.");
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  $("copies").replaceWith(fresh.getElementById("copies"));
  for (const count of document.querySelectorAll("[data-count]")) count.textContent = fresh.querySelector(`[data-count=${count.dataset.count}]`).textContent;
  focus(at);
}

function act(verb, work) {
  busy = busy.then(async () => {
    try {
      const { verb: undone, done, failed } = await work();
      if (undone === "nothing") return toast("Nothing to undo since the gallery was started", false);
      const reasons = Object.values(failed);
      if (reasons.length) trouble(reasons[0]);
      await reload();
      if (done.length && !reasons.length) toast(DONE[verb], verb !== "undo");
    } catch (fault) {
      trouble(fault instanceof TypeError ? "imgwatch review does not answer. Start it again and open the address that it prints." : fault.message);
    }
  });
}

function decide(copy, verb) {
  if (!copy?.querySelector(`[data-verb=${verb}]`)) return;
  at = copies().indexOf(copy);
  const { id, state, version } = copy.dataset;
  act(verb, () => verb === "instead" ? ask(`/copies/${id}/instead`, { shown_as: state, version }) : ask("/decide", { verb, ids: [id], shown_as: state }));
}

const undo = () => act("undo", () => ask("/undo", {}));

document.addEventListener("click", (event) => {
  const button = event.target.closest(".copy button");
  if (button) decide(button.closest(".copy"), button.dataset.verb);
});
document.addEventListener("focusin", (event) => {
  const copy = event.target.closest?.(".copy");
  if (copy) at = copies().indexOf(copy);
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const has = document.activeElement?.closest(".copy");
  if (MOVES[event.key]) { event.preventDefault(); focus(has ? at + MOVES[event.key] : at); }
  else if (KEYS[event.key]) { event.preventDefault(); decide(has ?? copies()[at], KEYS[event.key]); }
  else if (event.key === "u") { event.preventDefault(); undo(); }
  else if (event.key === "Escape") $("trouble").hidden = true;
});
$("undo").addEventListener("click", undo);
$("trouble").lastElementChild.addEventListener("click", () => { $("trouble").hidden = true; });
document.body.dataset.ready = "yes";
