// The figure of the story: a map, and a panel below it, which change from chapter to chapter.

const SVG = "http://www.w3.org/2000/svg";

const svg = (tag, attributes = {}, parent = null) => {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  parent?.append(element);
  return element;
};

const html = (tag, className = "", text = "", parent = null) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  parent?.append(element);
  return element;
};

const signed = (value) => {
  const text = Math.abs(value).toFixed(1);
  return text === "0.0" ? text : (value < 0 ? "−" : "+") + text;
};

/** A colour for both modes: one, or one for each. */
const both = (colour) => (Array.isArray(colour) ? `light-dark(${colour[0]}, ${colour[1]})` : colour);

/** A class's colour, lighter on dark paper, where blue and brown would be lost. */
const tone = (colour) => `light-dark(${colour}, color-mix(in srgb, ${colour} 70%, #ffffff))`;

class Stage {
  constructor(box, data, title) {
    this.data = data;
    this.title = title;
    box.replaceChildren();
    const shown = html("figcaption", "shown", "", box);
    this.heading = html("b", "", "", shown);
    this.key = html("span", "key", "", shown);
    html("span", "forget", "×", this.key);
    this.key.append(` ${data.key[0]} · ● ${data.key[1]}`);
    this.ringed = html("span", "", " · ◯ became wrong", this.key);
    this.top = html("div", "top", "", box);
    this.map = new StoryMap(this.top, data);
    this.spectrum = data.directions ? new Spectrum(this.top, data.directions) : null;
    const lower = html("div", "lower", "", box);
    this.panels = {
      examples: examplesPanel(lower, data),
      bars: data.bars.rows ? new Bars(lower, data.bars) : null,
      layers: data.directions ? layersPanel(lower, data.directions) : null,
      targets: data.targets ? targetsPanel(lower, data) : null,
      probe: data.probe?.rows ? new Probe(lower, data.probe) : null,
    };
    this.watcher = new ResizeObserver(() => this.layout());
    this.watcher.observe(this.top);
  }

  layout() {
    this.map.layout();
    this.spectrum?.layout();
  }

  /** Draw a chapter's scene, before or after its reveal, with a guess if there is one. */
  show(chapter, revealed, guess) {
    const scene = this.scene(chapter, revealed, guess);
    this.heading.textContent = scene.heading;
    this.map.show(scene);
    const spectrum = scene.panel === "layers" && this.spectrum;
    this.map.root.classList.toggle("away", Boolean(spectrum));
    this.spectrum?.root.classList.toggle("away", !spectrum);
    this.key.classList.toggle("away", Boolean(spectrum));
    this.ringed.hidden = !this.map.ringed;
    for (const [name, panel] of Object.entries(this.panels)) panel?.root.classList.toggle("away", name !== scene.panel);
    if (scene.panel === "bars") this.panels.bars.show(scene);
    if (scene.panel === "probe") this.panels.probe.show(scene);
  }

  scene(chapter, revealed, guess) {
    const { titles } = this.data.bars;
    const row = chapter.guess?.row;
    const base = { places: "original", heading: "The original", panel: "bars", asked: row, guess, revealed, range: chapter.guess ? [chapter.guess.low, chapter.guess.high] : [-1, 1] };
    switch (chapter.key) {
      case "careless":
        return revealed ? { ...base, places: "careless", heading: `After: ${titles.careless}`, series: ["careless"] } : { ...base, series: [] };
      case "space":
        return { ...base, heading: this.data.directions ? `${this.data.directions.title}: share of the energy along each direction` : base.heading, panel: "layers" };
      case "targets":
        return { ...base, heading: "The original, and where samples are sent", panel: "targets", sent: true };
      case "ending":
        return revealed ? { ...base, places: "calibrated", heading: `After: ${titles.calibrated}`, series: ["calibrated", "careless"] } : { ...base, series: [null, "careless"] };
      case "hiding":
        if (!this.data.bars.values.mask) return { ...base, series: ["calibrated"] };
        return revealed ? { ...base, heading: "The mask: no weight has changed", series: ["split"], hidden: true } : { ...base, series: ["calibrated"] };
      case "gone":
        return { ...base, places: "calibrated", heading: `After: ${titles.calibrated}`, panel: this.panels.probe ? "probe" : "bars", series: ["calibrated"] };
      default:
        return { ...base, panel: "examples" };
    }
  }

