// γ cockpit: one slider moves the cut, what is in reach, the outcomes and the map, in the browser.

const COMMIT_MS = 250; // after the last change of the slider, the server is told

class Cockpit {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(name);
    this.slider = this.find("input");
    this.select = this.find("select");
    this.map = new GammaMap(this.find(".map"), root);
    this.slider.addEventListener("input", () => this.move(nearest(this.data.positions, Number(this.slider.value), this.stop)));
    this.slider.addEventListener("change", () => this.commit());
    this.slider.addEventListener("keydown", (event) => this.press(event));
    this.select.addEventListener("change", () => this.choose(Number(this.select.value)));
    this.find(".use").addEventListener("click", () => this.trigger("use", this.data.gammas[this.stop]));
    this.scrub(this.find(".spectrum .plot"), (x) => this.spectrum.stop(x, this.stop));
    this.scrub(this.find(".reach .plot"), (x) => this.reach.stop(x, this.stop));
    this.scrub(this.find(".map .plot"), (x, drag) => {
      const { positions } = this.data;
      return nearest(positions, positions[drag.stop] + (x - drag.x) / drag.width, this.stop);
    });
    this.watcher = new ResizeObserver(() => this.data && this.width !== root.clientWidth && this.build());
    this.watcher.observe(root);
  }

  load({ data, setStateValue, setTriggerValue }) {
    this.set = setStateValue;
    this.trigger = setTriggerValue;
    const text = JSON.stringify(data);
    if (text === this.text) return this.map.paint(); // perhaps in other colours
    const before = this.data?.gammas[this.stop], stop = before === undefined ? -1 : data.gammas.indexOf(before);
    this.text = text;
    this.data = data;
    this.stop = stop < 0 ? data.start : stop;
    if (!(this.chosen < data.layers.length)) this.chosen = data.layer;
    this.runs = Object.keys(data.seeds).map(Number).sort((a, b) => a - b);
    for (const [name, colour] of Object.entries(data.colours)) this.root.style.setProperty(`--${name}`, colour);
    this.root.classList.toggle("fixed", data.fixed);
    this.slider.disabled = data.fixed;
    this.find(".use").hidden = data.fixed;
    const spread = Object.values(data.seeds).some((count) => count > 1) ? data.words.spread : "";
    this.find(".key").textContent = data.words.key + spread;
    this.build();
  }

  /** The one of some stops that is nearest to the slider; undefined of none. */
  nearestOf(stops) {
    const { positions } = this.data;
    return stops[nearest(stops.map((stop) => positions[stop]), positions[this.stop], 0)];
  }

  // ---- input ----

  move(stop) {
    if (this.data.fixed || stop === this.stop) this.slider.value = this.data.positions[this.stop];
    else {
      this.stop = stop;
      this.draw();
    }
  }

  /** Tell the server, which orders its work by γ and keeps it in the link. */
  commit() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.set("at", this.data.gammas[this.stop]), COMMIT_MS);
  }

  press(event) {
    const { stop } = this, last = this.data.gammas.length - 1;
    const to = { ArrowRight: stop + 1, ArrowUp: stop + 1, ArrowLeft: stop - 1, ArrowDown: stop - 1, PageUp: stop + 5, PageDown: stop - 5, Home: 0, End: last }[event.key];
    if (to === undefined || this.data.fixed) return;
    event.preventDefault();
    this.move(Math.max(0, Math.min(last, to)));
    this.commit();
  }

  choose(layer) {
    this.chosen = layer;
    this.set("layer", layer + 1);
    this.buildLayers();
    this.draw();
  }

  /** Drag sideways over a plot. A finger that scrolls the page does not begin to drag. */
  scrub(plot, stopAt) {
    let drag;
    const at = (event) => event.clientX - plot.getBoundingClientRect().left;
    plot.addEventListener("pointerdown", (event) => {
      if (!this.data || this.data.fixed || event.button) return;
      drag = { x: at(event), stop: this.stop, width: plot.clientWidth, moving: event.pointerType !== "touch" };
      plot.setPointerCapture(event.pointerId);
      if (drag.moving) this.move(stopAt(drag.x, drag));
    });
    plot.addEventListener("pointermove", (event) => {
      if (!drag) return;
      drag.moving ||= Math.abs(at(event) - drag.x) > 6;
      if (drag.moving) this.move(stopAt(at(event), drag));
    });
    const end = () => {
      if (drag?.moving) this.commit();
      drag = undefined;
    };
    plot.addEventListener("pointerup", end);
    plot.addEventListener("pointercancel", end);
  }

  // ---- what stays while γ moves ----

  build() {
    this.width = this.root.clientWidth;
    if (!this.width) return;
    this.buildBar();
    this.buildLayers();
    this.charts = this.buildCharts();
    this.map.build(this.data);
    this.draw();
  }

  buildBar() {
    const { data, runs } = this, marks = this.find(".marks"), list = this.find("dl");
    marks.replaceChildren();
    for (const stop of data.planned) add("i", marks, runs.includes(stop) ? "run" : "").style.left = `${100 * data.positions[stop]}%`;
    for (const [text, x] of labelled(data, marks.clientWidth, 40)) add("span", marks, "", text).style.left = `${x}px`;
    list.replaceChildren();
    this.values = data.charts.map((chart) => {
      const pair = add("div", list);
      add("dt", pair, "", chart.name).title = chart.help;
      return add("dd", pair);
    });
  }

  buildLayers() {
    const { layers, words } = this.data, under = this.find(".reach .under");
    this.select.replaceChildren();
    layers.forEach((layer, i) => (add("option", this.select, "", layer.title).value = i));
    this.select.value = this.chosen;
    this.spectrum = new Spectrum(this.find(".spectrum .plot"), layers[this.chosen]);
    this.reach = new Reach(this.find(".reach .plot"), this.data, this.chosen);
    if (this.shares?.length !== layers.length) under.replaceChildren();
    if (!this.reach.dots.length) under.textContent = words.reach;
    else if (!under.firstElementChild) {
      under.textContent = "";
      add("span", under, "", "Layer ");
      this.shares = layers.map((_, i) => {
        const button = add("button", under);
        button.type = "button";
        button.addEventListener("click", () => this.choose(i));
        return button;
      });
      under.append(words.dashed);
    }
    this.shares?.forEach((button, i) => button.setAttribute("aria-pressed", i === this.chosen));
  }

  buildCharts() {
    const holder = this.find(".charts"), { data } = this;
    if (!holder.firstElementChild)
      data.charts.forEach((chart, i) => {
        const figure = add("figure", holder);
        figure.dataset.measure = chart.key;
        add("figcaption", figure, "", chart.title + (chart.unit ? `, ${chart.unit}` : ""));
        this.scrub(add("div", figure, "plot"), (x) => this.charts[i]?.stop(x, this.stop) ?? this.stop);
      });
    return data.charts.map((chart, i) => {
      const plot = holder.children[i].lastElementChild;
      if (!chart.empty) return new Chart(plot, chart, data);
      plot.replaceChildren();
      add("p", plot, "empty", chart.empty);
      return undefined;
    });
  }

  // ---- what moves with γ ----

  draw() {
    const { data, stop } = this, gamma = data.gammas[stop], run = this.nearestOf(this.runs), planned = this.nearestOf(data.planned);
    this.slider.value = data.positions[stop];
    this.slider.setAttribute("aria-valuetext", `γ = ${gamma}`);
    this.find(".now b").textContent = gamma;
    this.find(".use").disabled = data.locked || data.own === stop;
    this.drawValues(run);
    this.find(".state").textContent = this.words(run, planned) + (data.fixed ? data.words.fixed : "");
    this.find(".spectrum .under").textContent = this.spectrum.draw(stop, gamma);
    this.reach.draw(stop, gamma);
    this.reach.dots.forEach((_, i) => {
      const share = percent(data.layers[i].reachable[stop]), button = this.shares[i];
      button.textContent = `${i + 1}: ${share}`;
      button.setAttribute("aria-label", `Layer ${i + 1}: ${share} in reach`);
    });
    for (const chart of this.charts) chart?.draw(stop, run);
    const unknown = run !== undefined && !data.map.places[run] ? data.words.places : "";
    this.map.draw(run, run === planned ? unknown : this.unrun(planned));
    this.root.dataset.gamma = gamma;
  }

  drawValues(run) {
    this.data.charts.forEach((chart, i) => {
      const point = chart.points.find((one) => one.stop === run), value = this.values[i];
      const unit = chart.unit === "%" ? "\u00a0%" : chart.unit ? ` ${chart.unit}` : "";
      value.textContent = point ? written(point.mean, chart.digits, chart.signed) + unit : "–";
      if (point && point.half !== null) add("small", value, "", ` ± ${point.half.toFixed(chart.digits)}`);
    });
  }

  /** That a γ which can be run has not been; if it is not the one chosen, that it is the nearest. */
  unrun(planned) {
    const nearest = planned === this.stop ? "" : ", the nearest that can be run,";
    return `γ = ${this.data.gammas[planned]}${nearest} has not been run yet.`;
  }

  /** Which run the numbers are of, and over how many seeds. */
  words(run, planned) {
    const { data, stop } = this, seeds = data.seeds[run];
    if (run === undefined) return "No γ has been run yet, so there are no numbers.";
    const over = seeds === 1 ? "one seed" : `mean over ${seeds} seeds ± half of the 95\u00a0% interval`;
    if (run === stop) return `Run at γ = ${data.gammas[run]}: ${over}.`;
    const missing = planned === run ? "" : `${this.unrun(planned)} `;
    return `${missing}The numbers are those of γ = ${data.gammas[run]}, the nearest on this scale that was run (${over}).`;
  }

  end() {
    this.watcher.disconnect();
    clearTimeout(this.timer);
    cancelAnimationFrame(this.map.next);
  }
}

/** Streamlit calls this with the component's data whenever they change. */
export default function (component) {
  const root = component.parentElement.querySelector(".cockpit");
  root.view ??= new Cockpit(root);
  root.view.load(component);
  // Also called before the next call; only a cockpit that has left the page ends.
  return () => setTimeout(() => root.isConnected || root.view.end(), 1000);
}
