// Maps of the same samples under several models: linked pan and zoom, lasso, twins, thumbnails.

const NEAR = 14; // pixels from the pointer to the sample it means
const EDGE = 7; // pixels at the border of a map that are left free
const MOST_TWINS = 60; // selected samples whose ways from map to map are drawn

class Maps {
  /** `act`: { select(picked, how), point(sample, model) }. */
  constructor(root, top, act) {
    const touch = window.matchMedia("(hover: none)").matches; // there, a drag scrolls the page
    Object.assign(this, { root, act, tool: touch ? "move" : "lasso", view: { u: 0.5, v: 0.5, zoom: 1 }, pointed: null });
    this.legend = make("div", { class: "legend", role: "group", "aria-label": "Classes: select one" });
    this.tools = make("div", { class: "tools" });
    this.grid = make("div", { class: "grid" });
    [this.base, this.over] = ["base", "over"].map((name) => make("canvas", { class: name, role: "presentation" }));
    this.tip = make("div", { class: "tip", hidden: true });
    this.area = make("div", { class: "area", tabindex: 0, role: "group", "aria-label": "Maps. Arrow keys move them, plus and minus zoom, 0 shows all, Escape clears the selection." }, this.grid, this.base, this.over, this.tip);
    top.prepend(this.legend);
    top.querySelector(".search").after(this.tools);
    root.append(this.area);
    this.marks = new Marks(this.base);
    this.pen = this.over.getContext("2d");
    this.buildTools();
    this.attend();
    new ResizeObserver(() => this.measure()).observe(this.area);
  }

  buildTools() {
    const tool = (name, label, title) => make("button", { title, "aria-pressed": String(this.tool === name), "data-tool": name, onclick: () => this.use(name) }, label);
    const act = (label, title, onclick) => make("button", { title, "aria-label": title, onclick }, label);
    this.tools.append(
      tool("lasso", "Lasso", "Drag around samples to select them; with Shift to add, with Alt to take away"),
      tool("move", "Move", "Drag to move all maps; click to select"),
      act("+", "Zoom in", () => this.zoom(1.5)),
      act("−", "Zoom out", () => this.zoom(1 / 1.5)),
      act("All", "Show the whole map", () => this.whole()),
      act("PNG", "Save the maps as PNG", () => this.savePng()),
      act("SVG", "Save the maps as SVG", () => this.saveSvg()),
    );
    this.over.dataset.tool = this.tool;
  }