  stop() {
    this.watcher.disconnect();
  }
}

class StoryMap {
  constructor(top, data) {
    this.data = data;
    this.top = top;
    this.root = svg("svg", { role: "img" }, top);
    this.lines = svg("g", { class: "lines" }, this.root);
    const drawn = svg("g", {}, this.root);
    this.marks = data.marks.map(([label, gone]) => this.mark(data.colours[label], gone));
    const crosses = this.marks.filter((_, i) => data.marks[i][1]);
    drawn.append(...this.marks.filter((_, i) => !data.marks[i][1]), ...crosses);
    this.sent = (data.targets?.from ?? []).map(() => drawn.appendChild(this.mark(data.forget, true)));
    this.names = svg("g", {}, this.root);
    this.labels = Object.keys(data.middles).map(Number);
    this.texts = this.labels.map((label) => {
      const text = svg("text", {}, this.names);
      text.textContent = data.names[label];
      if (data.forgotten.includes(label)) text.style.fill = data.forget;
      return text;
    });
  }

  mark(colour, gone) {
    const shape = gone ? svg("path", { d: "M-3-3l6 6m0-6l-6 6", stroke: this.data.forget, "stroke-width": 1.7, fill: "none" }) : svg("circle", { r: 3.1, style: `fill: ${tone(colour)}; fill-opacity: .8` });
    shape.setAttribute("class", "mark");
    return shape;
  }

  at([x, y]) {
    const { width, height } = this.size;
    return [10 + x * (width - 20), 12 + y * (height - 24)];
  }

  transform(place) {
    const [x, y] = this.at(place);
    return `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px) scale(${this.scale.toFixed(2)})`;
  }

  /** Take the size of the box; nothing glides for that. */
  layout() {
    this.size = { width: this.top.clientWidth, height: this.top.clientHeight };
    this.scale = Math.min(1, Math.max(0.6, this.size.height / 300));
    this.root.classList.add("still");
    this.write();
    if (this.scene) this.show(this.scene);
    requestAnimationFrame(() => requestAnimationFrame(() => this.root.classList.remove("still")));
  }

  show(scene) {
    this.scene = scene;
    if (!this.size) return;
    const { data } = this;
    const places = data.places[scene.places] ?? data.places.original;
    const wrong = new Set(scene.revealed === false || scene.places === "original" ? [] : (data.wrong?.[scene.places] ?? []));
    const away = Boolean(scene.sent && this.sent.length);
    this.marks.forEach((shape, i) => {
      shape.style.transform = this.transform(places[i]);
      shape.classList.toggle("wrong", wrong.has(i));
      shape.classList.toggle("dim", data.marks[i][1] ? away || Boolean(scene.hidden) : away);
    });
    this.sent.forEach((shape, i) => {
      shape.style.transform = this.transform(data.targets.from[i]);
      shape.style.opacity = away ? 1 : 0;
    });
    this.ringed = wrong.size;
    this.draw(scene, places, away, wrong);
    this.texts.forEach((text, i) => (text.style.opacity = data.forgotten.includes(this.labels[i]) && (scene.places !== "original" || scene.hidden) ? 0 : 1));
    const moved = wrong.size ? ` Ringed: ${wrong.size} of the samples shown became wrong.` : "";
    this.root.setAttribute("aria-label", `${scene.heading}. Map of ${data.marks.length} samples; × ${data.key[0]}, ● ${data.key[1]}.${moved}`);
  }

  /** Lines: to the class that samples are sent to, or from where they were. */
  draw(scene, places, away, wrong) {
    const { data } = this;
    this.lines.replaceChildren();
    const paths = new Map(); // colour -> its lines
    const add = (colour, from, to) => paths.set(colour, `${paths.get(colour) ?? ""}M${from.map(Math.round)}L${to.map(Math.round)}`);
    if (away) {
      for (const [x, y, label] of data.targets.from) if (data.middles[label]) add(data.colours[label], this.at([x, y]), this.at(data.middles[label]));
    } else if (scene.places !== "original") {
      data.marks.forEach(([label, gone], i) => {
        if (gone || wrong.has(i)) add(gone ? data.forget : data.colours[label], this.at(data.places.original[i]), this.at(places[i]));
      });
    }
    for (const [colour, d] of paths) svg("path", { d, style: `stroke: ${tone(colour)}`, "stroke-opacity": away ? 0.5 : 0.3 }, this.lines);
  }

