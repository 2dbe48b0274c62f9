// Parts of the γ cockpit: where the samples are after unlearning at the nearest γ that was run.

const STILL = window.matchMedia("(prefers-reduced-motion: reduce)");
const GLIDE_MS = 320;
const GRID = 1000; // places along each axis

class GammaMap {
  constructor(figure, root) {
    this.figure = figure;
    this.root = root;
    this.canvas = figure.querySelector("canvas");
    this.over = figure.querySelector(".over");
    this.title = figure.querySelector(".of");
    this.here = [];
  }

  build(data) {
    const { map } = data, { canvas } = this, scale = Math.min(2, window.devicePixelRatio || 1);
    this.data = data;
    this.scale = scale;
    canvas.width = Math.round(canvas.clientWidth * scale);
    canvas.height = Math.round(canvas.clientHeight * scale);
    this.order = [0, 1].flatMap((gone) => map.marks.flatMap((one, i) => (one[1] === gone ? [i] : []))); // the forgotten on top
    const under = this.figure.querySelector(".under");
    under.replaceChildren();
    add("span", under, "forget", "× ");
    under.append(`${map.forgotten}, to forget · ● retained, one colour per class · ${map.marks.length} ${map.part} samples on a PCA map of the original’s logits`);
    this.shown = undefined;
  }

  /** Show the run at a stop, or why there is none for the value of the sweep that is looked at. */
  draw(run, missing) {
    const { map, gammas } = this.data, shown = map.places[run] ? run : undefined;
    this.figure.classList.toggle("dim", Boolean(missing));
    this.over.hidden = !missing;
    this.over.textContent = missing;
    this.title.textContent = shown === undefined ? "" : `unlearned at γ = ${gammas[shown]}`;
    this.canvas.setAttribute("aria-label", shown === undefined ? "No map yet." : `${map.marks.length} samples after unlearning at γ = ${gammas[shown]}; crosses are to be forgotten.${missing ? ` ${missing}` : ""}`);
    if (shown === this.shown) return;
    this.shown = shown;
    this.glide(shown === undefined ? [] : map.places[shown]);
  }

  glide(target) {
    cancelAnimationFrame(this.next);
    const from = this.here.length === target.length && !STILL.matches ? this.here : target, began = performance.now();
    const step = (now) => {
      const time = from === target ? 1 : Math.min(1, Math.max(0.03, (now - began) / GLIDE_MS)), share = time * (2 - time);
      this.here = target.map((value, i) => from[i] + (value - from[i]) * share);
      this.paint();
      if (time < 1) this.next = requestAnimationFrame(step);
    };
    step(began);
  }

  paint() {
    const { canvas, here, scale, data } = this, context = canvas.getContext("2d"), pad = 12 * scale;
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!here.length) return;
    this.x = (value) => pad + (value / GRID) * (canvas.width - 2 * pad);
    this.y = (value) => pad + (value / GRID) * (canvas.height - 2 * pad);
    for (const i of this.order) {
      const [colour, gone] = data.map.marks[i];
      this.sample(context, this.x(here[2 * i]), this.y(here[2 * i + 1]), colour, gone);
    }
    this.names(context);
  }

  sample(context, x, y, colour, gone) {
    const r = 2.6 * this.scale;
    context.beginPath();
    if (gone) {
      for (const side of [-1, 1]) {
        context.moveTo(x - r, y - side * r);
        context.lineTo(x + r, y + side * r);
      }
      context.strokeStyle = colour;
      context.lineWidth = 1.7 * this.scale;
      context.stroke();
      return;
    }
    context.arc(x, y, r, 0, 7);
    context.globalAlpha = 0.75;
    context.fillStyle = colour;
    context.fill();
    context.globalAlpha = 1;
  }

  /** Names of classes at their middles in the original, one below the other where they would overlap. */
  names(context) {
    const { scale } = this, { width, height } = this.canvas, style = getComputedStyle(this.root), taken = [];
    const [ink, paper] = [style.color, style.getPropertyValue("--st-background-color")];
    const forget = this.data.map.marks.find((one) => one[1])?.[0] ?? ink;
    context.font = `600 ${14 * scale}px ${style.fontFamily}`;
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 4 * scale;
    context.strokeStyle = paper;
    for (const [name, nx, ny, gone] of [...this.data.map.names].sort((a, b) => b[3] - a[3] || a[2] - b[2])) {
      const wide = context.measureText(name).width, left = Math.max(3 * scale, Math.min(width - wide - 3 * scale, this.x(nx) - wide / 2));
      let middle = this.y(ny);
      for (const other of taken.sort((a, b) => a.middle - b.middle))
        if (left < other.left + other.wide + 4 * scale && other.left < left + wide + 4 * scale && Math.abs(middle - other.middle) < 16 * scale) middle = other.middle + 16 * scale;
      middle = Math.max(9 * scale, Math.min(height - 9 * scale, middle));
      taken.push({ left, wide, middle });
      context.strokeText(name, left, middle);
      context.fillStyle = gone ? forget : ink;
      context.fillText(name, left, middle);
    }
  }
}
