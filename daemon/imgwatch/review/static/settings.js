// The page about settings: each choice edits the text of the config, on the server; the text is what is written.

import { ask } from "./ask.js";

const $ = (id) => document.getElementById(id);
const rules = [...document.querySelectorAll(".rule")];

let last = Promise.resolve();

// Let the server edit the text by a choice, after those before it; without a choice, look at what the user typed.
const edit = (choice = {}) => (last = last.then(() => editNow(choice)));

async function editNow(choice) {
  const text = $("text").value;
  try {
    const edited = await ask("/settings/edit", { text, ...choice });
    if ($("text").value !== text) return await editNow(choice); // the user typed meanwhile
    show(edited);
    $("fault").textContent = "";
  } catch (fault) {
    $("fault").textContent = fault.message;
    $("write").disabled = true;
    if (Object.keys(choice).length) $("fault").scrollIntoView({ block: "center" });
  }
}

function show({ text, diff, mode, false_alarms, has_other_rule, folders, kinds }) {
  $("text").value = text;
  $("diff").textContent = diff;
  $("diff").hidden = !diff;
  $("write").disabled = !diff;
  $("mode").value = mode;
  $("false-alarms").value = inPercent(false_alarms);
  $("false-alarms").disabled = has_other_rule;
  $("folders").replaceChildren(...folders.map((folder) => lineOf(folder, folders.length > 1)));
  for (const rule of rules) showRule(rule, kinds[rule.dataset.kind]);
}

const inPercent = (share) => (share === null ? "" : Number((100 * share).toPrecision(6)));
const asShare = (percent) => (percent === "" ? null : Number((Number(percent) / 100).toPrecision(6)));

function showRule(rule, fields) {
  rule.querySelector(".several").hidden = fields !== null;
  rule.querySelector(".fields").hidden = fields === null;
  if (fields === null || rule.contains(document.activeElement)) return; // the user is at it
  for (const input of rule.querySelectorAll("[name]")) {
    const value = fields[input.name];
    input.value = input.name === "false_alarms" ? inPercent(value) : (value ?? "");
  }
  showFieldsOf(rule);
}

function showFieldsOf(rule) {
  const action = rule.querySelector("[name=action]").value;
  rule.querySelector(".of-move").hidden = action !== "move";
  rule.querySelector(".of-age").hidden = action === "keep" || action === "report";
}

// A rule as the config has it: the action alone, if nothing else is said.
function ruleOf(rule) {
  const value = (name) => rule.querySelector(`[name=${name}]`)?.value ?? "";
  const said = { action: value("action") };
  if (said.action === "move") said.to = value("to").trim();
  if (["move", "quarantine"].includes(said.action) && value("after_days") !== "") said.after_days = Number(value("after_days"));
  const share = asShare(value("false_alarms"));
  if (share !== null) said.false_alarms = share;
  return Object.keys(said).length > 1 ? said : said.action;
}

function lineOf(folder, canGo) {
  const line = document.createElement("li"), name = document.createElement("code");
  name.textContent = folder;
  line.append(name);
  if (canGo) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Remove" });
    button.setAttribute("aria-label", `Remove ${folder}`);
    button.addEventListener("click", () => edit({ remove: folder }));
    line.append(" ", button);
  }
  return line;
}

for (const rule of rules) {
  rule.addEventListener("change", ({ target }) => {
    showFieldsOf(rule);
    const isUnfinished = rule.querySelector("[name=action]").value === "move" && !rule.querySelector("[name=to]").value.trim();
    if (isUnfinished) rule.querySelector("[name=to]").focus();
    else if (target.checkValidity()) edit({ key: `kinds.${rule.dataset.kind}`, value: ruleOf(rule) });
  });
}
$("mode").addEventListener("change", () => edit({ key: "mode", value: $("mode").value }));
$("false-alarms").addEventListener("change", () => {
  const input = $("false-alarms");
  if (!input.checkValidity()) return;
  edit(input.value ? { key: "threshold.false_alarms", value: asShare(input.value) } : { key: "threshold", value: null });
});
$("add").addEventListener("click", async () => {
  await edit({ add: $("folder").value });
  if (!$("fault").textContent) $("folder").value = "";
});
$("text").addEventListener("change", () => edit());
$("write").addEventListener("click", async () => {
  $("write").disabled = true;
  try {
    const { says, version } = await ask("/settings/write", { text: $("text").value, version: $("text").dataset.version });
    $("text").dataset.version = version;
    $("written").textContent = says;
    $("way-back").hidden = false;
    await edit();
  } catch (fault) {
    $("fault").textContent = fault.message;
    $("fault").scrollIntoView({ block: "center" });
    $("write").disabled = false;
  }
});
await edit();
document.body.dataset.ready = "yes";
