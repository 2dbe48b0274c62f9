// Parts of the γ cockpit: what came of the runs, one small chart for each measure.

const DASHES = { original: "2 3", mask: "7 4", retrained: "none" };

function mark(kind, x, y, size) {
  const wide = 1.3 * size;
  return {
    cross: `M${x - size} ${y - size}L${x + size} ${y + size}M${x - size} ${y + size}L${x + size} ${y - size}`,
    dot: `M${x - size} ${y}a${size} ${size} 0 1 0 ${2 * size} 0a${size} ${size} 0 1 0 ${-2 * size} 0Z`,
    diamond: `M${x} ${y - wide}L${x + wide} ${y}L${x} ${y + wide}L${x - wide} ${y}Z`,
    square: `M${x - size} ${y - size}h${2 * size}v${2 * size}h${-2 * size}Z`,
  }[kind];
}

/** A measure at every γ that was run: mean and interval over the seeds, and other models. */
class Chart extends Plot {
  constructor(holder, chart, data) {
    super(holder, HEIGHT.chart);
    this.data = data;
    this.chart = chart;
    this.colour = `var(--${chart.colour})`;
    this.gammaAxis(data);
    const decimals = Math.max(0, ...chart.ticks.map((tick) => (String(tick).split(".")[1] ?? "").length));
    for (const tick of chart.ticks) this.level(this.y(tick), written(tick, decimals, chart.signed));
    for (const { name, value } of chart.references)
      this.line([[this.left, this.y(value)], [this.right, this.y(value)]], { stroke: "var(--st-text-color)", "stroke-width": 1.3, "stroke-dasharray": DASHES[name], opacity: 0.7, class: name });
    chart.points.forEach((point, i) => this.spread(point, chart.points[i + 1]));
    if (chart.points.length) this.line(chart.points.map((point) => this.at(point)), { stroke: this.colour, "stroke-width": 1.5, opacity: 0.7 });
    const style = chart.mark === "cross" ? { fill: "none", "stroke-width": 2.5 } : { fill: this.colour };
    this.marks = new Map(chart.points.map((point) => [point.stop, put("path", this.svg, { stroke: this.colour, ...style, class: "point" })]));
    for (const stop of this.marks.keys()) this.size(stop, 4);
    this.hollow();
    this.addCut();
  }

  y(value) {
    const { low, high } = this.chart;
    return this.low - ((this.low - this.top) * (value - low)) / (high - low);
  }

  at(point, value = point.mean) {
    return [this.x(this.data.positions[point.stop]), this.y(value)];
  }

  /** The interval at a point, and the band to the next point if that has one, too. */
  spread(point, next) {
    if (point.half === null) return;
    const ends = (of) => [this.at(of, of.mean - of.half), this.at(of, of.mean + of.half)];
    this.line(ends(point), { stroke: this.colour, "stroke-width": 1.5, class: "whisker" });
    if (next && next.half !== null) this.line([...ends(point), ...ends(next).reverse()], { fill: this.colour, "fill-opacity": 0.16 });
  }

  /** Values of the sweep that were not run, on the axis. */
  hollow() {
    for (const stop of this.data.planned)
      if (!this.marks.has(stop)) put("circle", this.svg, { cx: this.x(this.data.positions[stop]), cy: this.low, r: 4, fill: "var(--st-background-color)", stroke: "var(--st-text-color)", "stroke-width": 1.5, class: "missing" });
  }

  size(stop, size) {
    const point = this.point(stop);
    if (point) this.marks.get(stop).setAttribute("d", mark(this.chart.mark, ...this.at(point), size));
  }

  point(stop) {
    return this.chart.points.find((one) => one.stop === stop);
  }

  stop(x, current) {
    return nearest(this.data.positions, this.share(x), current);
  }

  /** Move the cut to a stop, and stress the point of the nearest one that was run. */
  draw(stop, run) {
    const { chart, data } = this, { digits, signed, title } = chart, unit = chart.unit ? ` ${chart.unit}` : "";
    this.moveCut(this.x(data.positions[stop]));
    if (this.stressed !== run) {
      this.size(this.stressed, 4);
      this.size(run, 6.5);
      this.stressed = run;
    }
    const point = this.point(run), here = point ? ` At γ = ${data.gammas[run]}: ${written(point.mean, digits, signed)}${unit}.` : "";
    const others = chart.references.map(({ name, value }) => `${name} ${written(value, digits, signed)}`);
    this.describe(`${title} at the ${chart.points.length} values of γ that were run.${here}${others.length ? ` For comparison: ${others.join(", ")}.` : ""}`);
  }
}
