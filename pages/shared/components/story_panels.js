// What the figure of the story is made of, and the panel below its map: bars of one kind or another.

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
    const { track, value } = row(rows, data.short[label], data.names[label]);
    block(track, 0, (100 * count) / counts[0][1], tone(data.colours[label]));
    value.textContent = count.toLocaleString("en");
  }
  return { root };
}

function legend(key, colour, words, faint = false) {
  const item = html("span", "", "", key);
  const sample = html("i", "", "", item);
  sample.style.background = both(colour);
  if (faint) sample.style.opacity = 0.4;
  item.append(words);
}

function row(rows, name, title = name) {
  const root = html("div", "row", "", rows);
  Object.assign(html("span", "name", name, root), { title });
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
      const made = row(rows, bars.short[i], name);
      made.root.classList.toggle("first", i === 0);
      made.parts = ["back", "front"].map((part) => html("i", part, "", made.track));
      html("i", "zero", "", made.track);
      made.tick = html("i", "tick away", "", made.track);
      made.ghost = html("i", "ghost away", "", made.track);
      return { name, ...made };
    });
    if (bars.left_out) html("div", "muted", bars.left_out, this.root);
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
      legend(this.key, colours.calibrated, "beyond the mask");
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