  use(tool) {
    this.tool = this.over.dataset.tool = tool;
    for (const button of this.tools.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
  }

  /** Show samples on maps; `data`: { paths, show (a rule or null) }. */
  load(samples, data, sheet) {
    Object.assign(this, { samples, data, sheet });
    const { window: [[left, right], [low, high]], models } = samples;
    this.u = samples.places.map((place) => Float32Array.from({ length: samples.n }, (_, i) => (place[2 * i] - left) / (right - left)));
    this.v = samples.places.map((place) => Float32Array.from({ length: samples.n }, (_, i) => 1 - (place[2 * i + 1] - low) / (high - low)));
    this.pixels = Uint32Array.from(samples.labels, (label) => pixel(samples.colours[label]));
    const every = Array.from({ length: samples.n }, (_, i) => i);
    this.order = Uint32Array.from([...every.filter((i) => !samples.isForgotten(i)), ...every.filter((i) => samples.isForgotten(i))]);
    this.seen = Uint8Array.from(every, (i) => !data.show || data.show.every(([name, value]) => samples.meets(i, name, value)));
    this.grid.replaceChildren(...models.map(({ title, alt }) => make("figure", {}, make("h3", {}, title), make("div", { class: "map", role: "img", "aria-label": alt }))));
    this.grid.style.setProperty("--maps", models.length);
    this.drawLegend();
    this.measure();
  }

  drawLegend() {
    const { classes, short, colours, forget } = this.samples;
    const known = classes.length <= 20;
    const chip = (name, label) => {
      const gone = forget.includes(label);
      const attributes = { "aria-pressed": "false", "data-label": label, title: `Select ${name}`, onclick: () => this.act.select({ rule: [["true", label]] }) };
      return make("button", attributes, make("span", { style: `color:${colours[label]}`, "aria-hidden": "true" }, gone ? "×" : "●"), ` ${short[label]}`);
    };
    this.legend.replaceChildren(...(known ? classes.map(chip) : []));
  }

  /** Where each map lies within the area. */
  measure() {
    if (!this.samples || !this.area.isConnected) return;
    const whole = this.area.getBoundingClientRect(), ratio = Math.min(2, window.devicePixelRatio || 1);
    if (!whole.width) return;
    this.panels = [...this.grid.querySelectorAll(".map")].map((map) => {
      const box = map.getBoundingClientRect();
      return { x: box.left - whole.left, y: box.top - whole.top, w: box.width, h: box.height };
    });
    const [width, height] = [Math.ceil(whole.width), Math.ceil(whole.height)];
    if (width !== this.width || height !== this.height || ratio !== this.ratio) {
      Object.assign(this, { width, height, ratio });
      this.marks.size(width, height, ratio);
      [this.over.width, this.over.height] = [width * ratio, height * ratio];
      for (const canvas of [this.base, this.over]) Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    }
    this.draw();
  }

  /** Mark these samples as selected. */
  pick(picked) {
    this.picked = picked?.found ?? null;
    this.on = new Uint8Array(this.samples.n);
    for (const i of this.picked ?? []) this.on[i] = 1;
    const rule = picked?.rule, only = rule?.length === 1 && rule[0][0] === "true" ? rule[0][1] : null;
    for (const chip of this.legend.children) chip.setAttribute("aria-pressed", String(Number(chip.dataset.label) === only));
    this.draw();
  }

  point(i, model) {
    this.pointed = i === null ? null : { i, model };
    this.drawOver();
  }

  draw() {
    this.over.style.touchAction = this.tool === "move" && this.view.zoom > 1 ? "none" : "";
    if (this.frame || !this.samples) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      this.paint();
    });
  }

  /** Pixels of sample i on map m. */
  at(m, i) {
    const { x, y, w, h } = this.panels[m], { u, v, zoom } = this.view;
    return [x + w * (0.5 + (this.u[m][i] - u) * zoom), y + h * (0.5 + (this.v[m][i] - v) * zoom)];
  }

  inside(m, x, y) {
    const panel = this.panels[m];
    return x > panel.x + EDGE && x < panel.x + panel.w - EDGE && y > panel.y + EDGE && y < panel.y + panel.h - EDGE;
  }

  paint() {
    const { marks, samples, order, seen, on, picked, panels } = this;
    if (!panels || !on) return;
    const few = Math.min(1.35, Math.max(1, Math.sqrt(2500 / samples.n)));
    const grow = few * Math.min(1.6, Math.sqrt(this.view.zoom));
    const size = Math.round(20 * grow) / 10;
    const disc = marks.kind("disc", size), cross = marks.kind("cross", size * 1.4), ring = marks.kind("disc", size + 2.2), bold = marks.kind("disc", size + 1.2), inRing = marks.kind("cross", size);
    const ink = pixel(samples.look.ink), paper = pixel(samples.look.paper), forget = pixel(samples.look.forget);
    const [plain, strong] = picked ? [45, 70] : [165, 235];
    const started = performance.now();
    marks.begin(paper);
    panels.forEach((_, m) => {
      for (let k = 0; k < order.length; k++) {
        const i = order[k];
        if (!seen[i] || on[i]) continue;
        const [x, y] = this.at(m, i);
        if (!this.inside(m, x, y)) continue;
        if (samples.isForgotten(i)) marks.add(cross, x, y, forget, strong);
        else marks.add(disc, x, y, this.pixels[i], plain);
      }
      for (const i of picked ?? []) {
        const [x, y] = this.at(m, i);
        if (!this.inside(m, x, y)) continue;
        marks.add(ring, x, y, ink, 200);
        marks.add(bold, x, y, samples.isForgotten(i) ? paper : this.pixels[i], 256);
        if (samples.isForgotten(i)) marks.add(inRing, x, y, forget, 256);
      }
    });
    marks.end();
    this.paintMilliseconds = performance.now() - started;
    this.painted = (this.painted ?? 0) + 1;
    this.lines(marks.context);
    this.drawOver();
  }

  /** The paths of forgotten samples, and the frames of the maps. */
  lines(pen) {
    const { samples, panels, seen, picked } = this;
    pen.save();
    pen.scale(this.ratio, this.ratio);
    pen.strokeStyle = samples.look.muted;
    if (this.data.paths && !picked) {
      pen.globalAlpha = 0.2;
      pen.lineWidth = 0.6;
      panels.forEach((panel, m) => {
        if (m === 0) return;
        pen.save();
        pen.beginPath();
        pen.rect(panel.x, panel.y, panel.w, panel.h);
        pen.clip();
        pen.beginPath();
        const moved = [panel.x - panels[0].x, panel.y - panels[0].y];
        for (let i = 0; i < samples.n; i++) {
          if (!samples.isForgotten(i) || !seen[i]) continue;
          const [x0, y0] = this.at(0, i);
          pen.moveTo(x0 + moved[0], y0 + moved[1]);
          pen.lineTo(...this.at(m, i));
        }
        pen.stroke();
        pen.restore();
      });
    }
    pen.globalAlpha = 1;
    pen.lineWidth = 1;
    for (const { x, y, w, h } of panels) pen.strokeRect(x + 0.5, y + 0.5, w - 1, h - 1);
    pen.restore();
  }

  /** What moves with the pointer: twins, the sample pointed at, the lasso. */
  drawOver() {
    const { pen, samples, panels, pointed, picked } = this;
    if (!panels) return;
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.clearRect(0, 0, this.width, this.height);
    pen.lineWidth = 1;
    if (picked && picked.length <= MOST_TWINS) {
      pen.globalAlpha = picked.length > 12 ? 0.25 : 0.5;
      pen.strokeStyle = samples.look.muted;
      for (const i of picked) this.twins(i);
    }
    pen.globalAlpha = 1;
    if (pointed) {
      pen.strokeStyle = samples.look.ink;
      pen.lineWidth = 1.5;
      this.twins(pointed.i);
      const ring = (m, i, radius) => {
        const [x, y] = this.at(m, i);
        if (!this.inside(m, x, y)) return;
        pen.beginPath();
        pen.arc(x, y, radius, 0, 2 * Math.PI);
        pen.stroke();
      };
      for (const j of samples.neighbours(pointed.model, pointed.i) ?? []) ring(pointed.model, j, 4.5);
      pen.lineWidth = 2;
      panels.forEach((_, m) => ring(m, pointed.i, 7));
    }
    if (this.drag?.lasso) {
      pen.strokeStyle = samples.look.ink;
      pen.fillStyle = samples.look.muted;
      pen.setLineDash([4, 3]);
      pen.beginPath();
      this.drag.lasso.forEach(([x, y], k) => (k ? pen.lineTo(x, y) : pen.moveTo(x, y)));
      pen.closePath();
      pen.globalAlpha = 0.12;
      pen.fill();
      pen.globalAlpha = 1;
      pen.stroke();
      pen.setLineDash([]);
    }
  }

  /** The way of a sample from map to map. */
  twins(i) {
    const at = this.panels.map((_, m) => this.at(m, i)).map(([x, y], m) => (this.inside(m, x, y) ? [x, y] : null));
    this.pen.beginPath();
    for (let m = 0; m + 1 < at.length; m++) {
      if (!at[m] || !at[m + 1]) continue;
      this.pen.moveTo(...at[m]);
      this.pen.lineTo(...at[m + 1]);
    }
    this.pen.stroke();
  }

  place(event) {
    const box = this.area.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  panelAt(x, y) {
    return this.panels?.findIndex((panel) => x >= panel.x && x <= panel.x + panel.w && y >= panel.y && y <= panel.y + panel.h) ?? -1;
  }

  nearest(m, x, y) {
    let best = null, least = NEAR * NEAR;
    for (let i = 0; i < this.samples.n; i++) {
      if (!this.seen[i] && !this.on[i]) continue;
      const [px, py] = this.at(m, i), distance = (px - x) ** 2 + (py - y) ** 2;
      if (distance < least && this.inside(m, px, py)) [best, least] = [i, distance];
    }
    return best;
  }

  attend() {
    const { over } = this;
    over.addEventListener("pointermove", (event) => (this.drag ? this.dragged(event) : this.hovered(event)));
    over.addEventListener("pointerleave", () => this.drag || this.left());
    over.addEventListener("pointerdown", (event) => {
      if (event.button > 0 || !this.samples) return;
      const [x, y] = this.place(event), m = this.panelAt(x, y);
      if (m < 0) return;
      this.drag = { m, start: [x, y], last: [x, y], far: false, lasso: this.tool === "lasso" ? [[x, y]] : null };
      over.setPointerCapture(event.pointerId);
    });
    over.addEventListener("pointerup", (event) => this.released(event));
    over.addEventListener("pointercancel", () => {
      this.drag = null;
      this.drawOver();
    });
    over.addEventListener("dblclick", (event) => this.zoom(2, ...this.place(event)));
    over.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // the page scrolls; a pinch counts as Ctrl
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 300), ...this.place(event));
    }, { passive: false });
    this.area.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const step = 0.1 / this.view.zoom;
    const acts = {
      ArrowLeft: () => this.move(-step, 0), ArrowRight: () => this.move(step, 0),
      ArrowUp: () => this.move(0, -step), ArrowDown: () => this.move(0, step),
      "+": () => this.zoom(1.5), "=": () => this.zoom(1.5), "-": () => this.zoom(1 / 1.5), 0: () => this.whole(),
      Escape: () => this.act.select(null),
    };
    const act = acts[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  }

  move(u, v) {
    this.view.u += u;
    this.view.v += v;
    this.draw();
  }

  whole() {
    this.view = { u: 0.5, v: 0.5, zoom: 1 };
    this.draw();
  }

  /** Zoom around a point of the area, or around the middle. */
  zoom(factor, x, y) {
    const panel = this.panels?.[this.panelAt(x, y)];
    const zoom = Math.min(40, Math.max(0.5, this.view.zoom * factor));
    if (panel) {
      const [across, down] = [(x - panel.x) / panel.w - 0.5, (y - panel.y) / panel.h - 0.5];
      this.view.u += across / this.view.zoom - across / zoom;
      this.view.v += down / this.view.zoom - down / zoom;
    }
    this.view.zoom = zoom;
    this.draw();
  }

  hovered(event) {
    if (!this.samples || event.pointerType === "touch") return;
    const [x, y] = this.place(event), m = this.panelAt(x, y);
    const i = m < 0 ? null : this.nearest(m, x, y);
    if (i === null) return this.left();
    if (this.pointed?.i !== i || this.pointed.model !== m) {
      this.point(i, m);
      this.tip.replaceChildren(...this.details(i, m));
      this.tip.hidden = false;
    }
    const left = x + 18 + this.tip.offsetWidth < this.width ? x + 18 : Math.max(0, x - 18 - this.tip.offsetWidth);
    const top = Math.min(y + 14, this.height - this.tip.offsetHeight - 4);
    this.tip.style.transform = `translate(${left}px, ${Math.max(0, top)}px)`;
    return undefined;
  }

  left() {
    this.tip.hidden = true;
    if (this.pointed) this.point(null);
  }

  dragged(event) {
    const [x, y] = this.place(event), { drag } = this;
    if (Math.hypot(x - drag.start[0], y - drag.start[1]) > 4 && !drag.far) {
      drag.far = true;
      this.left();
    }
    if (drag.lasso) {
      drag.lasso.push([x, y]);
      this.drawOver();
    } else if (drag.far) {
      const panel = this.panels[drag.m];
      this.move(-(x - drag.last[0]) / panel.w / this.view.zoom, -(y - drag.last[1]) / panel.h / this.view.zoom);
    }
    drag.last = [x, y];
  }

  released(event) {
    const { drag } = this;
    if (!drag) return;
    this.drag = null;
    const how = event.shiftKey ? "add" : event.altKey ? "remove" : "replace";
    if (drag.far && drag.lasso) this.act.select({ found: this.within(drag.m, drag.lasso) }, how);
    else if (!drag.far) {
      const i = this.nearest(drag.m, ...drag.start);
      if (i !== null) this.act.select({ found: [i] }, how === "add" && this.on[i] ? "remove" : how);
      else if (how === "replace") this.act.select(null);
    }
    this.drawOver();
  }

  /** Visible samples of map m inside a closed line. */
  within(m, line) {
    const found = [];
    for (let i = 0; i < this.samples.n; i++) {
      if (!this.seen[i]) continue;
      const [x, y] = this.at(m, i);
      if (!this.inside(m, x, y)) continue;
      let odd = false;
      for (let a = 0, b = line.length - 1; a < line.length; b = a++) {
        const [[x0, y0], [x1, y1]] = [line[a], line[b]];
        if (y0 > y !== y1 > y && x < ((x1 - x0) * (y - y0)) / (y1 - y0) + x0) odd = !odd;
      }
      if (odd) found.push(i);
    }
    return found;
  }

  save(address, ending) {
    make("a", { href: address, download: `${this.data.file}.${ending}` }).click();
  }

  savePng() {
    const { marks, samples } = this, canvas = make("canvas");
    [canvas.width, canvas.height] = [marks.width, marks.height];
    const pen = canvas.getContext("2d");
    pen.drawImage(this.base, 0, 0);
    pen.drawImage(this.over, 0, 0);
    pen.scale(this.ratio, this.ratio);
    pen.fillStyle = samples.look.ink;
    pen.font = "600 15px sans-serif";
    samples.models.forEach(({ title }, m) => pen.fillText(title, this.panels[m].x, this.panels[m].y - 8));
    this.save(canvas.toDataURL("image/png"), "png");
  }

  saveSvg() {
    const { samples, panels, width, height } = this, { look } = samples, parts = [];
    const escape = (text) => text.replace(/[<>&]/g, (sign) => `&#${sign.charCodeAt(0)};`);
    samples.models.forEach(({ title }, m) => {
      const { x, y, w, h } = panels[m];
      parts.push(`<text x="${x}" y="${y - 8}" font-family="sans-serif" font-size="15" fill="${look.ink}">${escape(title)}</text>`, `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="none" stroke="${look.muted}"/>`);
      for (const i of this.order) {
        const [px, py] = this.at(m, i);
        if (!this.seen[i] || !this.inside(m, px, py)) continue;
        const opacity = !this.picked ? 0.65 : this.on[i] ? 1 : 0.2, at = `${px.toFixed(1)},${py.toFixed(1)}`;
        if (samples.isForgotten(i)) parts.push(`<path d="M${at}m-3,-3l6,6m0,-6l-6,6" stroke="${look.forget}" stroke-opacity="${opacity}"/>`);
        else parts.push(`<circle cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="2.2" fill="${samples.colours[samples.labels[i]]}" fill-opacity="${opacity}"/>`);
      }
    });
    const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="${look.paper}"/>${parts.join("")}</svg>`;
    const address = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
    this.save(address, "svg");
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }
}