  /** Names at the middles of their classes, the lower ones moved down until none overlap. */
  write() {
    const taken = [];
    const places = this.labels.map((label, i) => [...this.at(this.data.middles[label]), i]).sort((a, b) => a[1] - b[1]);
    for (const [middle, down, i] of places) {
      const text = this.texts[i];
      const half = text.getComputedTextLength() / 2 + 4;
      const line = parseFloat(getComputedStyle(text).fontSize) * 1.1;
      const x = Math.min(Math.max(middle, half), this.size.width - half);
      let y = Math.max(down, line) + line / 3;
      for (const other of taken) if (Math.abs(x - other.x) < half + other.half && Math.abs(y - other.y) < line) y = other.y + line;
      y = Math.min(y, this.size.height - 4);
      taken.push({ x, y, half });
      text.setAttribute("x", x.toFixed(1));
      text.setAttribute("y", y.toFixed(1));
    }
  }
}

/** The energy along every direction of one layer: kept ones grey, free ones teal. */
class Spectrum {
  constructor(top, directions) {
    this.top = top;
    this.of = directions;
    this.root = svg("svg", { role: "img", class: "away" }, top);
    this.root.setAttribute("aria-label", `Spectrum of ${directions.title}: ${directions.rank} of ${directions.dim} directions are kept, ${directions.dim - directions.rank} are free.`);
  }

  layout() {
    const { clientWidth: width, clientHeight: height } = this.top;
    const { curve, rank, dim, lowest } = this.of;
    const [left, right, topmost, bottom] = [54, width - 12, 14, height - 30];
    const x = (i) => left + ((right - left) * (i + 0.5)) / dim;
    const y = (share) => topmost + ((bottom - topmost) * share) / lowest;
    this.root.replaceChildren();
    const cut = left + ((right - left) * rank) / dim;
    const ends = [[left, y(curve[0][1])], ...curve.map(([i, share]) => [x(i), y(share)]), [right, y(curve.at(-1)[1])]];
    const meet = [cut, height_at(ends, cut)];
    const parts = [
      ["var(--muted)", [...ends.filter((p) => p[0] <= cut), meet]],
      ["var(--teal)", [meet, ...ends.filter((p) => p[0] >= cut)]],
    ];
    for (const [colour, points] of parts) {
      const style = `fill: ${colour}; fill-opacity: .25; stroke: none`;
      svg("path", { d: `M${points[0][0]},${bottom}L${points.join("L")}L${points.at(-1)[0]},${bottom}Z`, style }, this.root);
      svg("path", { d: `M${points.join("L")}`, style: `fill: none; stroke: ${colour}; stroke-width: 2.5` }, this.root);
    }
    svg("line", { x1: cut, x2: cut, y1: topmost, y2: bottom, style: "stroke: var(--st-text-color); stroke-dasharray: 4 3; stroke-width: 2" }, this.root);
    ["1", "10⁻²", "10⁻⁴", "10⁻⁶"].forEach((written, i) => this.text(left - 8, y(-2 * i) + 5, written, "end"));
    const middle = bottom + 21;
    this.text((left + cut) / 2, middle, `${rank} kept`, "middle");
    if (rank < dim) this.text((cut + right) / 2, middle, `${dim - rank} free (null space)`, "middle");
  }

  text(x, y, words, anchor) {
    const text = svg("text", { x, y, style: `text-anchor: ${anchor}; font-weight: 400; font-size: 14px` }, this.root);
    text.textContent = words;
  }
}

/** A polyline's height at x. */
function height_at(points, x) {
  const after = points.findIndex((p) => p[0] >= x);
  if (after <= 0) return points[Math.max(after, 0)][1];
  const [a, b] = [points[after - 1], points[after]];
  return a[1] + ((b[1] - a[1]) * (x - a[0])) / (b[0] - a[0] || 1);
}

const panel = (lower, label) => {
  const root = html("div", "panel away", "", lower);
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", label);
  return root;
};

