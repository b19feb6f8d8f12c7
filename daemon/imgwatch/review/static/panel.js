// The panel beside the grid: the picture looked at, large, and all that is known of it.

const $ = (id) => document.getElementById(id);
const when = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export class Panel {
  constructor(details) {
    Object.assign(this, { details, id: null, heat: false });
    $("large").addEventListener("error", () => this.cannotSee());
    $("heat-button").addEventListener("click", () => this.toggleHeat());
    $("heat").addEventListener("load", () => { $("heat").hidden = !this.heat; this.fit(); });
    $("large").addEventListener("load", () => this.fit());
    new ResizeObserver(() => this.fit()).observe($("large"));
  }

  show(row) {
    document.body.classList.toggle("choosing-or-active", Boolean(row));
    $("panel").hidden = !row;
    if (!row) { this.id = null; return; }
    if (row.id === this.id) return;
    this.id = row.id;
    $("unseeable").hidden = true;
    $("large").hidden = false;
    $("large").src = `/pictures/${row.id}/large`;
    $("large").alt = `${row.name}, quarantined: ${row.reason}`;
    $("heat").hidden = true;
    if (this.heat) $("heat").src = `/pictures/${row.id}/heat`;
    $("name").textContent = row.name;
    $("from").textContent = `from ${row.folder}, ${when.format(row.at * 1000)}`;
    $("reason").textContent = row.share ? `${row.reason}; scores higher than ${row.share} of your normal pictures` : row.reason;
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.fetchDetails(row.id), 90); // not for each picture that a held key passes
  }

  async fetchDetails(id) {
    const details = await this.details(id);
    if (!details || this.id !== id) return;
    $("reason").textContent = details.reason;
    const others = details.companions.length ? `, together with ${details.companions.join(", ")}` : "";
    $("from").textContent = `from ${details.folder}, ${when.format(details.at * 1000)}, ${size(details.bytes)}${others}`;
    $("heat-button").hidden = !details.explains;
    $("parts").replaceChildren(...(details.parts.length > 1 ? details.parts.map(part) : []));
    $("similar").hidden = !details.similar.length;
    $("similar").lastElementChild.replaceChildren(...details.similar.map(similar));
    $("restoring").textContent = details.restore.says;
    $("restoring").classList.toggle("warn", !details.restore.works);
    const score = details.score === null ? "" : `score ${details.score.toPrecision(4)}, threshold ${details.threshold.toPrecision(4)} · `;
    $("marks").textContent = `${score}${details.model} · ${id}`;
  }

  toggleHeat() {
    this.heat = !this.heat;
    $("heat-button").setAttribute("aria-pressed", this.heat);
    if (this.heat && this.id) $("heat").src = `/pictures/${this.id}/heat`;
    $("heat").hidden = true;
  }

  fit() { // the overlay lies exactly over the picture, whatever its shape
    $("heat").style.width = `${$("large").clientWidth}px`;
    $("heat").style.height = `${$("large").clientHeight}px`;
  }

  async cannotSee() {
    $("large").hidden = $("heat").hidden = true;
    $("unseeable").hidden = false;
    $("unseeable").textContent = "This picture cannot be shown: it is damaged, or gone. It can still be restored or deleted.";
  }
}

function part({ says, share, rare }) {
  const item = document.createElement("li");
  item.innerHTML = '<span></span><b></b><span class="meter"><i></i></span>';
  item.children[0].textContent = says;
  item.children[1].textContent = share;
  item.querySelector("i").style.transform = `scaleX(${Math.max(0.01, rare)})`;
  return item;
}

function similar({ sha256, name }) {
  const item = document.createElement("li"), image = document.createElement("img");
  image.src = `/normal/${sha256}`;
  image.alt = name;
  item.append(image);
  return item;
}

function size(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
