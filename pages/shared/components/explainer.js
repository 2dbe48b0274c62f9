// A cloud of a layer's inputs in three directions, a change of one weight row, and what it moves.

const SVG = "http://www.w3.org/2000/svg";
const CHART = { left: 66, top: 12, width: 342, height: 280 };
const ARROW = 1.05; // drawn length of the longest step along one direction

export const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const rms = (values) => Math.sqrt(dot(values, values) / Math.max(values.length, 1));

/** How many leading directions hold at least the share γ of the energy. */
export function rank(energies, gamma) {
  const total = energies.reduce((a, b) => a + b, 0), rounding = energies[0] * energies.length * 2.2e-16;
  let kept = 0, k = 0;
  while (k < energies.length && kept < gamma * total) kept += energies[k++];
  return Math.min(k, energies.filter((one) => one > rounding).length);
}

/** The step without its part along kept directions. */
export const projected = (step, kept) => step.map((value, i) => (kept[i] ? 0 : value));

/** What a step moves: root mean square of Δw·x over some inputs. */
export const movement = (step, inputs) => rms(inputs.map((x) => dot(step, x)));

function element(name, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

/** Screen pixels of one unit of a drawing. */
const pixels = (svg) => svg.getScreenCTM()?.a || 150;

const percent = (share) => {
  const value = 100 * share;
  if (value === 0) return "0\u00a0%";
  return `${value < 0.995 ? value.toPrecision(1) : value < 9.95 ? value.toFixed(1) : value.toFixed(0)}\u00a0%`;
};
const number = (value) => (Math.abs(value) < 1e-6 ? "0" : Math.abs(value) < 0.0995 ? value.toPrecision(2) : value.toFixed(2)).replace("-", "−");

class Explainer {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.state = { turn: 0.62, tilt: 0.42, project: false, own: false, fit: Boolean(data.fit), ...data.start, step: [...data.start.step] };
    this.build();
    this.draw();
  }

  part(selector) { return this.root.querySelector(selector); }

  /** The cloud as the controls have it: inputs, energies, what is kept. */
  cloud() {
    const { data, state } = this;
    if (!data.toy) return { inputs: data.inputs, energy: data.energy, kept: data.kept, outputs: data.outputs };
    const spread = [...data.spread.map((share) => Math.sqrt(share * (1 - state.off_plane))), Math.sqrt(state.off_plane)];
    const inputs = data.inputs.map((x, i) => data.forgotten[i]
      ? [x[0], x[1], x[2] * (1 - state.in_plane) + spread[2] * data.flat[i] * state.in_plane]
      : x.map((value, j) => value * spread[j]));
    const energy = [0, 1, 2].map((j) => spread[j] ** 2);
    const k = rank(energy, state.gamma);
    return { inputs, energy, kept: energy.map((_, i) => i < k), outputs: inputs.map((x) => dot(x, data.row)) };
  }

  build() {
    const { data } = this;
    const questions = this.part(".questions");
    questions.replaceChildren(...(data.chapters || []).map((chapter, i) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = `${i + 1} · ${chapter.question}`;
      button.setAttribute("role", "tab");
      button.addEventListener("click", () => this.open(i));
      return button;
    }));
    questions.onkeydown = (event) => {
      const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!move) return;
      const last = data.chapters.length - 1;
      this.open(Math.min(last, Math.max(0, this.state.chapter + move)));
      questions.children[this.state.chapter].focus();
    };
    this.part(".controls").replaceChildren(...this.controls());
    this.turning();
    if (data.chapters) this.open(0, false);
  }

  open(i, draw = true) {
    const chapter = this.data.chapters[i];
    Object.assign(this.state, structuredClone(chapter.state), { chapter: i });
    [...this.part(".questions").children].forEach((button, j) => {
      button.setAttribute("aria-selected", String(i === j));
      button.tabIndex = i === j ? 0 : -1;
      if (i === j && draw) button.scrollIntoView({ block: "nearest", inline: "nearest" });
    });
    this.part(".prose").innerHTML = chapter.text;
    if (draw) this.draw();
  }

  controls() {
    const { data, state } = this, made = [];
    const slider = (name, label, [low, high, by], get, set) => {
      const box = document.createElement("label"), input = document.createElement("input"), words = document.createElement("span");
      Object.assign(input, { type: "range", min: low, max: high, step: by, name });
      input.setAttribute("aria-label", label(get()));
      input.addEventListener("input", () => { set(Number(input.value)); this.draw(); });
      box.append(words, input);
      box.sync = () => { words.textContent = label(get()); input.value = get(); input.setAttribute("aria-label", label(get())); };
      box.dataset.control = name;
      made.push(box);
      return box;
    };
    const check = (name, label) => {
      const box = document.createElement("label"), input = document.createElement("input");
      Object.assign(input, { type: "checkbox", name });
      box.className = "switch";
      box.append(input, label);
      input.addEventListener("change", () => { state[name] = input.checked; this.draw(); });
      box.sync = () => { input.checked = state[name]; };
      box.dataset.control = name;
      made.push(box);
    };
    check("project", data.words.project);
    data.axes.forEach((axis, i) => slider(
      `step${i}`, (value) => `Δw ${axis.along}: ${number(value)}`, [-data.longest, data.longest, data.longest / 100],
      () => state.step[i], (value) => { state.step[i] = value; state.own = false; },
    ));
    if (data.toy) {
      slider("off_plane", (value) => `Energy off the plane: ${percent(value)}`, [0, 0.12, 0.01], () => state.off_plane, (value) => { state.off_plane = value; });
      slider("gamma", (value) => `γ = ${value.toFixed(2)}`, [0.5, 1, 0.01], () => state.gamma, (value) => { state.gamma = value; });
      slider("in_plane", (value) => `Forgotten samples: ${value < 0.05 ? "off the plane" : value > 0.95 ? "in the plane" : "between"}`, [0, 1, 0.05], () => state.in_plane, (value) => { state.in_plane = value; });
    } else {
      check("fit", data.words.fit);
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = data.words.own;
      button.addEventListener("click", () => { state.step = [...data.change]; state.own = true; this.draw(); });
      button.sync = () => {};
      button.dataset.control = "own";
      made.push(button);
    }
    slider("turn", () => "Turn the picture", [-3.14, 3.14, 0.01], () => state.turn, (value) => { state.turn = value; });
    return made;
  }

  /** Dragging the background turns the picture, dragging the tip changes the step. */
  turning() {
    const svg = this.part(".cloud svg");
    let from = null;
    svg.onpointerdown = (event) => {
      from = { x: event.clientX, y: event.clientY, tip: event.target.closest(".tip") !== null, turn: this.state.turn, tilt: this.state.tilt, step: [...this.state.step] };
      svg.setPointerCapture(event.pointerId);
    };
    svg.onpointermove = (event) => {
      if (!from) return;
      const scale = 1 / pixels(svg);
      const dx = (event.clientX - from.x) * scale, dy = (event.clientY - from.y) * scale;
      if (from.tip) this.pull(from.step, dx, dy);
      else Object.assign(this.state, { turn: wrap(from.turn + dx * 1.2), tilt: Math.max(-1.5, Math.min(1.5, from.tilt + dy * 1.2)) });
      this.draw();
    };
    svg.onpointerup = svg.onpointercancel = () => { from = null; };
  }

  /** The step whose tip lies (dx, dy) beside that of another one, in the plane of the screen. */
  pull(step, dx, dy) {
    const { right, up } = this.view(), { longest } = this.data;
    this.state.own = false;
    this.state.step = step.map((value, i) => {
      const pulled = value + (right[i] * dx - up[i] * dy) * longest / ARROW;
      return Math.max(-longest, Math.min(longest, pulled));
    });
  }

  view() {
    const { turn, tilt } = this.state, [c, s, ct, st] = [Math.cos(turn), Math.sin(turn), Math.cos(tilt), Math.sin(tilt)];
    return { right: [c, -s, 0], up: [-s * st, -c * st, ct], near: [-s * ct, -c * ct, -st] };
  }

  draw() {
    const cloud = this.cloud(), { state, data } = this;
    const free = projected(state.step, cloud.kept), step = state.project ? free : state.step;
    this.drawCloud(cloud, step, free);
    this.drawOutputs(cloud, step);
    this.read(cloud, step);
    for (const control of this.part(".controls").children) control.sync();
    this.root.dataset.step = JSON.stringify(step);
    this.part(".cloud figcaption").textContent = data.words.caption;
    this.part(".outputs figcaption").textContent = data.words.outputs;
  }

  drawCloud(cloud, step, free) {
    const { data, state } = this, svg = this.part(".cloud svg"), { right, up, near } = this.view();
    const place = (v) => [dot(v, right), -dot(v, up)];
    const reach = cloud.inputs.reduce((most, x) => most.map((one, i) => Math.max(one, Math.abs(x[i]))), [1e-9, 1e-9, 1e-9]);
    const scale = data.toy ? [2.2, 2.2, 2.2] : state.fit ? reach : reach.map(() => Math.max(...reach));
    const unit = (i, length) => [0, 1, 2].map((j) => (i === j ? length : 0));
    const line = (a, b, more) => { const [p, q] = [place(a), place(b)]; return element("line", { x1: p[0], y1: p[1], x2: q[0], y2: q[1], ...more }); };
    const shapes = [];
    const sheet = (axes, colour) => {
      if (axes.length !== 2) return;
      const corners = [[1, 1], [1, -1], [-1, -1], [-1, 1]].map(([a, b]) => place(unit(axes[0], a * 1.12).map((v, j) => v + unit(axes[1], b * 1.12)[j])));
      shapes.push(element("polygon", { points: corners.map((p) => p.join()).join(" "), fill: colour, "fill-opacity": 0.1, stroke: colour, "stroke-opacity": 0.35, "stroke-width": 0.006 }));
    };
    const which = (kept) => [0, 1, 2].filter((i) => cloud.kept[i] === kept);
    sheet(which(true), data.look.ink);
    sheet(which(false), data.look.teal);
    for (const i of [0, 1, 2]) {
      const colour = cloud.kept[i] ? data.look.muted : data.look.teal;
      shapes.push(line(unit(i, -1.15), unit(i, 1.15), { stroke: colour, "stroke-width": cloud.kept[i] ? 0.008 : 0.014, "stroke-dasharray": cloud.kept[i] ? "none" : ".05 .03" }));
    }
    const depth = cloud.inputs.map((x, i) => { const v = x.map((value, j) => value / scale[j]); return [dot(v, near), v, i]; });
    depth.sort((a, b) => b[0] - a[0]);
    for (const [far, v, i] of depth) {
      const [x, y] = place(v), size = 0.024 - 0.005 * far;
      shapes.push(data.forgotten[i]
        ? element("path", { d: `M${x - size} ${y - size}l${2 * size} ${2 * size}m0 ${-2 * size}l${-2 * size} ${2 * size}`, stroke: data.look.forget, "stroke-width": 0.016, "fill": "none" })
        : element("circle", { cx: x, cy: y, r: size, fill: data.look.retain, "fill-opacity": 0.75 }));
    }
    const arrow = (v, colour, more) => {
      const tip = v.map((value) => value / data.longest * ARROW), [x, y] = place(tip), length = Math.hypot(x, y);
      shapes.push(line([0, 0, 0], tip, { stroke: colour, "stroke-width": 0.026, "stroke-linecap": "round", ...more }));
      if (length > 0.08) {
        const [ux, uy] = [x / length * 0.09, y / length * 0.09];
        shapes.push(element("path", { d: `M${x} ${y}L${x - ux - uy * 0.6} ${y - uy + ux * 0.6}L${x - ux + uy * 0.6} ${y - uy - ux * 0.6}Z`, fill: colour, ...more }));
      }
      return [x, y];
    };
    if (state.project) arrow(free, data.look.teal, {});
    const [x, y] = arrow(state.step, data.look.ink, state.project ? { "stroke-dasharray": ".02 .05", opacity: 0.7 } : {});
    const tip = element("circle", { class: "tip", cx: x, cy: y, r: 0.11, fill: data.look.ink, "fill-opacity": 0.12, stroke: data.look.ink, "stroke-width": 0.008 });
    shapes.push(tip, ...[0, 1, 2].map((i) => {
      const [a, b] = place(unit(i, 1.27));
      const anchor = a > 0.5 ? "end" : a < -0.5 ? "start" : "middle";
      return element("text", { x: Math.max(-1.6, Math.min(1.6, a)), y: Math.max(-1.2, Math.min(1.26, b + 0.03)), "font-size": Math.max(0.088, 13.5 / pixels(svg)), "text-anchor": anchor, class: "halo" }, data.axes[i].label);
    }));
    svg.replaceChildren(...shapes);
    svg.setAttribute("aria-label", data.words.alt);
  }

  drawOutputs(cloud, step) {
    const { data } = this, svg = this.part(".outputs svg"), { left, top, width, height } = CHART;
    const low = Math.min(...cloud.outputs), high = Math.max(...cloud.outputs), room = 0.35 * (high - low || 1);
    const [from, to] = [low - room, high + room];
    const x = (value) => left + (value - from) / (to - from) * width;
    const y = (value) => top + height - (Math.max(from, Math.min(to, value)) - from) / (to - from) * height;
    const grey = { stroke: data.look.muted, "stroke-width": 1 };
    const shapes = [
      element("rect", { x: left, y: top, width, height, fill: "none", stroke: data.look.grid }),
      element("line", { x1: x(from), y1: y(from), x2: x(to), y2: y(to), ...grey, "stroke-dasharray": "4 4" }),
      element("text", { x: left + width / 2, y: top + height + 40, "text-anchor": "middle", "font-size": 16 }, data.words.before),
      element("text", { x: 16, y: top + height / 2, "text-anchor": "middle", "font-size": 16, transform: `rotate(-90 16 ${top + height / 2})` }, data.words.after),
    ];
    const decimals = to - from > 8 ? 0 : to - from > 0.8 ? 1 : 2;
    for (let i = 0; i <= 4; i++) {
      const value = from + (to - from) * i / 4, text = value.toFixed(decimals).replace("-", "−");
      shapes.push(element("text", { x: x(value), y: top + height + 19, "text-anchor": "middle", "font-size": 14.5 }, text));
      shapes.push(element("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end", "font-size": 14.5 }, text));
    }
    for (const kind of [0, 1]) cloud.inputs.forEach((input, i) => {
      if (Number(data.forgotten[i]) !== kind) return;
      const [px, before, after] = [x(cloud.outputs[i]), y(cloud.outputs[i]), y(cloud.outputs[i] + dot(step, input))];
      const colour = kind ? data.look.forget : data.look.retain;
      shapes.push(element("line", { x1: px, y1: before, x2: px, y2: after, stroke: colour, "stroke-opacity": 0.35 }));
      shapes.push(kind
        ? element("path", { d: `M${px - 4} ${after - 4}l8 8m0 -8l-8 8`, stroke: colour, "stroke-width": 1.8 })
        : element("circle", { cx: px, cy: after, r: 3.4, fill: colour, "fill-opacity": 0.75 }));
    });
    svg.replaceChildren(...shapes);
    svg.setAttribute("aria-label", data.words.outputs);
  }

  read(cloud, step) {
    const { data, state } = this;
    const of = (forgotten) => cloud.inputs.map((x, i) => [x, cloud.outputs[i]]).filter((_, i) => Boolean(data.forgotten[i]) === forgotten);
    const moved = [false, true].map((kind) => {
      const some = of(kind), size = rms(some.map(([, out]) => out));
      const by = movement(step, some.map(([x]) => x));
      return { by, share: size ? by / size : 0 };
    });
    const free = cloud.kept.filter((kept) => !kept).length, length = Math.sqrt(dot(step, step));
    const kept = Math.sqrt(dot(state.step, state.step));
    let text = `${state.project ? "Projected, ‖Δw‖ =" : "‖Δw‖ ="} ${number(length)}${state.project && kept ? ` of ${number(kept)}` : ""}. `;
    if (!kept) text = `${data.words.drag} `;
    else if (state.project && !free) text += `${data.words.none_free} `;
    else if (state.project && length < 1e-9) text += `${data.words.nothing_left} `;
    else text += `w·x moves by ${number(moved[0].by)} for retained inputs (${percent(moved[0].share)} of their size) and by ${number(moved[1].by)} for forgotten ones (${percent(moved[1].share)}), root mean square.`;
    if (state.own) text += ` ${data.words.is_own}`;
    this.part(".reading").textContent = text;
    this.root.dataset.moved = JSON.stringify(moved.map((one) => one.by));
  }
}

const wrap = (angle) => angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".explain"), text = JSON.stringify(data);
  if (root.shown === text) return;
  const before = root.explainer?.state;
  root.shown = text;
  if (before && data.keep === root.explainer.data.keep) data = { ...data, start: { ...data.start, ...before } };
  root.explainer = new Explainer(root, data);
}
