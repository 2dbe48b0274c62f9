// The drawer beside a figure: which samples are selected, what they are and what became of them.

const MANY = 24; // images at first, and more with every click
const SMALL = 29; // pixels of a neighbour's image: eight are in one row

class Drawer {
  /** `act`: { select({ rule } or { found } or null), narrow(rule), forget(), point(sample, model) }. */
  constructor(root, top, act) {
    Object.assign(this, { root, act, shown: MANY });
    this.sheet = new Sheet();
    this.search = make("div", { class: "search" });
    this.inside = make("div", { class: "inside", tabindex: 0, role: "region", "aria-label": "Details of the selection" });
    this.said = make("p", { class: "said", role: "status" });
    top.append(this.search, this.said);
    root.append(this.inside);
  }

  /** Show other samples. */
  use(samples, data) {
    Object.assign(this, { samples, data, pointed: null });
    this.sheet.use(data.sheet);
    this.drawSearch();
  }

  say(text) {
    this.said.textContent = text;
    this.said.classList.toggle("hint", text === this.data?.hint);
  }

  drawSearch() {
    const { classes, outcomes } = this.samples;
    const select = (label, options) => {
      const box = make("select", { "aria-label": label, onchange: () => this.searched() }, make("option", { value: "" }, label));
      box.append(...options.map(([value, text]) => make("option", { value }, text)));
      return box;
    };
    this.classBox = select("Any class", classes.map((name, c) => [String(c), name]));
    this.classBox.setAttribute("aria-label", "Select a class");
    this.outcomeBox = select("Any outcome", Object.entries(outcomes).map(([key, [name]]) => [key, name]));
    this.outcomeBox.setAttribute("aria-label", "Select an outcome");
    this.search.replaceChildren(this.classBox, this.outcomeBox);
  }

  searched() {
    const rule = [];
    if (this.classBox.value) rule.push(["true", Number(this.classBox.value)]);
    if (this.outcomeBox.value) rule.push(["outcome", this.outcomeBox.value]);
    this.act.select(rule.length ? { rule } : null);
  }

  /** Draw what is selected: { rule or null, found: samples }, or null. */
  draw(picked, elsewhere) {
    this.picked = picked;
    this.shown = MANY;
    const rule = picked?.rule ?? [], named = Object.fromEntries(rule);
    this.classBox.value = rule.every(([name]) => ["true", "outcome"].includes(name)) ? named.true ?? "" : "";
    this.outcomeBox.value = named.outcome ?? "";
    this.say(elsewhere || (picked ? "" : this.data.hint));
    this.focus = make("div", { class: "focus" });
    this.inside.scrollTop = 0;
    if (!picked) {
      this.inside.replaceChildren(this.focus);
      return;
    }
    const { found } = picked;
    const parts = [
      make("div", { class: "head" }, make("h2", {}, `${found.length.toLocaleString("en")} selected`), make("button", { onclick: () => this.act.select(null) }, "Clear")),
      make("p", { class: "what" }, this.described(picked)),
      this.forgetting(found),
      this.focus,
      this.gallery(found),
      ...(found.length ? [this.counts(found), this.flow(found), this.matrices(found)] : []),
    ];
    this.inside.replaceChildren(...parts.filter(Boolean));
    this.point(found.length === 1 ? found[0] : null);
  }

  described({ rule, found, missing }) {
    const kind = this.samples.part === "test" ? "test" : "training";
    const words = rule ? `${kind} samples: ${this.samples.ruleInWords(rule)}` : found.length === 1 && !missing ? `single ${kind} sample` : `single ${kind} samples`;
    const rest = missing ? ` ${counted(missing, "selected sample")} of ${this.samples.of.toLocaleString("en")} not among those shown here.` : "";
    const text = words[0].toUpperCase() + words.slice(1);
    return found.length || !rule ? `${text}.${rest}` : `${text}. There are none for this result.`;
  }

  forgetting(found) {
    const { forget } = this.data;
    if (!found.length || !forget) return null;
    if (forget.why) return make("p", { class: "why" }, forget.why);
    const many = this.picked.total ?? found.length;
    if (many > forget.most) {
      const names = this.byClass(found).map(([label]) => this.samples.classes[label]);
      const whole = names.length === 1 ? `the whole class: choose ${names[0]}` : "whole classes: choose them";
      return make("p", { class: "why" }, `At most ${forget.most} single samples can be forgotten together, and ${many.toLocaleString("en")} are selected. Select fewer, or forget ${whole} under “Classes to forget”.`);
    }
    return make("button", { class: "primary", onclick: () => this.act.forget() }, "Forget exactly these");
  }

  /** [true class, samples] of each class among samples, the largest first. */
  byClass(found) {
    const of = new Map();
    for (const i of found) of.set(this.samples.labels[i], (of.get(this.samples.labels[i]) ?? 0) + 1);
    return [...of].sort((a, b) => b[1] - a[1]);
  }

