// Maps with a drawer beside them, or a drawer alone; the selection goes to the server and comes back.

class Explorer {
  constructor(root) {
    this.root = root;
    const act = {
      select: (picked, how) => this.select(picked, how),
      narrow: (rule) => this.narrow(rule),
      forget: () => this.trigger("forget", Date.now()),
      point: (i, model) => this.maps?.point(i, model),
    };
    this.drawer = new Drawer(...this.parts("drawer"), act);
    this.sent = this.answered = 0;
    this.act = act;
  }

  parts(name) {
    return [this.root.querySelector(`.${name}`), this.root.querySelector(".top")];
  }

  async update(data, trigger) {
    Object.assign(this, { data, trigger });
    const [bytes, near] = await Promise.all([load(data.numbers).catch(() => null), data.near.url ? load(data.near.url).catch(() => null) : null]);
    if (this.data !== data) return; // newer data came meanwhile
    if (!bytes) return void this.drawer.say("The samples could not be loaded. Reload the page.");
    if (this.address !== data.numbers || this.look !== data.about.look.paper || this.settings !== JSON.stringify(data.settings)) {
      Object.assign(this, { address: data.numbers, look: data.about.look.paper, settings: JSON.stringify(data.settings), picked: undefined });
      this.samples = new Samples(data.about, bytes);
      this.drawer.use(this.samples, data);
      if (data.settings) {
        this.maps ??= new Maps(...this.parts("maps"), this.act);
        this.maps.details = (i, m) => this.drawer.details(i, m, 72, SMALL);
        this.maps.load(this.samples, data.settings);
      }
    }
    this.samples.compare(data.near.counts, near);
    this.drawer.again();
    Object.assign(this.drawer, { data });
    this.root.classList.toggle("alone", !data.settings);
    // What the server knows, unless something was selected here since.
    if (data.answer >= this.sent || this.picked === undefined) this.show(this.fromServer(data.picked), data.elsewhere);
    Object.assign(this.root.dataset, { ready: "true", numbers: data.numbers });
  }

  /** { rule, found, missing, total } of what the server says: { rule, ids, count }. */
  fromServer(picked) {
    if (!picked) return null;
    const found = picked.rule ? this.samples.matching(picked.rule) : picked.ids.map((row) => this.samples.index.get(row)).filter((i) => i !== undefined);
    return { rule: picked.rule, found, missing: picked.count - found.length, total: picked.count };
  }

  show(picked, elsewhere) {
    const text = JSON.stringify([this.text(picked), picked?.missing, elsewhere]);
    if (this.shown === text && this.picked !== undefined) return;
    this.shown = text;
    this.picked = picked;
    this.root.classList.toggle("empty", !picked);
    this.maps?.pick(picked);
    this.drawer.draw(picked, elsewhere);
  }

  text(picked) {
    if (!picked) return "";
    const { part, rows } = this.samples;
    if (picked.rule) return [part, ...picked.rule.map(([name, value]) => `${name}-${value}`)].join(".");
    return `${part}.ids-${picked.found.map((i) => rows[i]).join(",")}`;
  }

  /** Select samples here at once, and tell the server. */
  select(picked, how = "replace") {
    let next = picked;
    if (picked?.found) {
      const now = new Set(how === "replace" ? [] : this.picked?.found ?? []);
      for (const i of picked.found) how === "remove" ? now.delete(i) : now.add(i);
      next = now.size ? { rule: null, found: [...now].sort((a, b) => a - b) } : null;
      if (now.size > this.data.most) {
        const most = this.data.most.toLocaleString("en");
        this.drawer.say(`${now.size.toLocaleString("en")} samples are too many to select one by one (at most ${most}). Draw a smaller lasso, or choose a class or an outcome.`);
        return;
      }
    } else if (picked) next = { rule: picked.rule, found: this.samples.matching(picked.rule) };
    if (!next && !this.picked) return;
    this.show(next);
    this.sent = Date.now();
    this.trigger("picked", { text: this.text(next), at: this.sent });
  }

  /** Of what is selected, only the samples that also meet these conditions. */
  narrow(rule) {
    const { samples, picked } = this;
    if (!picked.rule) return this.select({ found: picked.found.filter((i) => rule.every(([name, value]) => samples.meets(i, name, value))) });
    const added = rule.filter(([name, value]) => !picked.rule.some(([other, same]) => other === name && same === value));
    return this.select({ rule: [...picked.rule, ...added] });
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".explorer");
  root.explorer ??= new Explorer(root);
  root.explorer.update(data, setTriggerValue);
}
