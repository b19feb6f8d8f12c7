// The page about models: train in the background with its log, compare, take the new model into use.

import { ask } from "./ask.js";

const $ = (id) => document.getElementById(id);
const POLL_MS = 500;
const STATES = {
  none: "", running: "It is training.", done: "The new model waits: compare it.",
  failed: "The training failed; its log says why.", cancelled: "Cancelled. Trained again, it continues from its last checkpoint.",
};
let fresh = null;

function guarded(fault, work) {
  return async () => {
    $(fault).textContent = "";
    try {
      await work();
    } catch (why) {
      $(fault).textContent = why.message;
    }
  };
}

function showTraining({ state, log, waiting, kept_as }) {
  const isRunning = state === "running";
  $("train").disabled = isRunning;
  $("waiting").hidden = !waiting;
  $("waiting").textContent = waiting ? `A new model waits already, ${waiting}. It stays until another is complete, and is then kept as ${kept_as}.` : "";
  $("cancel").hidden = !isRunning;
  if ($("state").textContent !== STATES[state]) $("state").textContent = STATES[state];
  $("log").hidden = !log;
  if ($("log").textContent !== log) {
    $("log").textContent = log;
    $("log").scrollTop = $("log").scrollHeight;
  }
  if (isRunning) setTimeout(guarded("train-fault", followTraining), POLL_MS);
}

const followTraining = async () => showTraining(await ask("/model/training"));

async function followComparison() {
  const comparison = await ask("/model/comparison");
  const { state, stage, done, total, error } = comparison;
  const isRunning = state === "running";
  $("compare").disabled = isRunning;
  $("progress").hidden = !isRunning;
  if (total) Object.assign($("progress"), { max: total, value: done }); else $("progress").removeAttribute("value");
  $("stage").textContent = isRunning ? stage : "";
  if (isRunning) setTimeout(guarded("compare-fault", followComparison), POLL_MS);
  else if (state === "failed") throw new Error(error);
  else if (state === "done") showComparison(comparison);
}

const moves = (kinds) => {
  const all = Object.values(kinds).reduce((sum, number) => sum + number, 0);
  return all ? `${all.toLocaleString()}: ${Object.entries(kinds).map(([kind, number]) => `${kind} ${number.toLocaleString()}`).join(", ")}` : "none";
};

const pictures = (number) => `${number.toLocaleString()} ${number === 1 ? "picture" : "pictures"}`;

function showComparison({ models, kept, quarantined, diff }) {
  fresh = models.find(({ model }) => model === "new") ?? null;
  $("models").replaceChildren(...models.map((compared) => {
    const section = document.createElement("section"), list = document.createElement("ul");
    const title = Object.assign(document.createElement("h3"), { textContent: `${compared.model}: ${compared.name}` });
    const lines = [
      `Of ${pictures(kept)} in the folders it would move ${moves(compared.kept)}.`,
      `Of ${pictures(quarantined)} in quarantine it would have moved ${moves(compared.quarantined)}.`,
      compared.promise ?? "Its file records no promise.",
    ];
    list.append(...lines.map((textContent) => Object.assign(document.createElement("li"), { textContent })));
    section.append(title, list);
    return section;
  }));
  $("take").hidden = !fresh;
  $("diff").textContent = diff;
  $("diff").hidden = !diff;
}

$("train").addEventListener("click", guarded("train-fault", async () => showTraining(await ask("/model/train", {}))));
$("cancel").addEventListener("click", guarded("train-fault", async () => showTraining(await ask("/model/cancel", {}))));
$("compare").addEventListener("click", guarded("compare-fault", async () => {
  $("models").replaceChildren();
  $("take").hidden = true;
  $("used").textContent = "";
  await ask("/model/compare", {});
  await followComparison();
}));
$("use").addEventListener("click", guarded("compare-fault", async () => {
  const { says } = await ask("/model/use", { name: fresh.name });
  $("take").hidden = true;
  $("used").textContent = says;
  $("waiting").hidden = true;
}));
await guarded("train-fault", followTraining)();
await guarded("compare-fault", followComparison)();
document.body.dataset.ready = "yes";
