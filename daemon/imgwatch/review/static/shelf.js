// What is in quarantine as this page knows it: filtered, ordered, in sections. No page element is touched here.
// A row stays the same object for as long as it is known, so that fifty thousand are ordered once, not at each verdict.

const compare = new Intl.Collator(undefined, { numeric: true }).compare;
const ORDERS = {
  close: (a, b) => a.beyond - b.beyond || a.at - b.at,
  newest: (a, b) => b.at - a.at,
  score: (a, b) => (b.score ?? -Infinity) - (a.score ?? -Infinity),
};
const TITLES = { reason: (row) => row.reason, folder: (row) => row.folder };
const STANDINGS = { delete: "binned", later: "later", reopen: "open", restore: "gone" };

export class Shelf {
  constructor() {
    Object.assign(this, { view: "open", order: "close", query: "", kind: "", folder: "", days: 0 });
    this.clear();
  }

  clear() {
    Object.assign(this, { rows: new Map(), joined: new Map(), ordered: [], by: null, version: 0 });
  }

  // Returns how many are new, and whether any came, went or changed its standing: else all stays in its place.
  take({ version, pictures, gone }) {
    if (version < this.version) return { fresh: 0, moved: false }; // overtaken by the answer to a verdict, which has all of it
    this.version = version;
    let fresh = 0, moved = false;
    for (const id of gone) moved = this.drop(id) || moved;
    for (const row of pictures) {
      const before = this.rows.get(row.id);
      if (!before && row.standing === "open") fresh++;
      moved ||= before?.standing !== row.standing;
      this.put(before, row);
    }
    return { fresh, moved };
  }

  put(before, row) {
    row.group ??= row.id;
    if (before && before.group !== row.group) this.joined.get(before.group)?.delete(before);
    const kept = before ? Object.assign(before, row) : row;
    if (!before) {
      kept.sought = `${row.name} ${row.folder} ${row.reason} ${row.label}`.toLowerCase();
      this.rows.set(row.id, kept);
      this.by = null;
    }
    if (kept.group === kept.id) return;
    if (!this.joined.has(kept.group)) this.joined.set(kept.group, new Set());
    this.joined.get(kept.group).add(kept);
  }

  drop(id) {
    const row = this.rows.get(id);
    if (!row) return false;
    row.standing = "gone";
    this.joined.get(row.group)?.delete(row);
    return this.rows.delete(id);
  }

  // What a verdict will have done, before the server says so; returns what `revert` needs if it did not happen.
  expect(id, verb) {
    const row = this.rows.get(id), expected = { row, standing: row.standing };
    if (verb === "restore") this.drop(id);
    else row.standing = STANDINGS[verb];
    return expected;
  }

  revert({ row, standing }) {
    row.standing = standing;
    this.rows.set(row.id, row);
    if (row.group !== row.id) this.joined.get(row.group)?.add(row);
  }

  count(standing) {
    let number = 0;
    for (const row of this.rows.values()) if (row.standing === standing) number++;
    return number;
  }

  inView(rows = this.rows.values()) {
    const words = this.query.toLowerCase().split(/\s+/).filter(Boolean), matches = [];
    for (const row of rows) if (row.standing === this.view && this.passes(row) && words.every((word) => row.sought.includes(word))) matches.push(row);
    return matches;
  }

  passes(row) {
    return (!this.kind || (row.kind ?? "") === this.kind) && (!this.folder || row.folder === this.folder)
      && (!this.days || row.at * 1000 > Date.now() - this.days * 86400000);
  }

  get isFiltered() { return Boolean(this.query || this.kind || this.folder || this.days); }

  // What the filters can be set to: the values of a field, and how many pictures of this view have each.
  values(field) {
    const counts = new Map();
    for (const row of this.rows.values()) if (row.standing === this.view && row[field]) counts.set(row[field], (counts.get(row[field]) ?? 0) + 1);
    return [...counts].sort((a, b) => b[1] - a[1]);
  }

  inOrder() {
    const by = ORDERS[this.order] ? this.order : "close";
    if (this.by !== by) {
      this.ordered = [...this.rows.values()].sort(ORDERS[by]);
      this.by = by;
    }
    return this.ordered;
  }

  sections() {
    const rows = this.inView(this.inOrder());
    if (this.order === "alike") return this.alike(rows);
    if (!TITLES[this.order]) return [{ title: null, rows }];
    const groups = Map.groupBy(rows, TITLES[this.order]);
    return [...groups].map(([title, rows]) => ({ title, rows })).sort((a, b) => compare(a.title, b.title));
  }

  alike(rows) {
    const groups = [...Map.groupBy(rows, (row) => row.group).values()];
    const many = groups.filter((group) => group.length > 1).sort((a, b) => b.length - a.length);
    const single = groups.filter((group) => group.length === 1).flat();
    const sections = many.map((group, number) => ({ title: `near-identical ${number + 1}: ${group[0].reason}`, rows: group }));
    return single.length ? [...sections, { title: "like no other", rows: single }] : sections;
  }

  like(row) {
    return this.joined.get(row.group)?.size ? this.group(row.id).length : 1;
  }

  group(id) {
    const name = this.rows.get(id)?.group, leader = this.rows.get(name);
    return this.inView([...(leader ? [leader] : []), ...(this.joined.get(name) ?? [])]);
  }

  sameReason(id) {
    const reason = this.rows.get(id)?.reason;
    return this.inView().filter((row) => row.reason === reason);
  }
}
