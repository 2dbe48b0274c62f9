// Plays the frames of a 2-D lab run. Everything was sent at once: no frame asks the server.

const MOTION = window.matchMedia("(prefers-reduced-motion: reduce)");
const EPOCHS_PER_SECOND = 12, SHORTEST_S = 3, STILL_STEPS = 20, STILL_PAUSE_MS = 600;
const LINE = 0.7; // how dark the line between two answers is
const NARROW = 230; // pixels; a plane this small names its classes by their initials
const DRAWS = 30; // that the frame rate is the mean of

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

  /** The frame at or before an epoch, and how far the way to the next one is gone. */
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

  /** How much of each cell the line between two answers covers. Of two neighbours the less sure one is nearer to it, so steps become a slope. */
  bordersOf(frame) {
    if (this.bordered === frame) return this.borders;
    const { size, levels, classes } = this.data, n = size ** 2, least = 1 / classes.length;
    const cells = this.cells.subarray(frame * n, (frame + 1) * n), borders = (this.borders = new Float32Array(n));
    const margin = (cell) => Math.max(0, 2 * (least + ((1 - least) * (cell % levels)) / (levels - 1)) - 1);
    const compare = (i, j) => {
      if (Math.floor(cells[i] / levels) === Math.floor(cells[j] / levels)) return;
      const a = margin(cells[i]), b = margin(cells[j]), share = a + b ? a / (a + b) : 0.5; // of the way from i to j, where the line lies
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

class Player {
  constructor(root) {
    this.root = root;
    const find = (selector) => root.querySelector(selector);
    [this.play, this.range, this.out, this.probe] = [find(".play"), find("input"), find("output"), find(".probe")];
    this.play.onclick = () => (this.playing ? this.pause() : this.start());
    find(".back").onclick = () => this.jump(Math.ceil(this.epoch) - 1);
    find(".step").onclick = () => this.jump(Math.floor(this.epoch) + 1);
    this.range.oninput = () => this.jump(+this.range.value);
    this.hint = this.probe.textContent;
    this.tick = this.tick.bind(this);
  }

  async load(data) {
    this.key = data.key;
    const cells = await Promise.all(data.panels.map((panel) => inflated(panel.cells)));
    if (this.key !== data.key) return; // another run came meanwhile
    this.pauseQuietly();
    const holder = this.root.querySelector(".panels");
    holder.replaceChildren();
    this.data = data;
    this.palette = bytes(data.palette);
    this.panels = data.panels.map((panel, i) => new Panel(data, panel, cells[i], holder));
    this.range.max = data.last;
    this.watchSize();
    this.watchPointer();
    this.open();
  }

  /** At the epoch of the link; without one from the beginning, or at the end for those who want no motion. */
  open() {
    const asked = new URL(window.location).searchParams.get("epoch");
    this.epoch = 0;
    if (asked !== null && /^\d+$/.test(asked)) this.show(Math.min(+asked, this.data.last));
    else if (MOTION.matches) this.show(this.data.last);
    else return this.start();
    this.settle();
  }

  watchSize() {
    this.sizes?.disconnect();
    this.sizes = new ResizeObserver(() => this.panels.forEach((panel) => panel.resize()));
    this.panels.forEach((panel) => (panel.resize(), this.sizes.observe(panel.plane)));
  }

  watchPointer() {
    for (const { plane } of this.panels) {
      plane.onpointermove = (event) => {
        const box = plane.getBoundingClientRect(), size = this.data.size;
        const [column, row] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((share) =>
          Math.max(0, Math.min(size - 1, Math.floor(share * size))),
        );
        this.probe.textContent = this.panels.map((panel) => panel.answer(column, row)).join(" · ");
      };
      plane.onpointerleave = () => (this.probe.textContent = this.hint);
    }
  }

  show(epoch) {
    this.epoch = Math.max(0, Math.min(this.data.last, epoch));
    for (const panel of this.panels) panel.draw(this.epoch, this.palette);
    const whole = Math.floor(this.epoch);
    if (this.root.dataset.epoch !== String(whole) || !this.out.textContent) {
      this.root.dataset.epoch = whole;
      this.range.value = whole;
      this.range.setAttribute("aria-valuetext", `epoch ${whole} of ${this.data.last}`);
      this.out.textContent = `${whole} of ${this.data.last}`;
    }
  }

  start() {
    if (this.epoch >= this.data.last) this.show(0);
    this.playing = true;
    this.draws = [];
    this.play.textContent = "Pause";
    this.root.dataset.state = "playing";
    if (MOTION.matches) this.stepSlowly();
    else this.request = requestAnimationFrame(this.tick);
  }

  tick(now) {
    const last = this.draws.at(-1);
    const perSecond = Math.min(EPOCHS_PER_SECOND, this.data.last / SHORTEST_S);
    this.show(this.epoch + (last === undefined ? 0 : (perSecond * Math.min(now - last, 250)) / 1000));
    this.draws = [...this.draws.slice(-DRAWS), now];
    if (this.draws.length > 5) this.root.dataset.fps = ((1000 * (this.draws.length - 1)) / (now - this.draws[0])).toFixed(1);
    if (this.epoch >= this.data.last) this.pause();
    else if (this.playing) this.request = requestAnimationFrame(this.tick);
  }

  /** Whole epochs with pauses, for those who want no motion. */
  stepSlowly() {
    this.timer = setTimeout(() => {
      this.show(Math.floor(this.epoch) + Math.max(1, Math.round(this.data.last / STILL_STEPS)));
      if (this.epoch >= this.data.last) this.pause();
      else this.stepSlowly();
    }, STILL_PAUSE_MS);
  }

  pauseQuietly() {
    this.playing = false;
    cancelAnimationFrame(this.request);
    clearTimeout(this.timer);
  }

  pause() {
    this.pauseQuietly();
    this.show(Math.floor(this.epoch));
    this.settle();
  }

  jump(epoch) {
    if (!this.panels) return;
    this.pauseQuietly();
    this.show(epoch);
    this.settle();
  }

  /** Standing still: say so, describe the pictures, and put the epoch into the link. */
  settle() {
    this.play.textContent = "Play";
    this.root.dataset.state = "paused";
    this.panels.forEach((panel) => panel.describe(this.epoch));
    clearTimeout(this.linking);
    this.linking = setTimeout(() => {
      const link = new URL(window.location);
      link.searchParams.set("epoch", this.epoch);
      window.history.replaceState(window.history.state, "", link);
    }, 200); // browsers refuse to write the address many times a second
  }

  stop() {
    this.pauseQuietly();
    clearTimeout(this.linking);
    this.sizes?.disconnect();
  }
}

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".lab");
  root.player ??= new Player(root);
  if (root.player.key !== data.key) root.player.load(data);
  return () => root.player.stop();
}