  gallery(found) {
    const some = found.slice(0, this.shown), { samples } = this;
    const one = (i) => {
      const at = { class: "one", "aria-label": samples.words(i), title: samples.words(i), onpointerenter: () => this.point(i), onfocus: () => this.point(i), onclick: () => this.point(i) };
      return make("button", at, this.sheet.exists ? this.sheet.picture(i, 56) : `#${samples.rows[i]}`);
    };
    const grid = make("div", { class: "gallery", role: "group", "aria-label": "Selected samples" }, some.map(one));
    if (some.length < found.length) {
      const more = make("button", { class: "more" }, `Show more (${some.length} of ${found.length.toLocaleString("en")})`);
      more.addEventListener("click", () => {
        this.shown += 4 * MANY;
        holder.replaceWith((holder = this.gallery(found)));
      });
      grid.append(more);
    }
    let holder = grid;
    return grid;
  }

  /** Show one sample in full: its image, what the models predict, its neighbours; null for none. */
  point(i, model = 0) {
    this.act.point(i, model);
    this.pointed = i === null ? null : { i, model };
    this.again();
  }

  /** Draw the sample that is shown in full, again where more is known of it. */
  again() {
    const { pointed } = this;
    this.focus?.replaceChildren(...(pointed ? this.details(pointed.i, pointed.model, 72, SMALL) : []));
  }

  details(i, model, size, small) {
    const { samples } = this, { classes } = samples;
    const line = (name, label, m) => make("div", {}, make("span", { class: "by" }, name), ` ${classes[label]}`, make("span", { class: "number" }, ` ${samples.logit(m, i, label).toFixed(1).replace("-", "−")}`));
    const assigned = samples.assigned[i] === NO_LABEL ? null : make("div", {}, make("span", { class: "by" }, "assigned"), ` ${classes[samples.assigned[i]]}`);
    const answers = samples.models.map(({ name }, m) => line(name, samples.predicted[m][i], m));
    const text = make("div", { class: "text" }, make("b", {}, `${classes[samples.labels[i]]}`), make("span", { class: "number" }, ` #${samples.rows[i]}`), answers, assigned);
    const found = [make("div", { class: "card" }, this.sheet.exists ? this.sheet.picture(i, size) : null, text)];
    return [...found, ...this.near(i, model, small)];
  }

  /** The neighbours of a sample, and in whose features. */
  near(i, model, small) {
    const { samples } = this, whose = samples.models[model].name, near = samples.neighbours(model, i);
    const say = (text) => make("div", { class: "by" }, text);
    if (!near) return [say(`Its neighbours in the features of the ${whose} model are not known yet.`)];
    if (!near.length) return [say(`The ${whose} network has no features to compare: its last layer is not linear.`)];
    const images = near.map((j) => (this.sheet.exists ? this.sheet.picture(j, small) : make("span", { class: "number" }, `#${samples.rows[j]} `)));
    const same = near.filter((j) => samples.labels[j] === samples.labels[i]).length;
    return [make("div", { class: "near" }, images), say(`Nearest in the features of the ${whose} model: ${same} of ${near.length} are ${samples.classes[samples.labels[i]]}`)];
  }

  counts(found) {
    const { samples } = this;
    // A row of these tables narrows the selection to its samples, if there are others.
    const row = (rule, count, title, ...parts) => {
      const every = count === found.length;
      return make(every ? "div" : "button", { class: "count", title, ...(every ? {} : { onclick: () => this.act.narrow([rule]) }) }, ...parts, make("span", { class: "number" }, count.toLocaleString("en")));
    };
    const rows = this.byClass(found).map(([label, count]) => {
      const gone = samples.forget.includes(label), colour = samples.colours[label];
      const bar = make("span", { class: "bar", style: `width:${Math.max(3, (72 * count) / found.length)}px;background:${colour}` });
      return row(["true", label], count, null, make("span", { style: `color:${colour}` }, gone ? "×" : "●"), make("span", {}, samples.classes[label]), bar);
    });
    const outcomes = samples.keys.map((key, bit) => [key, found.filter((i) => (samples.bits[i] >> bit) & 1).length]).filter(([, count]) => count);
    const lines = outcomes.map(([key, count]) => row(["outcome", key], count, samples.outcomes[key][1], make("span"), make("span", {}, samples.outcomes[key][0]), make("span")));
    return make("section", {}, make("h3", {}, "True classes"), rows, lines.length ? make("h3", {}, "Outcomes") : null, lines);
  }

  flow(found) {
    const { samples } = this;
    return make("section", {}, make("h3", {}, "Predictions, model by model"), bands(samples, found, 272, 180, (rule) => this.act.narrow(rule)));
  }

