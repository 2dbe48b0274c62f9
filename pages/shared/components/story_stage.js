// The figure of the story: a map, and a panel below it, which change from chapter to chapter.

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
    if (data.selected.length) html("span", "", ` · ◎ selected`, this.key);
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
    this.root = svg("svg", { role: "img", "aria-label": `Map of ${data.marks.length} samples` }, top);
    this.lines = svg("g", { class: "lines" }, this.root);
    const drawn = svg("g", {}, this.root);
    this.marks = data.marks.map(([label, gone]) => this.mark(data.colours[label], gone));
    const crosses = this.marks.filter((_, i) => data.marks[i][1]);
    drawn.append(...this.marks.filter((_, i) => !data.marks[i][1]), ...crosses);
    this.sent = (data.targets?.from ?? []).map(() => drawn.appendChild(this.mark(data.forget, true)));
    this.rings = data.selected.map((i) => [i, svg("circle", { r: 7, class: "mark selected" }, drawn)]);
    this.names = svg("g", {}, this.root);
    this.labels = Object.keys(data.middles).map(Number);
    this.texts = this.labels.map((label) => {
      const text = svg("text", {}, this.names);
      text.textContent = data.short[label];
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
    for (const [i, ring] of this.rings) ring.style.transform = this.transform(places[i]);
    this.ringed = wrong.size;
    this.draw(scene, places, away, wrong);
    this.texts.forEach((text, i) => (text.style.opacity = data.forgotten.includes(this.labels[i]) && (scene.places !== "original" || scene.hidden) ? 0 : 1));
    const moved = wrong.size ? ` Ringed: ${wrong.size} of the samples shown became wrong.` : "";
    const selected = this.rings.length ? ` Selected: ${this.rings.length}.` : "";
    this.root.setAttribute("aria-label", `${scene.heading}. Map of ${data.marks.length} samples; × ${data.key[0]}, ● ${data.key[1]}.${moved}${selected}`);
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