function examplesPanel(lower, data) {
  if (!data.examples.length) return null;
  const root = panel(lower, `Some samples of ${data.key[0]}`);
  html("div", "key", data.examples_of, root);
  const images = html("div", "examples", "", root);
  for (const { src, text } of data.examples) Object.assign(html("img", "", "", images), { src, alt: text });
  return { root };
}

function layersPanel(lower, { layers }) {
  const root = panel(lower, "Kept and free directions of every layer");
  const key = html("div", "key", "", root);
  legend(key, "var(--muted)", "kept");
  legend(key, "var(--teal)", "free (null space)");
  const rows = html("div", "rows", "", root);
  for (const [title, kept, dim] of layers) {
    const { track, value } = row(rows, title);
    const share = (100 * kept) / dim;
    block(track, 0, share, "var(--muted)");
    block(track, share, 100 - share, "var(--teal)");
    value.textContent = `${dim - kept} of ${dim} free`;
    value.parentElement.style.gridTemplateColumns = "4.2rem 1fr 7.5rem";
  }
  return { root };
}

function targetsPanel(lower, data) {
  const root = panel(lower, "Samples sent to each class");
  html("div", "key", `Training samples of ${data.key[0]}, by the class they are sent to`, root);
  const rows = html("div", "rows", "", root);
  const { counts } = data.targets;
  for (const [label, count] of counts.slice(0, 10)) {
    const { track, value } = row(rows, data.names[label]);
    block(track, 0, (100 * count) / counts[0][1], tone(data.colours[label]));
    value.textContent = count.toLocaleString("en");
  }
  return { root };
}

function legend(key, colour, words, faint = false) {
  const item = html("span", "", "", key);
  const sample = html("i", "", "", item);
  sample.style.background = both(colour);
  if (faint) sample.style.opacity = 0.3;
  item.append(words);
}

function row(rows, name) {
  const root = html("div", "row", "", rows);
  Object.assign(html("span", "name", name, root), { title: name });
  const track = html("span", "track", "", root);
  return { root, track, value: html("span", "value", "", root) };
}

function block(track, left, width, colour, className = "") {
  const element = html("i", className, "", track);
  Object.assign(element.style, { left: `${left}%`, width: `${width}%`, background: both(colour) });
  return element;
}

/** Changes of accuracy per class around a common zero. */
class Bars {
  constructor(lower, bars) {
    this.of = bars;
    this.root = panel(lower, "Change of accuracy per class, in points");
    this.key = html("div", "key", "", this.root);
    const rows = html("div", "rows", "", this.root);
    this.rows = bars.rows.map((name, i) => {
      const made = row(rows, name);
      made.root.classList.toggle("first", i === 0);
      made.parts = ["back", "front"].map((part) => html("i", part, "", made.track));
      html("i", "zero", "", made.track);
      made.tick = html("i", "tick away", "", made.track);
      made.ghost = html("i", "ghost away", "", made.track);
      return { name, ...made };
    });
    if (bars.left_out) html("div", "muted", `${bars.left_out} more classes change less.`, this.root);
    this.drag();
  }

  /** From 0 to 100: where a value lies on the axis. */
  x(value) {
    const [low, high] = this.ends;
    return (100 * (Math.min(Math.max(value, low), high) - low)) / (high - low);
  }

  show({ series, asked, guess, revealed, range, heading }) {
    const { values, colours } = this.of;
    const drawn = series[0] === "split" ? ["mask", "calibrated"] : series;
    // Before the answer is shown, the axis gives no hint of it.
    const shown = [...drawn.flatMap((key) => values[key] ?? []), guess ?? 0, ...(revealed ? [-1, 1] : range)];
    this.ends = [Math.min(...shown) * 1.06, Math.max(...shown) * 1.06];
    this.asked = revealed ? null : asked;
    this.label(series, guess);
    this.rows.forEach(({ name, root, parts, tick, ghost, value, track }, i) => {
      track.querySelector(".zero").style.left = `${this.x(0)}%`;
      root.classList.toggle("asked", name === asked && !revealed);
      const [back, front] = parts;
      const split = series[0] === "split";
      const now = split ? values.calibrated[i] : (values[series[0]]?.[i] ?? null);
      const than = split ? values.mask[i] : (values[series[1]]?.[i] ?? null);
      back.classList.toggle("faint", !split);
      this.span(back, 0, than, split ? "var(--muted)" : colours.careless, split ? [8, 42] : [12, 76]);
      this.span(front, split ? than : 0, now, split ? colours.calibrated : colours[series[0]], split ? [50, 42] : [26, 48]);
      tick.classList.toggle("away", !split || now === null);
      tick.style.left = `calc(${this.x(now ?? 0)}% - 1px)`;
      const ghosted = name === asked && guess !== undefined && guess !== null;
      ghost.classList.toggle("away", !ghosted);
      if (ghosted) this.span(ghost, 0, guess, "", [4, 92]);
      value.textContent = now === null ? (ghosted ? signed(guess) : "") : signed(now);
    });
    const told = this.rows.filter((r) => r.value.textContent).map((r) => `${r.name} ${r.value.textContent}`);
    this.root.setAttribute("aria-label", `${heading}. Change of accuracy per class, in points${told.length ? `: ${told.join(", ")}` : ""}.`);
  }

