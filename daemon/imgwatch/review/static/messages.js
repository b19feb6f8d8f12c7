// The two messages at the foot of a page: what was done, perhaps with an Undo, and what went wrong.

const $ = (id) => document.getElementById(id);
let timer;

// `seconds`: after so many it goes away; without them it stays.
export function toast(text, undoable, seconds = 0) {
  show($("toast"), text);
  $("undo").hidden = !undoable;
  clearTimeout(timer);
  if (seconds) timer = setTimeout(() => { $("toast").hidden = true; }, 1000 * seconds);
}

export function trouble(text) { show($("trouble"), text); }

function show(node, text) {
  node.hidden = false;
  node.firstElementChild.textContent = text;
}
