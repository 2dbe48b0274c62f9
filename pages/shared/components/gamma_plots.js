// Parts of the γ cockpit: what all its plots share, the spectrum, and what is in reach.

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = { wide: 230, chart: 170 };
const LABELLED = ["0.5", "0.9", "0.99", "1", "0.8", "0.96", "0.999", "0.7", "0.98", "0.94", "0.97"]; // in order of importance
const LOWEST = -7; // power of ten at the foot of a spectrum

function put(tag, parent, attributes = {}, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return parent.appendChild(made);
}

function add(tag, parent, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return parent.appendChild(made);
}

/** A number as the pages write it: a true minus, and no sign where it rounds to 0. */
function written(value, digits, signed) {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return (value < 0 ? "−" : signed ? "+" : "") + text;
}

/** A percentage; never 100 unless it is. */
function percent(value) {
  const digits = value < 9.95 ? 1 : value < 99 || value === 100 ? 0 : 2;
  return `${(digits === 2 ? Math.floor(100 * value) / 100 : value).toFixed(digits)}\u00a0%`;
}

/** The index of the value nearest to `wanted`; of equally near ones, the one nearest to `from`. */
function nearest(values, wanted, from = 0) {
  let best = 0;
  values.forEach((value, i) => {
    const gain = Math.abs(values[best] - wanted) - Math.abs(value - wanted);
    if (gain > 0 || (gain === 0 && Math.abs(i - from) < Math.abs(best - from))) best = i;
  });
  return best;
}

/** The γ that have room for a label, at least `apart` pixels from one another: [text, position in pixels]. */
function labelled({ gammas, positions }, width, apart) {
  const found = [];
  for (const text of LABELLED) {
    const stop = gammas.indexOf(text), x = positions[stop] * width;
    if (stop >= 0 && found.every(([, other]) => Math.abs(other - x) >= apart)) found.push([text, x]);
  }
  return found;
}

/** An empty plot; what stays while γ moves is drawn into it once, and `cut` follows γ. */
class Plot {
  constructor(holder, height) {
    holder.replaceChildren();
    this.width = holder.clientWidth;
    Object.assign(this, { left: 46, right: this.width - 12, top: 8, low: height - 26 });
    this.svg = put("svg", holder, { height, viewBox: `0 0 ${this.width} ${height}`, role: "img" });
  }

  x(share) {
    return this.left + share * (this.right - this.left);
  }

  share(x) {
    return (x - this.left) / (this.right - this.left);
  }

  level(y, text) {
    put("line", this.svg, { x1: this.left, x2: this.right, y1: y, y2: y, class: "faint" });
    return put("text", this.svg, { x: this.left - 6, y: y + 5, "text-anchor": "end" }, text);
  }

  below(x, anchor, text) {
    put("text", this.svg, { x, y: this.low + 18, "text-anchor": anchor }, text);
  }

  gammaAxis(data) {
    put("line", this.svg, { x1: this.left, x2: this.right, y1: this.low, y2: this.low, class: "faint" });
    for (const [text, at] of labelled(data, this.right - this.left, 44)) {
      const x = this.left + at;
      put("line", this.svg, { x1: x, x2: x, y1: this.top, y2: this.low, class: "faint" });
      this.below(x, "middle", text);
    }
  }

  line(points, attributes) {
    return put("path", this.svg, { d: `M${points.map((point) => point.join(" ")).join("L")}`, fill: "none", ...attributes });
  }

  addCut() {
    this.cut = put("line", this.svg, { y1: this.top, y2: this.low, class: "cut" });
  }

  moveCut(x) {
    this.cut.setAttribute("x1", x);
    this.cut.setAttribute("x2", x);
  }

  describe(words) {
    this.svg.setAttribute("aria-label", words);
  }
}

/** One layer: log energy share of each direction, and the cut. */
class Spectrum extends Plot {
  constructor(holder, layer) {
    super(holder, HEIGHT.wide);
    this.layer = layer;
    const x = (direction) => this.x((direction - 0.5) / layer.size), y = (power) => this.top + ((this.low - this.top) * power) / LOWEST;
    for (const power of [0, -2, -4, -6]) {
      const text = this.level(y(power), power ? "10" : "1");
      if (power) put("tspan", text, { dy: -5, "font-size": 11 }, `−${-power}`);
    }
    const points = layer.directions.map((direction, i) => [x(direction), y(layer.shares[i])]);
    const clip = `unsc-${Math.random().toString(36).slice(2)}`;
    this.sides = ["muted", "teal"].map((colour) => this.side(points, `var(--${colour})`, `${clip}-${colour}`));
    this.below(this.left, "start", "1");
    this.below((this.left + this.right) / 2, "middle", "direction");
    this.below(this.right, "end", layer.size);
    this.addCut();
  }