  span(element, from, to, colour, [top, height]) {
    const [a, b] = to === null || from === null ? [0, 0] : [Math.min(from, to), Math.max(from, to)];
    Object.assign(element.style, { left: `${this.x(a)}%`, width: `${to === null ? 0 : this.x(b) - this.x(a)}%`, top: `${top}%`, height: `${height}%` });
    if (colour) element.style.background = both(colour);
  }

  label(series, guess) {
    const { colours, titles } = this.of;
    this.key.replaceChildren();
    html("span", "", "Points of accuracy", this.key);
    if (series[0] === "split") {
      legend(this.key, "var(--muted)", "rival removed (mask)");
      legend(this.key, colours.calibrated, "borders moved");
      html("span", "", "┃ both", this.key);
    } else {
      if (series[0]) legend(this.key, colours[series[0]], titles[series[0]]);
      if (series[1] && titles[series[1]]) legend(this.key, colours[series[1]], titles[series[1]], true);
    }
    if (guess !== undefined && guess !== null) html("span", "", "┆ your guess", this.key);
  }

  /** The bar of the class in question can be dragged to the guess. */
  drag() {
    for (const { name, track } of this.rows) {
      const move = (event) => {
        if (this.asked !== name || !(event.buttons & 1)) return;
        const box = track.getBoundingClientRect();
        const [low, high] = this.ends;
        this.onDrag?.(low + ((high - low) * (event.clientX - box.left)) / box.width);
      };
      track.addEventListener("pointerdown", (event) => {
        if (this.asked === name) track.setPointerCapture(event.pointerId);
        move(event);
      });
      track.addEventListener("pointermove", move);
    }
  }
}

/** What the linear probe found in each network. */
class Probe {
  constructor(lower, probe) {
    this.of = probe;
    this.root = panel(lower, "What the linear probe finds in each network");
    this.key = html("div", "key", "", this.root);
    html("span", "", "Found by the linear probe, %", this.key);
    if (probe.band) legend(this.key, "var(--muted)", "retrained, ± twice the spread over seeds", true);
    const rows = html("div", "rows", "", this.root);
    this.rows = probe.rows.map(([name, mean, written]) => {
      const made = row(rows, name);
      const band = probe.band ?? [0, 0];
      Object.assign(html("i", "band", "", made.track).style, { left: `${Math.max(0, band[0])}%`, width: `${Math.min(100, band[1]) - Math.max(0, band[0])}%` });
      const dot = html("i", "dot", "", made.track);
      Object.assign(dot.style, { left: `${mean}%`, background: "var(--st-text-color)" });
      return { name, mean, written, dot, band: made.track.firstChild, ghost: html("i", "tick away", "", made.track), ...made };
    });
  }

  show({ asked, guess, revealed }) {
    for (const { name, written, dot, band, ghost, value, root } of this.rows) {
      const told = revealed || name === this.rows[0].name;
      dot.classList.toggle("away", !told);
      band.classList.toggle("away", !revealed);
      value.textContent = told ? written : "?";
      root.classList.toggle("asked", name === asked && !revealed);
      const ghosted = name === asked && guess !== undefined && guess !== null;
      ghost.classList.toggle("away", !ghosted);
      if (ghosted) ghost.style.left = `${guess}%`;
    }
  }
}
