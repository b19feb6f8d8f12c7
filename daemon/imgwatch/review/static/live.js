// What changes while one looks: the stream of changes, and how the daemon is.

const $ = (id) => document.getElementById(id);
const RECONNECT_MS = 3000;
let live = null;

export function listen(version, onChanges) {
  const begin = () => {
    live?.close();
    live = new EventSource(`/live?since=${version()}`);
    live.addEventListener("changes", (event) => onChanges(JSON.parse(event.data)));
    live.addEventListener("status", (event) => daemon(JSON.parse(event.data)));
    live.addEventListener("error", () => setTimeout(checkConnection, RECONNECT_MS));
  };
  document.addEventListener("visibilitychange", () => { // a browser allows six connections: a hidden page takes none
    if (document.hidden) live?.close(); else begin();
  });
  begin();
}

function checkConnection() { // a stream ends now and then and is opened again by the browser
  if (live.readyState === EventSource.OPEN || document.hidden) return;
  state("lost", "not connected: is imgwatch review still running? If so, open the address that it printed again");
}

function daemon({ alive, backlog, breaker, judged, learnt }) {
  $("learnt").textContent = learnt ? `learned from ${learnt} ${learnt === 1 ? "decision" : "decisions"} of yours` : "";
  $("learnt").dataset.number = learnt;
  if (!alive) state("warn", "the daemon is not running: imgwatch watch");
  else if (breaker === "open") state("warn", "breaker open, nothing is moved: see Activity");
  else state("", `watching · ${judged.toLocaleString()} judged${backlog ? ` · ${backlog} waiting` : ""}`);
}

function state(kind, text) {
  $("state").className = `state ${kind}`;
  if ($("state").textContent !== text) $("state").textContent = text;
}