  /** The whole spectrum in one colour, seen through a window as wide as its side of the cut. */
  side(points, colour, name) {
    const frame = put("rect", put("clipPath", this.svg, { id: name }), { y: 0, height: HEIGHT.wide });
    const group = put("g", this.svg, { "clip-path": `url(#${name})` }), curve = points.map((point) => point.join(" ")).join("L");
    put("path", group, { d: `M${points[0][0]} ${this.low}L${curve}L${points.at(-1)[0]} ${this.low}Z`, fill: colour, "fill-opacity": 0.18 });
    put("path", group, { d: `M${curve}`, fill: "none", stroke: colour, "stroke-width": 2 });
    return frame;
  }

  stop(x, current) {
    return nearest(this.layer.first, this.share(x) * this.layer.size, current);
  }

  draw(stop, gamma) {
    const { layer } = this, rank = layer.first[stop], x = this.x(rank / layer.size);
    [[0, x], [x, this.width]].forEach(([from, to], i) => {
      this.sides[i].setAttribute("x", from);
      this.sides[i].setAttribute("width", Math.max(0, to - from));
    });
    this.moveCut(x);
    const group = layer.groups > 1 ? ` (drawn: group 1 of ${layer.groups}, ${rank} of ${layer.size})` : "";
    const words = `Kept: ${layer.rank[stop]} of ${layer.dim} directions${group}, with ${percent(100 - layer.retained[stop])} of the retained classes’ energy. Free: ${layer.dim - layer.rank[stop]}.`;
    this.describe(`Energy share of each direction of ${layer.title}, falling, cut at γ = ${gamma}. ${words}`);
    return words;
  }
}

/** Every layer: how much of the forgotten samples' energy lies along free directions. */
class Reach extends Plot {
  constructor(holder, data, chosen) {
    super(holder, HEIGHT.wide);
    this.data = data;
    this.layer = data.layers[chosen];
    const highest = Math.max(...data.layers.flatMap(({ retained, reachable }) => [...retained, ...(reachable ?? [])]));
    this.most = Math.min(100, 20 * Math.ceil(highest / 20));
    for (const share of [0, this.most / 2, this.most]) this.level(this.y(share), `${share}%`);
    this.gammaAxis(data);
    this.over(this.layer.retained, { stroke: "var(--st-text-color)", "stroke-width": 1.5, "stroke-dasharray": "5 4", opacity: 0.75 });
    const order = data.layers.map((_, i) => i).sort((a, b) => (a === chosen) - (b === chosen)); // the chosen one on top
    this.dots = [];
    for (const i of order) {
      const own = i === chosen, colour = own ? "var(--teal)" : "var(--muted)";
      if (!data.layers[i].reachable) continue;
      this.over(data.layers[i].reachable, { stroke: colour, "stroke-width": own ? 3 : 1.2, opacity: own ? 1 : 0.6 });
      this.dots[i] = put("circle", this.svg, { r: own ? 5 : 3, fill: colour });
    }
    this.addCut();
  }

  y(share) {
    return this.low - ((this.low - this.top) * share) / this.most;
  }

  over(values, attributes) {
    this.line(values.map((value, i) => [this.x(this.data.positions[i]), this.y(value)]), attributes);
  }

  stop(x, current) {
    return nearest(this.data.positions, this.share(x), current);
  }

  draw(stop, gamma) {
    const x = this.x(this.data.positions[stop]), said = [];
    this.moveCut(x);
    this.dots.forEach((dot, i) => {
      const share = this.data.layers[i].reachable[stop];
      dot.setAttribute("cx", x);
      dot.setAttribute("cy", this.y(share));
      said.push(`layer ${i + 1} ${percent(share)}`);
    });
    const known = `Share of the forgotten samples’ energy along free directions, over γ. At γ = ${gamma}: ${said.join(", ")}. Dashed: of the retained classes’ energy in ${this.layer.title}, ${percent(this.layer.retained[stop])}.`;
    this.describe(said.length ? known : "Share of the forgotten samples’ energy along free directions, over γ: not known yet.");
  }
}
