// @ts-check
// One plane of the 2-D lab: regions, points and readouts of one model.

const LINE = 0.7; // how dark the border between two classes is
const NARROW = 220; // pixels; a plane this small names its classes by their initials

/** @typedef {{name: string, colour: string, forgotten: boolean, at: number[]}} ClassLook */
/** @typedef {{cells: Uint8Array, answers: Uint8Array, stamp: number}} View */
/** @typedef {{name: string, ink: string, paper: string, muted: string, grid: string, teal: string, faint: number, strong: number, font: string}} Look */
/** @typedef {{classes: ClassLook[], x: number[], y: number[], extent: number, look: Look, palette: Uint8Array, version: number}} Scene */

/** @param {string} tag @param {Element} parent @param {string} [className] @param {string} [text] @returns {any} */
function element(tag, parent, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return parent.appendChild(made);
}

/** @param {string} hex */
const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** The colour of each value of a cell, stronger for confident predictions; three bytes each. @param {ClassLook[]} classes @param {Look} look */
function palette(classes, look) {
  const made = new Uint8Array(3 * LEVELS * classes.length), paper = rgb(look.paper);
  classes.forEach(({ colour }, c) => {
    for (let level = 0; level < LEVELS; level++) {
      const strength = look.faint + ((look.strong - look.faint) * level) / (LEVELS - 1);
      rgb(colour).forEach((value, i) => (made[3 * (c * LEVELS + level) + i] = Math.round(paper[i] + strength * (value - paper[i]))));
    }
  });
  return made;
}

/** How much of each cell the border between two classes covers: more where the model is less certain, so that it looks smooth. @param {Uint8Array} cells @param {number} classes */
function borders(cells, classes) {
  const found = new Float32Array(cells.length), least = 1 / classes;
  const margin = (/** @type {number} */ cell) => Math.max(0, 2 * (least + ((1 - least) * (cell % LEVELS)) / (LEVELS - 1)) - 1);
  const compare = (/** @type {number} */ i, /** @type {number} */ j) => {
    if (Math.floor(cells[i] / LEVELS) === Math.floor(cells[j] / LEVELS)) return;
    const a = margin(cells[i]), b = margin(cells[j]), share = a + b ? a / (a + b) : 0.5; // where the border is between i and j
    found[i] = Math.max(found[i], LINE * Math.min(1, 1.15 - share));
    found[j] = Math.max(found[j], LINE * Math.min(1, 0.15 + share));
  };
  for (let i = 0; i < cells.length; i++) {
    if (i % SIZE < SIZE - 1) compare(i, i + 1);
    if (i + SIZE < cells.length) compare(i, i + SIZE);
  }
  return found;
}

/** A point's mark: a cross for the class to forget, else a disc. @param {CanvasRenderingContext2D} context @param {ClassLook} kind @param {number} x @param {number} y @param {number} r @param {string} paper @param {number} scale */
function mark(context, kind, x, y, r, paper, scale) {
  context.beginPath();
  if (kind.forgotten) {
    for (const [width, colour] of /** @type {[number, string][]} */ ([[4.2, paper], [2.2, kind.colour]])) {
      for (const side of [-1, 1]) {
        context.moveTo(x - r, y - side * r);
        context.lineTo(x + r, y + side * r);
      }
      context.lineWidth = width * scale;
      context.strokeStyle = colour;
      context.stroke();
    }
    return;
  }
  context.arc(x, y, r, 0, 7);
  context.lineWidth = 1.6 * scale;
  context.strokeStyle = paper;
  context.stroke();
  context.fillStyle = kind.colour;
  context.fill();
}

class Plane {
  /** @param {{id: string, name: string, note: string}} model @param {{name: string, help: string}[]} readouts @param {Element} parent */
  constructor(model, readouts, parent) {
    this.id = model.id;
    this.name = model.name;
    const figure = element("figure", parent);
    figure.dataset.model = model.id;
    element("figcaption", figure, "", model.name);
    this.box = element("div", figure, "plane");
    this.regions = element("canvas", this.box, "regions");
    this.regions.setAttribute("role", "img");
    this.regions.setAttribute("aria-label", `Decision regions, ${model.name}`);
    this.regions.width = this.regions.height = SIZE;
    this.image = new ImageData(SIZE, SIZE);
    this.image.data.fill(255);
    this.points = element("canvas", this.box, "points");
    this.points.setAttribute("aria-hidden", "true");
    const list = element("dl", figure);
    this.values = readouts.map((readout) => {
      const pair = element("div", list);
      element("dt", pair, "", readout.name).title = readout.help;
      return element("dd", pair);
    });
    this.note = element("p", figure, "note", model.note);
    this.drawn = "";
    /** @type {View | undefined} */
    this.view = undefined;
  }

  /** @param {Scene} scene @param {View} view @param {string[]} texts of the readouts @param {Uint8Array} before predictions of the original @param {string} [note] */
  draw(scene, view, texts, before, note) {
    if (this.view?.stamp !== view.stamp || this.colours !== scene.palette) this.drawRegions(scene, view.cells);
    this.colours = scene.palette;
    this.view = view;
    this.scene = scene;
    this.before = before;
    texts.forEach((text, i) => {
      if (this.values[i].textContent !== text) this.values[i].textContent = text;
    });
    if (note !== undefined && this.note.textContent !== note) this.note.textContent = note;
    this.drawPoints(scene);
  }