  /** Which cells of the confusion matrices the selected samples are in. */
  matrices(found) {
    const { samples } = this, k = samples.classes.length, side = 84;
    if (k > 20) return null;
    const one = ({ name, title }, m) => {
      const counts = new Map();
      for (const i of found) {
        const cell = samples.labels[i] * k + samples.predicted[m][i];
        counts.set(cell, (counts.get(cell) ?? 0) + 1);
      }
      const most = Math.max(...counts.values()), step = side / k;
      const cells = [...counts].map(([cell, count]) => {
        const [row, column] = [Math.floor(cell / k), cell % k];
        const text = `${samples.classes[row]} predicted as ${samples.classes[column]}: ${count}`;
        const rule = [["true", row], [name, column]];
        return make("rect", { x: column * step, y: row * step, width: step, height: step, fill: samples.look.ink, "fill-opacity": 0.25 + (0.75 * count) / most, onclick: () => this.act.narrow(rule) }, make("title", {}, text));
      });
      const svg = make("svg", { width: side, height: side, viewBox: `0 0 ${side} ${side}`, role: "img", "aria-label": `Cells of the ${name} model's confusion matrix that the selected samples are in: ${counts.size}` }, make("rect", { width: side, height: side, fill: "none", stroke: samples.look.muted }), cells);
      return make("figure", {}, svg, make("figcaption", {}, name));
    };
    return make("section", {}, make("h3", {}, "Cells of the confusion matrices"), make("div", { class: "matrices" }, samples.models.map(one)), make("div", { class: "by" }, "Row: true class. Column: predicted class."));
  }
}

/** Where samples go from model to model: a column of classes for each, bands between them. */
function bands(samples, found, width, height, select) {
  const { models, predicted, classes, short, colours, look } = samples, bar = 10, gap = 3, top = 18;
  const columns = models.map(({ name }, m) => {
    const sizes = new Map();
    for (const i of found) sizes.set(predicted[m][i], (sizes.get(predicted[m][i]) ?? 0) + 1);
    return { name, m, sizes: [...sizes].sort((a, b) => a[0] - b[0]) };
  });
  const most = Math.max(...columns.map(({ sizes }) => sizes.length));
  const unit = (height - top - gap * (most - 1)) / found.length;
  const x = (column) => (columns.length === 1 ? 0 : (column * (width - bar)) / (columns.length - 1));
  const drawn = [], texts = [];
  columns.forEach((column, c) => {
    let y = top;
    column.at = new Map();
    for (const [label, count] of column.sizes) {
      column.at.set(label, { y, out: y, in: y });
      const rule = [[column.name, label]];
      drawn.push(make("rect", { x: x(c), y, width: bar, height: Math.max(1, count * unit), fill: colours[label], onclick: () => select(rule) }, make("title", {}, `${column.name}: ${counted(count, "sample")} ${classes[label]}`)));
      const last = c === columns.length - 1;
      if (count * unit >= 9) texts.push(make("text", { x: last ? x(c) - 4 : x(c) + bar + 4, y: y + (count * unit) / 2 + 4, "text-anchor": last ? "end" : "start" }, short[label]));
      y += count * unit + gap;
    }
    texts.push(make("text", { class: "by", x: c === 0 ? 0 : last(c) ? width : x(c) + bar / 2, y: 11, "text-anchor": c === 0 ? "start" : last(c) ? "end" : "middle" }, column.name));
  });
  function last(c) {
    return c === columns.length - 1;
  }
  for (let c = 0; c + 1 < columns.length; c++) {
    const pairs = new Map();
    for (const i of found) {
      const pair = predicted[c][i] * 1000 + predicted[c + 1][i];
      pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
    }
    for (const [pair, count] of [...pairs].sort((a, b) => a[0] - b[0])) {
      const [from, to] = [Math.floor(pair / 1000), pair % 1000];
      const left = columns[c].at.get(from), right = columns[c + 1].at.get(to), size = count * unit;
      const [x0, x1] = [x(c) + bar, x(c + 1)], middle = (x0 + x1) / 2;
      const path = `M${x0},${left.out}C${middle},${left.out} ${middle},${right.in} ${x1},${right.in}v${size}C${middle},${right.in + size} ${middle},${left.out + size} ${x0},${left.out + size}Z`;
      left.out += size;
      right.in += size;
      const text = `${classes[from]} → ${classes[to]}: ${counted(count, "sample")}`;
      const rule = [[columns[c].name, from], [columns[c + 1].name, to]];
      drawn.unshift(make("path", { d: path, fill: from === to ? colours[from] : look.muted, "fill-opacity": from === to ? 0.45 : 0.3, onclick: () => select(rule) }, make("title", {}, text)));
    }
  }
  const label = `Predicted classes of ${counted(found.length, "selected sample")}: ${columns.map(({ name, sizes }) => `${name} ${sizes.map(([c, n]) => `${n} ${classes[c]}`).join(", ")}`).join("; ")}`;
  return make("svg", { class: "bands", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }, drawn, texts);
}
