// One plane of the 2-D lab: regions, points and readouts of one method at any epoch.

const LINE = 0.7; // how dark the border between two classes is
const NARROW = 230; // pixels; a plane this small names its classes by their initials

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

async function inflated(text) {
  const stream = new Blob([bytes(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function element(tag, parent, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return parent.appendChild(made);
}

class Panel {
  constructor(data, panel, cells, parent) {
    Object.assign(this, { data, cells, name: panel.name, epochs: panel.epochs, readouts: panel.readouts, note: panel.note });
    this.answers = bytes(panel.answers);
    this.before = bytes(panel.before);
    const figure = element("figure", parent);
    element("figcaption", figure, "", panel.name);
    this.plane = element("div", figure, "plane");
    this.regions = element("canvas", this.plane, "regions");
    this.regions.setAttribute("role", "img");
    this.regions.setAttribute("aria-label", `Decision regions, ${panel.name}`);
    this.regions.width = this.regions.height = data.size;
    this.image = new ImageData(data.size, data.size);
    this.image.data.fill(255);
    this.points = element("canvas", this.plane, "points");
    this.points.setAttribute("aria-hidden", "true");
    this.noteLine = element("p", figure, "note");
    const list = element("dl", figure);
    this.values = data.readouts.map((readout) => {
      element("dt", list, "", readout.name).title = readout.help;
      return element("dd", list);
    });
  }

  /** The frame at or before an epoch, the next one, and the fraction of the way to it. */
  at(epoch) {
    let frame = 0;
    while (frame + 1 < this.epochs.length && this.epochs[frame + 1] <= epoch) frame++;
    const next = Math.min(frame + 1, this.epochs.length - 1);
    return [frame, next, next > frame ? (epoch - this.epochs[frame]) / (this.epochs[next] - this.epochs[frame]) : 0];
  }

  draw(epoch, palette) {
    const [frame, next, part] = this.at(epoch);
    const place = frame + part;
    if (place !== this.place) this.drawRegions(frame, next, part, palette);
    this.place = place;
    if (frame !== this.frame) {
      this.frame = frame;
      this.readouts[frame].forEach((text, i) => (this.values[i].textContent = text));
      const last = frame === this.epochs.length - 1;
      this.noteLine.textContent = last ? this.note : "";
      this.drawPoints();
    }
  }

  drawRegions(frame, next, part, palette) {
    const { size, rim } = this.data, n = size ** 2, out = this.image.data, cells = this.cells, from = frame * n, to = next * n;
    const borders = this.bordersOf(part < 0.5 ? frame : next);
    for (let i = 0; i < n; i++) {
      const a = 3 * cells[from + i], b = 3 * cells[to + i], o = 4 * i, line = borders[i];
      for (let c = 0; c < 3; c++) {
        const colour = palette[a + c] + (palette[b + c] - palette[a + c]) * part;
        out[o + c] = colour + (rim[c] - colour) * line;
      }
    }
    this.regions.getContext("2d").putImageData(this.image, 0, 0);
  }

  /** How much of each cell the border between two classes covers: more where the model is less certain, so that it looks smooth. */
  bordersOf(frame) {
    if (this.bordered === frame) return this.borders;
    const { size, levels, classes } = this.data, n = size ** 2, least = 1 / classes.length;
    const cells = this.cells.subarray(frame * n, (frame + 1) * n), borders = (this.borders = new Float32Array(n));
    const margin = (cell) => Math.max(0, 2 * (least + ((1 - least) * (cell % levels)) / (levels - 1)) - 1);
    const compare = (i, j) => {
      if (Math.floor(cells[i] / levels) === Math.floor(cells[j] / levels)) return;
      const a = margin(cells[i]), b = margin(cells[j]), share = a + b ? a / (a + b) : 0.5; // where the border is between i and j
      borders[i] = Math.max(borders[i], LINE * Math.min(1, 1.15 - share));
      borders[j] = Math.max(borders[j], LINE * Math.min(1, 0.15 + share));
    };
    for (let i = 0; i < n; i++) {
      if (i % size < size - 1) compare(i, i + 1);
      if (i + size < n) compare(i, i + size);
    }
    this.bordered = frame;
    return borders;
  }

  drawPoints() {
    const { data, points: canvas } = this, { x, y, label } = data.points;
    const context = canvas.getContext("2d"), side = canvas.width, scale = side / this.plane.clientWidth || 1, r = 3.4 * scale;
    context.clearRect(0, 0, side, side);
    for (let i = 0; i < label.length; i++) {
      const kind = data.classes[label[i]], moved = this.answers[this.frame * label.length + i] !== this.before[i];
      const px = (0.5 + x[i] / data.extent / 2) * side, py = (0.5 - y[i] / data.extent / 2) * side;
      if (moved) {
        context.beginPath();
        context.arc(px, py, r + 2.6 * scale, 0, 7);
        context.strokeStyle = data.ink;
        context.lineWidth = 1.3 * scale;
        context.stroke();
      }
      mark(context, kind, px, py, r, data.paper, scale);
    }
    const size = Math.min(14 * scale, 0.5 * side);
    context.font = `600 ${size}px ${data.font}`;
    context.textBaseline = "middle";
    for (const kind of data.classes) {
      const [right, up] = kind.corner, py = up > 0 ? 13 * scale : side - 13 * scale;
      const text = this.plane.clientWidth < NARROW ? initials(kind.name) : kind.name;
      const width = context.measureText(text).width, px = right > 0 ? side - width - 7 * scale : 20 * scale;
      context.lineWidth = 4 * scale;
      context.lineJoin = "round";
      context.strokeStyle = data.paper;
      context.strokeText(text, px, py);
      context.fillStyle = data.ink;
      context.fillText(text, px, py);
      mark(context, kind, px - 10 * scale, py, 4 * scale, data.paper, scale);
    }
  }

  resize() {
    const side = Math.round(this.plane.clientWidth * Math.min(2, window.devicePixelRatio || 1));
    if (!side || this.points.width === side) return;
    this.points.width = this.points.height = side;
    if (this.frame !== undefined) this.drawPoints();
  }

  describe(epoch) {
    const values = this.data.readouts.map((readout, i) => `${readout.name} ${this.readouts[this.frame][i]}`).join(", ");
    this.regions.setAttribute("aria-label", `Decision regions, ${this.name}, epoch ${epoch}: ${values}.`);
  }

  answer(column, row) {
    const value = this.cells[this.frame * this.data.size ** 2 + row * this.data.size + column], levels = this.data.levels;
    const least = 1 / this.data.classes.length, sure = least + ((1 - least) * (value % levels)) / (levels - 1);
    return `${this.name}: ${this.data.classes[Math.floor(value / levels)].name} (${Math.round(100 * sure)} %)`;
  }
}

const initials = (name) => name.split("-").map((part) => part[0].toUpperCase()).join("");

function mark(context, kind, x, y, r, paper, scale) {
  context.beginPath();
  if (kind.forgotten) {
    for (const [width, colour] of [[4.2, paper], [2.2, kind.colour]]) {
      context.moveTo(x - r, y - r);
      context.lineTo(x + r, y + r);
      context.moveTo(x - r, y + r);
      context.lineTo(x + r, y - r);
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