  /** @param {Scene} scene @param {Uint8Array} cells */
  drawRegions(scene, cells) {
    const out = this.image.data, lines = borders(cells, scene.classes.length), rim = rgb(scene.look.ink), colours = scene.palette;
    for (let i = 0; i < cells.length; i++)
      for (let c = 0, from = 3 * cells[i], to = 4 * i; c < 3; c++, from++, to++) out[to] = colours[from] + (rim[c] - colours[from]) * lines[i];
    this.regions.getContext("2d").putImageData(this.image, 0, 0);
  }

  /** Draws the points where they are now, outlined where the prediction differs from the original's. @param {Scene} scene */
  drawPoints(scene) {
    const canvas = this.points, side = canvas.width, scale = side / this.box.clientWidth || 1;
    if (!this.view || !this.before || !side || !this.box.clientWidth) return; // nothing to draw, or not on the page
    const { answers } = this.view, before = this.before;
    const moved = Array.from(scene.y, (_, i) => Number(answers.length === scene.y.length && answers[i] !== before[i]));
    const drawn = [side, scene.version, moved.join("")].join();
    if (this.drawn === drawn) return;
    this.drawn = drawn;
    const context = canvas.getContext("2d"), reach = Math.ceil(8 * scale);
    context.clearRect(0, 0, side, side);
    const stamps = stampsOf(scene, reach, scale);
    scene.y.forEach((label, i) => {
      const px = (0.5 + scene.x[2 * i] / scene.extent / 2) * side, py = (0.5 - scene.x[2 * i + 1] / scene.extent / 2) * side;
      context.drawImage(stamps[label][moved[i]], px - reach, py - reach);
    });
    this.drawNames(context, scene, side, scale);
  }

  /** @param {CanvasRenderingContext2D} context @param {Scene} scene @param {number} side @param {number} scale */
  drawNames(context, scene, side, scale) {
    const { look } = scene;
    context.font = `600 ${14 * scale}px ${look.font}`;
    context.textBaseline = "middle";
    context.lineJoin = "round";
    scene.classes.forEach((kind, c) => {
      if (!scene.y.includes(c)) return;
      const text = this.box.clientWidth < NARROW ? initials(kind.name) : kind.name;
      const width = context.measureText(text).width, half = side / 2 / scene.extent;
      const px = Math.max(20 * scale, Math.min(side - width - 7 * scale, scene.extent * half + kind.at[0] * half - width / 2));
      const py = Math.max(13 * scale, Math.min(side - 13 * scale, scene.extent * half - kind.at[1] * half));
      context.lineWidth = 4 * scale;
      context.strokeStyle = look.paper;
      context.strokeText(text, px, py);
      context.fillStyle = look.ink;
      context.fillText(text, px, py);
      mark(context, kind, px - 10 * scale, py, 4 * scale, look.paper, scale);
    });
  }

  resize() {
    const side = Math.round(this.box.clientWidth * Math.min(2, window.devicePixelRatio || 1));
    if (!side || this.points.width === side) return;
    this.points.width = this.points.height = side;
    this.drawn = "";
    if (this.scene) this.drawPoints(this.scene);
  }

  /** What is predicted at a cell, in words. @param {number} column @param {number} row */
  answer(column, row) {
    if (!this.view || !this.scene) return "";
    const value = this.view.cells[row * SIZE + column], { classes } = this.scene, least = 1 / classes.length;
    const sure = least + ((1 - least) * (value % LEVELS)) / (LEVELS - 1);
    return `${this.name}: ${classes[Math.floor(value / LEVELS)].name} (${Math.round(100 * sure)} %)`;
  }

  /** @param {number} epoch @param {{name: string}[]} readouts */
  describe(epoch, readouts) {
    const values = readouts.map((readout, i) => `${readout.name} ${this.values[i].textContent}`).join(", ");
    this.regions.setAttribute("aria-label", `Decision regions, ${this.name}, epoch ${epoch}: ${values}.`);
  }
}

/** @param {string} name */
const initials = (name) => name.split(/[- ]/).map((part) => part[0].toUpperCase()).join("");

/** @type {WeakMap<Uint8Array, Map<number, HTMLCanvasElement[][]>>} */
const STAMPS = new WeakMap();

/** Of every class its stamp without and with a ring; made once for a palette and scale. @param {Scene} scene @param {number} reach @param {number} scale */
function stampsOf(scene, reach, scale) {
  const known = STAMPS.get(scene.palette) ?? new Map();
  STAMPS.set(scene.palette, known);
  if (!known.has(scale)) known.set(scale, scene.classes.map((kind) => [false, true].map((ring) => stamp(kind, ring, reach, scale, scene.look))));
  return known.get(scale);
}

/** A drawn point, to be copied to many places. @param {ClassLook} kind @param {boolean} ring @param {number} reach @param {number} scale @param {Look} look */
function stamp(kind, ring, reach, scale, look) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 2 * reach;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")), r = 3.4 * scale;
  if (ring) {
    context.beginPath();
    context.arc(reach, reach, r + 2.6 * scale, 0, 7);
    context.strokeStyle = look.ink;
    context.lineWidth = 1.3 * scale;
    context.stroke();
  }
  mark(context, kind, reach, reach, r, look.paper, scale);
  return canvas;
}
