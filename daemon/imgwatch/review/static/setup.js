// The setup's page: learn in the background, show what each promise would move, write what was chosen.

import { ask } from "./ask.js";

const $ = (id) => document.getElementById(id);
const POLL_MS = 500;
const SHOWN_OF_A_KIND = 12;
let outlook = null;

function fail(fault) {
  $("fault").textContent = fault.message;
  $("progress").hidden = true;
  $("stage").textContent = "";
  $("learn").disabled = false;
}

async function follow() {
  try {
    const { state, stage, done, total, error } = await ask("/progress");
    if (state === "none") return;
    $("learn").disabled = state === "running";
    $("progress").hidden = state !== "running";
    if (total) Object.assign($("progress"), { max: total, value: done }); else $("progress").removeAttribute("value");
    $("stage").textContent = state === "running" ? `${stage}${total ? `: ${done.toLocaleString()} of ${total.toLocaleString()}` : ""}` : "";
    if (state === "failed") fail(new Error(error));
    else if (state === "done") await choose();
    else setTimeout(follow, POLL_MS);
  } catch (fault) {
    fail(fault);
  }
}

async function choose() {
  outlook = await ask("/outlook");
  $("stage").textContent = `Learned from ${outlook.learned.toLocaleString()} pictures.`;
  $("promise").max = outlook.promises.length - 1;
  $("promise").value = Math.max(0, outlook.promises.findIndex(({ share }) => share >= outlook.present));
  $("warnings").textContent = outlook.warnings.join(" ");
  $("only-reports").checked = outlook.warnings.length > 0;
  $("service-line").hidden = !outlook.has_systemd;
  $("choice").hidden = $("end").hidden = false;
  showPromise();
  await showChanges();
}

const promised = () => outlook.promises[Number($("promise").value)];
const percent = (share) => `${Number((100 * share).toFixed(1))} %`;

function showPromise() {
  const { share, threshold, would_move, fewest } = promised();
  const moved = outlook.strangers.map((stranger, number) => ({ ...stranger, number })).filter(({ score }) => score > threshold);
  $("share").textContent = percent(share);
  $("promise").setAttribute("aria-valuetext", percent(share));
  $("moves").textContent = `It would move ${would_move.toLocaleString()} of ${outlook.learned.toLocaleString()} normal pictures, ` +
    `and ${moved.length.toLocaleString()} of ${outlook.pictures.toLocaleString()} in the folder.`;
  $("fewest").textContent = fewest ? `To promise this takes ${fewest.toLocaleString()} normal pictures.` : "";
  $("kinds").replaceChildren(...Object.entries(Object.groupBy(moved, ({ kind }) => kind)).map(kindOf));
}

function kindOf([kind, moved]) {
  const section = document.createElement("section"), title = document.createElement("h3"), list = document.createElement("ul");
  title.textContent = `${kind}: ${moved.length.toLocaleString()}`;
  list.className = "audit";
  for (const { number, name } of moved.slice(0, SHOWN_OF_A_KIND)) {
    const entry = document.createElement("li"), shot = document.createElement("img");
    Object.assign(shot, { src: `/strangers/${number}`, alt: name, title: name, loading: "lazy", className: "shot" });
    entry.append(shot);
    list.append(entry);
  }
  section.append(title, list);
  return section;
}

const chosen = () => ({ share: promised().share, only_reports: $("only-reports").checked, service: $("service").checked });

async function showChanges() {
  const { diff } = await ask("/changes", chosen());
  $("diff").textContent = diff;
  $("diff").hidden = !diff;
}

$("learn").addEventListener("click", async () => {
  $("fault").textContent = "";
  $("choice").hidden = $("end").hidden = true;
  $("learn").disabled = true;
  try {
    await ask("/learn", { watch: $("watch").value, normal: $("normal").value });
    await follow();
  } catch (fault) {
    fail(fault);
  }
});
$("promise").addEventListener("input", showPromise);
for (const id of ["promise", "only-reports"]) $(id).addEventListener("change", () => showChanges().catch(fail));
$("write").addEventListener("click", async () => {
  $("write").disabled = true;
  try {
    const { says } = await ask("/write", chosen());
    $("written").replaceChildren(...says.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
  } catch (fault) {
    fail(fault);
    $("fault").scrollIntoView();
    $("write").disabled = false;
  }
});
await follow();
document.body.dataset.ready = "yes";
