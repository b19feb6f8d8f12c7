// The page about changes of the config: the one that is next to be undone, or made again, has a button.

import { ask } from "./ask.js";

const $ = (id) => document.getElementById(id);

function lineOf(change) {
  const line = document.createElement("li"), title = document.createElement("h2"), facts = document.createElement("p");
  const details = document.createElement("details"), diff = document.createElement("pre");
  title.textContent = change.summary;
  facts.className = "soft";
  facts.textContent = `${new Date(change.time).toLocaleString()}, ${change.by === "hand" ? "by hand" : "by imgwatch"}${change.undone ? ", undone" : ""}`;
  diff.textContent = change.diff;
  diff.tabIndex = 0;
  diff.setAttribute("aria-label", `What changed: ${change.summary}`);
  details.append(Object.assign(document.createElement("summary"), { textContent: "What it changed" }), diff);
  details.open = change.step === "undo";
  line.append(title, facts, details);
  line.classList.toggle("undone", change.undone);
  if (change.step) line.append(buttonOf(change));
  return line;
}

function buttonOf({ step, by, diff }) {
  const line = document.createElement("p"), button = document.createElement("button");
  const what = by === "hand" ? "this change by hand" : "this change";
  Object.assign(button, { type: "button", textContent: step === "undo" ? `Undo ${what}` : `Make ${what} again` });
  button.addEventListener("click", async () => {
    button.disabled = true;
    $("fault").textContent = $("outcome").textContent = "";
    try {
      const { says } = await ask(`/history/${step}`, { diff });
      await show();
      $("outcome").textContent = says;
      $("changes").querySelector("button")?.focus();
    } catch (fault) {
      $("fault").textContent = fault.message;
      button.disabled = false;
    }
  });
  line.append(button);
  return line;
}

async function show() {
  const { changes } = await ask("/history/changes");
  $("changes").replaceChildren(...changes.map(lineOf));
  $("none").hidden = changes.length > 0;
}

try {
  await show();
} catch (fault) {
  $("fault").textContent = fault.message;
}
document.body.dataset.ready = "yes";
