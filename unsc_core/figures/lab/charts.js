// @ts-check
// The charts of the 2-D lab below its planes, as SVG: accuracy by epoch, and gradients.

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} tag @param {Element} parent @param {Record<string, string | number>} attributes @param {string} [text] */
function shape(tag, parent, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  if (text !== undefined) made.textContent = text;
  return parent.appendChild(made);
}

/** An empty chart of some size, described for those who cannot see it. @param {Element} parent @param {number} width @param {number} height @param {string} words */
function chart(parent, width, height, words) {
  parent.replaceChildren();
  return shape("svg", parent, { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words });
}

/** "1.0 %" @param {number} share */
const percent = (share) => `${(100 * share).toFixed(1)}\u00a0%`;

/**
 * Accuracy on the retained classes by epoch for every method, and UNSC's on the forgotten class.
 * @param {Element} parent @param {Record<string, {forgotten: number, retained: number}[]>} curves
 * @param {{name: string, colour: string, dash: string, id: string}[]} methods @param {number} level of the retrained model
 * @param {number} last epoch @param {string} forget colour of the class to forget @param {number} narrow whether the page is
 */
function curvesChart(parent, curves, methods, level, last, forget, narrow) {
  const [w, h, left, top, right, bottom] = [narrow ? 380 : 900, 300, 46, 12, 12, 40];
  const x = (/** @type {number} */ epoch) => left + ((w - left - right) * epoch) / Math.max(1, last);
  const y = (/** @type {number} */ share) => top + (h - top - bottom) * (1 - share);
  const ends = methods.map(({ id, name }) => `${name} ${percent(curves[id].at(-1)?.retained ?? 0)}`).join(", ");
  const svg = chart(parent, w, h, `Lines by epoch: accuracy on the retained classes. At the epoch shown: ${ends}.`);
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    shape("line", svg, { x1: left, x2: w - right, y1: y(share), y2: y(share), class: "grid" });
    shape("text", svg, { x: left - 6, y: y(share) + 4, "text-anchor": "end" }, `${100 * share} %`);
  }
  for (const epoch of [0, 0.25, 0.5, 0.75, 1].map((part) => Math.round(part * last)))
    shape("text", svg, { x: x(epoch), y: h - bottom + 18, "text-anchor": "middle" }, String(epoch));
  shape("text", svg, { x: (left + w - right) / 2, y: h - 4, "text-anchor": "middle" }, "epoch");
  shape("line", svg, { x1: left, x2: w - right, y1: y(level), y2: y(level), class: "level" });
  const line = (/** @type {number[]} */ shares, /** @type {string} */ colour, /** @type {string} */ dash, width = 3) => {
    shape("polyline", svg, { points: shares.map((share, epoch) => `${x(epoch)},${y(share)}`).join(" "), fill: "none", stroke: colour, "stroke-width": width, "stroke-dasharray": dash });
    const end = shares.length - 1;
    shape("circle", svg, { cx: x(end), cy: y(shares[end]), r: width + 1.5, fill: colour });
  };
  for (const { id, colour, dash } of methods) line(curves[id].map((one) => one.retained), colour, dash);
  line(curves.unsc.map((one) => one.forgotten), forget, "2 3", 1.5);
}

/** One row of layer 1: the gradient and its projection as arrows, over the two directions of the inputs. @param {Element} parent @param {any} layer @param {number} row @param {Look} look */
function arrowsChart(parent, layer, row, look) {
  const side = 300, raw = layer.raw.subarray(2 * row, 2 * row + 2), free = layer.projected.subarray(2 * row, 2 * row + 2);
  const reach = 1.35 * Math.max(Math.abs(raw[0]), Math.abs(raw[1]), 1e-9), at = (/** @type {ArrayLike<number>} */ v) => [side / 2 + (side / 2) * (v[0] / reach), side / 2 - (side / 2) * (v[1] / reach)];
  const words = `Gradient of hidden unit ${row + 1} as an arrow (${number(raw[0])}, ${number(raw[1])}); projected into the null space it is (${number(free[0])}, ${number(free[1])}). ${layer.rank} of 2 directions are kept.`;
  const svg = chart(parent, side, side, words);
  shape("rect", svg, { x: 0.5, y: 0.5, width: side - 1, height: side - 1, fill: "none", class: "grid" });
  [0, 1].forEach((i) => {
    const v = [layer.vectors[i], layer.vectors[2 + i]].map((value) => 4 * reach * value), kept = i < layer.rank;
    const [x1, y1] = at(v), [x2, y2] = at(v.map((value) => -value));
    shape("line", svg, { x1, y1, x2, y2, stroke: kept ? look.muted : look.teal, "stroke-width": 2, "stroke-dasharray": kept ? "3 4" : "none" });
  });
  for (const [v, colour, width] of /** @type {[number[], string, number][]} */ ([[raw, look.ink, 7], [free, look.teal, 3.5]])) {
    const [x2, y2] = at(v), long = Math.hypot(x2 - side / 2, y2 - side / 2);
    if (long < 1) shape("circle", svg, { cx: side / 2, cy: side / 2, r: 6, fill: look.paper, stroke: colour, "stroke-width": 3 });
    else {
      const [ux, uy] = [(x2 - side / 2) / long, (y2 - side / 2) / long], tip = 2.4 * width;
      shape("line", svg, { x1: side / 2, y1: side / 2, x2: x2 - tip * ux, y2: y2 - tip * uy, stroke: colour, "stroke-width": width });
      const corners = [[x2, y2], [x2 - tip * ux - 0.7 * tip * uy, y2 - tip * uy + 0.7 * tip * ux], [x2 - tip * ux + 0.7 * tip * uy, y2 - tip * uy - 0.7 * tip * ux]];
      shape("polygon", svg, { points: corners.map((corner) => corner.join()).join(" "), fill: colour });
    }
  }
}

/** @param {number} value */
const number = (value) => value.toPrecision(2);

/** One row of layer 2: the gradient and its projection by hidden unit. @param {Element} parent @param {any} layer @param {number} row @param {string} name @param {Look} look */
function barsChart(parent, layer, row, name, look) {
  const [w, h] = [480, 300], n = layer.size, raw = layer.raw.subarray(n * row, n * (row + 1)), free = layer.projected.subarray(n * row, n * (row + 1));
  const most = Math.max(1e-12, ...Array.from(raw, Math.abs)), y = (/** @type {number} */ value) => h / 2 - (0.46 * h * value) / most, step = w / n;
  const svg = chart(parent, w, h, `Bars by hidden unit: the gradient of the weights to ${name}, length ${number(norm(raw))}, and its projection into the null space, length ${number(norm(free))}.`);
  shape("rect", svg, { x: 0.5, y: 0.5, width: w - 1, height: h - 1, fill: "none", class: "grid" });
  for (const [values, colour, share] of /** @type {[Float64Array, string, number][]} */ ([[raw, look.muted, 0.86], [free, look.teal, 0.46]]))
    values.forEach((value, i) => {
      const height = Math.abs(y(value) - h / 2);
      if (height > 0.05) shape("rect", svg, { x: step * (i + (1 - share) / 2), y: Math.min(y(value), h / 2), width: share * step, height, fill: colour });
    });
  shape("line", svg, { x1: 0, x2: w, y1: h / 2, y2: h / 2, class: "level" });
}
