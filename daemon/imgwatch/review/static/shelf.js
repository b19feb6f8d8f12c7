// What is in quarantine as this page knows it: filtered, ordered, in sections. No page element is touched here.

const compare = new Intl.Collator(undefined, { numeric: true }).compare;
const ORDERS = {
  close: (a, b) => a.beyond - b.beyond || a.at - b.at,
  newest: (a, b) => b.at - a.at,
  score: (a, b) => (b.score ?? -Infinity) - (a.score ?? -Infinity),
};
const TITLES = { reason: (row) => row.reason, folder: (row) => row.folder };

export class Shelf {
  constructor() {
    Object.assign(this, { rows: new Map(), groups: new Map(), version: 0, view: "open", order: "close", query: "" });
  }

  take({ version, pictures, gone }) {
    if (version < this.version) return 0; // overtaken by the answer to a verdict, which has all of it
    this.version = version;
    for (const id of gone) this.rows.delete(id);
    let fresh = 0;
    for (const row of pictures) {
      if (!this.rows.has(row.id) && row.standing === "open") fresh++;
      row.group ??= row.id;
      row.sought = `${row.name} ${row.folder} ${row.reason}`.toLowerCase();
      this.rows.set(row.id, row);
    }
    return fresh;
  }

  count(standing) {
    let number = 0;
    for (const row of this.rows.values()) if (row.standing === standing) number++;
    return number;
  }

  inView() {
    const words = this.query.toLowerCase().split(/\s+/).filter(Boolean);
    return [...this.rows.values()].filter((row) => row.standing === this.view && words.every((word) => row.sought.includes(word)));
  }

  sections() {
    const rows = this.inView();
    this.groups = Map.groupBy(rows, (row) => row.group);
    rows.sort(ORDERS[this.order] ?? ORDERS.close);
    if (this.order === "alike") return this.alike(rows);
    if (!TITLES[this.order]) return [{ title: null, rows }];
    const found = Map.groupBy(rows, TITLES[this.order]);
    return [...found].map(([title, rows]) => ({ title, rows })).sort((a, b) => compare(a.title, b.title));
  }

  alike(rows) {
    const many = [...this.groups.values()].filter((group) => group.length > 1).sort((a, b) => b.length - a.length);
    const single = rows.filter((row) => this.groups.get(row.group).length === 1);
    const found = many.map((group, place) => ({ title: `near-identical ${place + 1}: ${group[0].reason}`, rows: group }));
    return single.length ? [...found, { title: "like no other", rows: single }] : found;
  }

  like(row) { return this.groups.get(row.group)?.length ?? 1; }

  group(id) { return this.groups.get(this.rows.get(id)?.group) ?? []; }

  sameReason(id) {
    const reason = this.rows.get(id)?.reason;
    return this.inView().filter((row) => row.reason === reason);
  }
}
