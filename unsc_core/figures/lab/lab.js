// @ts-check
// The 2-D lab: its controls, its player, and the points one can move. A worker computes every
// epoch, see worker.js; nothing here asks a server.

const MOTION = window.matchMedia("(prefers-reduced-motion: reduce)");
const DARK = window.matchMedia("(prefers-color-scheme: dark)");
const EPOCHS_PER_SECOND = 12, SHORTEST_S = 3, STILL_STEPS = 20, STILL_PAUSE_MS = 600;
const RECOLOUR_MS = 300; // until the page has taken the new theme's colours
const BELOW_MS = 250; // from a change to the charts below the planes, which need not follow every frame
const PAINT_MS = 8; // of a frame for planes; those that do not fit are drawn in the next one
const DRAWS = 30; // that the frame rate is the mean of
const GRID = 256; // places for a point along each axis, so that a link holds it in two bytes
const MOST_POINTS = 600;
const NEAR = 14; // pixels from a point within which it is taken hold of
const KEY_STEP = 4 / GRID; // share of the plane that an arrow key moves the cursor
const BRUSH = 0.35, SPRAYED = 2; // radius of drawing and erasing, and points for each movement

/** @typedef {{data: string, forget: number, gamma: number, width: number, seed: number, lr: number, epochs: number}} State */

class Lab2D {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.find = (/** @type {string} */ selector) => /** @type {any} */ (root.querySelector(selector));
    this.play = this.find(".play");
    this.range = this.find(".scrub input");
    this.out = this.find("output");
    this.probe = this.find(".probe");
    this.play.onclick = () => (this.playing ? this.pause() : this.start());
    this.find(".restart").onclick = () => {
      this.jump(0);
      this.start();
    };
    this.find(".back").onclick = () => this.jump(Math.ceil(this.epoch) - 1);
    this.find(".step").onclick = () => this.jump(Math.floor(this.epoch) + 1);
    this.range.oninput = () => this.jump(+this.range.value);
    this.find(".download").onclick = () => this.download();
    this.tick = this.tick.bind(this);
    this.recolour = () => setTimeout(() => this.found && this.draw(), RECOLOUR_MS);
    DARK.addEventListener("change", this.recolour);
    this.epoch = 0;
    /** @type {number[]} */
    this.draws = [];
    this.playing = this.busy = this.stale = false;
    /** @type {string[]} */
    this.notes = [];
    this.below = "";
    /** @type {number | undefined} */
    this.place = undefined;
    /** @type {number | undefined} */
    this.belowSoon = undefined;
    /** @type {Scene} */
    this.scene = { classes: [], x: [], y: [], extent: 1, look: /** @type {any} */ ({}), palette: new Uint8Array(), version: 0 };
    this.version = 0;
    this.colouring = this.made = "";
    /** @type {Plane[]} */
    this.todo = [];
    /** @type {Plane | undefined} */
    this.drag = undefined;
  }

  /** @param {any} data from `lab_data` */
  load(data) {
    this.data = data;
    this.path = window.location.pathname;
    this.readLink();
    if (!this.startWorker()) return;
    this.buildControls();
    this.buildPlanes();
    this.watchSize();
    this.change();
    this.open();
  }

  startWorker() {
    try {
      const url = URL.createObjectURL(new Blob([this.data.worker], { type: "text/javascript" }));
      this.worker = new Worker(url);
      URL.revokeObjectURL(url);
    } catch (error) {
      this.say("This browser does not run web workers, which compute the lab; use a current Firefox, Chrome, Edge or Safari.");
      return false;
    }
    this.worker.onmessage = (/** @type {MessageEvent} */ event) => this.receive(event.data);
    this.worker.onerror = () => this.say("The lab stopped computing; reload the page to start it again. The link keeps your settings.");
    return true;
  }

  // ---- the link ----

  get query() {
    return new URLSearchParams(this.data.link === "hash" ? window.location.hash.slice(1) : window.location.search);
  }

  readLink() {
    const query = this.query, { presets, widths, limits } = this.data, /** @type {string[]} */ notes = [];
    const read = (/** @type {string} */ name, /** @type {any} */ fallback, /** @type {(text: string) => any} */ parse) => {
      const text = query.get(name);
      if (text === null) return fallback;
      const value = parse(text);
      if (value !== undefined) return value;
      notes.push(`The link says ${name} = '${text.slice(0, 40)}', which is not possible; the default is shown instead.`);
      return fallback;
    };
    const within = (/** @type {number} */ low, /** @type {number} */ high, whole = true) => (/** @type {string} */ text) => {
      const value = Number(text);
      return text.trim() && value >= low && value <= high && (!whole || Number.isInteger(value)) ? value : undefined;
    };
    const chosen = read("data", presets[0].id, (text) => (presets.some((/** @type {any} */ one) => one.id === text) ? text : undefined));
    const preset = presets.find((/** @type {any} */ one) => one.id === chosen), most = widths.at(-1);
    /** @type {State} */
    this.state = {
      data: chosen,
      forget: read("forget", preset.forget, within(0, preset.names.length - 1)),
      gamma: read("gamma", preset.gamma, within(1e-6, 1, false)),
      width: read("width", limits.width, within(widths[0], most)),
      seed: read("seed", 0, within(0, 2 ** 31 - 1)),
      lr: read("lr", limits.lr, within(1e-5, 100, false)),
      epochs: read("epochs", limits.epochs, within(1, limits.most_epochs)),
    };
    this.unit = read("unit", undefined, within(0, this.state.width - 1));
    this.row = read("output", undefined, within(0, preset.names.length - 1));
    this.epoch = read("epoch", 0, within(0, limits.most_epochs));
    this.usePoints(preset);
    const points = read("points", undefined, (text) => unpacked(text, preset.names.length));
    if (points) [this.places, this.y] = points;
    this.notes = notes;
  }

  /** @param {any} preset */
  usePoints(preset) {
    /** @type {number[]} */
    this.places = preset.places.slice();
    /** @type {number[]} */
    this.y = preset.y.slice();
  }

  get preset() {
    return this.data.presets.find((/** @type {any} */ one) => one.id === this.state?.data);
  }

  get edited() {
    return this.places?.join() !== this.preset.places.join() || this.y?.join() !== this.preset.y.join();
  }

  writeLink() {
    if (this.data.link === "none") return; // the address belongs to the page around it
    if (!this.root.isConnected || window.location.pathname !== this.path) return; // another page by now
    const { presets, limits } = this.data, preset = this.preset, query = this.query, state = /** @type {State} */ (this.state);
    const defaults = { data: presets[0].id, forget: preset.forget, gamma: preset.gamma, width: limits.width, seed: 0, lr: limits.lr, epochs: limits.epochs, unit: undefined, output: undefined, points: undefined };
    const now = { ...state, unit: this.unit, output: this.row, points: this.edited ? packed(this.places ?? [], this.y ?? [], preset.names.length) : undefined };
    for (const [name, value] of Object.entries(now))
      if (value === undefined || value === /** @type {any} */ (defaults)[name]) query.delete(name);
      else query.set(name, String(value));
    query.set("epoch", String(Math.floor(this.epoch)));
    const link = new URL(window.location.href);
    link[this.data.link === "hash" ? "hash" : "search"] = query.toString();
    window.history.replaceState(window.history.state, "", link);
  }

  // ---- controls ----

  buildControls() {
    const bar = this.find(".settings"), open = bar.querySelector("details")?.open, { data } = this, state = /** @type {State} */ (this.state);
    bar.replaceChildren();
    this.choice(bar, "Points", data.presets.map((/** @type {any} */ one) => [one.id, one.name]), state.data, (id) => {
      this.state = { ...state, ...this.state, data: id };
      const preset = this.preset;
      Object.assign(/** @type {State} */ (this.state), { forget: preset.forget, gamma: preset.gamma });
      this.usePoints(preset);
      this.rebuild();
    });
    this.choice(bar, "Class to forget", this.preset.names.map((/** @type {string} */ name, /** @type {number} */ c) => [c, name]), state.forget, (c) => this.set({ forget: +c }, true));
    this.slide(bar, "Energy threshold γ", data.gammas, state.gamma, data.help.gamma, (gamma) => this.set({ gamma }));
    this.slide(bar, "Learning rate", data.rates, state.lr, data.help.lr, (lr) => this.set({ lr }));
    const more = element("details", bar);
    more.open = open ?? false;
    element("summary", more, "", "More");
    const inner = element("div", more, "bar settings");
    this.choice(inner, "Hidden units W", [...new Set([...data.widths, state.width])].sort((a, b) => a - b).map((width) => [width, width]), state.width, (width) => {
      this.unit = undefined;
      this.set({ width: +width }, true);
    });
    this.amount(inner, "Seed", state.seed, 0, 2 ** 31 - 1, data.help.seed, (seed) => this.set({ seed }));
    this.amount(inner, "Maximum epochs", state.epochs, 1, data.limits.most_epochs, data.help.epochs, (epochs) => this.set({ epochs }));
    this.buildTools();
  }

  buildTools() {
    const bar = this.find(".tools"), { y = [], state } = this;
    const tool = (this.tool ??= "look");
    bar.replaceChildren();
    this.root.dataset.tool = tool;
    const add = (/** @type {string} */ id, /** @type {string} */ text) => {
      const button = element("button", bar, "", text);
      button.type = "button";
      button.setAttribute("aria-pressed", String(tool === id));
      button.onclick = () => {
        this.tool = id;
        this.keepFocus(() => this.buildTools());
        this.showHint();
      };
    };
    add("look", "Compare");
    add("move", "Move points");
    add("draw", "Draw points");
    add("erase", "Erase points");
    if (tool === "draw") {
      this.brush ??= state?.forget ?? 0;
      this.choice(bar, "of", this.preset.names.map((/** @type {string} */ name, /** @type {number} */ c) => [c, name]), this.brush, (/** @type {string} */ c) => (this.brush = +c));
    }
    const undo = element("button", bar, "", "Original points");
    undo.type = "button";
    undo.disabled = !this.edited;
    undo.onclick = () => {
      this.usePoints(this.preset);
      this.rebuild();
    };
    bar.setAttribute("aria-label", `Tools for the ${y.length} points`);
  }

  /** A labelled box of options. @param {Element} parent @param {string} label @param {[any, any][]} options @param {any} value @param {(value: string) => void} act */
  choice(parent, label, options, value, act) {
    const holder = element("label", parent, "", label), select = element("select", holder);
    fill(select, options, value);
    select.onchange = () => act(select.value);
  }

  /** A labelled slider over a list of numbers, the present one among them. @param {Element} parent @param {string} label @param {number[]} options @param {number} value @param {string} help @param {(value: number) => void} act */
  slide(parent, label, options, value, help, act) {
    const steps = [...new Set([...options, value])].sort((a, b) => a - b), holder = element("label", parent, "slide");
    const line = element("span", holder, "", label), shown = element("span", line, "value", String(value));
    line.title = help;
    const input = element("input", holder);
    Object.assign(input, { type: "range", min: 0, max: steps.length - 1, step: 1, value: steps.indexOf(value) });
    input.setAttribute("aria-label", label);
    input.setAttribute("aria-valuetext", String(value));
    input.oninput = () => {
      shown.textContent = String(steps[+input.value]);
      input.setAttribute("aria-valuetext", shown.textContent);
      act(steps[+input.value]);
    };
  }

  /** A labelled whole number. @param {Element} parent @param {string} label @param {number} value @param {number} low @param {number} high @param {string} help @param {(value: number) => void} act */
  amount(parent, label, value, low, high, help, act) {
    const holder = element("label", parent, "", label), input = element("input", holder);
    holder.title = help;
    Object.assign(input, { type: "number", min: low, max: high, step: 1, value });
    input.onchange = () => {
      const wanted = Number(input.value);
      if (input.value && Number.isInteger(wanted) && wanted >= low && wanted <= high) act(wanted);
      else this.say(`${label} must be a whole number from ${low} to ${high}, not ${input.value || "empty"}.`);
    };
  }

  /** @param {Partial<State>} change @param {boolean} [anew] whether colours or options change, too */
  set(change, anew = false) {
    this.state = { .../** @type {State} */ (this.state), ...change };
    this.notes = [];
    if (anew) this.rebuild();
    else this.change();
  }

  rebuild() {
    this.notes = [];
    this.keepFocus(() => this.buildControls());
    this.change();
  }

  /** Does something that makes controls anew, and gives the one that had it the focus again. @param {() => void} build */
  keepFocus(build) {
    const page = /** @type {Document | ShadowRoot} */ (this.root.getRootNode()), focused = page.activeElement;
    const name = (/** @type {Element} */ one) => one.getAttribute("aria-label") ?? (one.closest("label") ?? one).firstChild?.textContent;
    const held = focused && this.root.contains(focused) ? name(focused) : undefined;
    build();
    if (held === undefined || focused?.isConnected) return;
    const again = Array.from(this.root.querySelectorAll("button, input, select")).find((one) => name(one) === held);
    /** @type {HTMLElement | undefined} */ (again)?.focus();
  }

  /** Whatever is shown no longer belongs to the controls: ask for what does, and keep the old picture until it comes. */
  change() {
    const state = /** @type {State} */ (this.state);
    this.range.max = state.epochs;
    this.epoch = Math.min(this.epoch, state.epochs);
    this.makeScene();
    const missing = this.missing();
    this.say([...(this.notes ?? []), missing].filter(Boolean).join(" "));
    this.drawPoints();
    this.linkSoon();
    if (missing) return this.pauseQuietly();
    this.stale = true;
    this.ask();
  }

  /** Why nothing can be computed, one sentence; empty if it can. */
  missing() {
    const { y = [], state } = this, names = this.preset.names, forget = state?.forget ?? 0;
    if (!y.includes(forget)) return `No point of ${names[forget]} is left: draw some, or choose another class to forget.`;
    if (!y.some((c) => c !== forget)) return `Only points of ${names[forget]} are left: draw some of another class.`;
    return "";
  }

  /** @param {string} text */
  say(text) {
    const line = this.find(".message");
    line.hidden = !text;
    line.textContent = text;
  }

  // ---- the picture ----

  buildPlanes() {
    const holder = this.find(".panels"), { data } = this;
    holder.replaceChildren();
    this.planes = data.models.map((/** @type {any} */ model) => new Plane(model, data.readouts, holder));
    for (const plane of this.planes) this.watchPointer(plane);
    this.watchKeys(this.planes[0]);
    this.showHint();
  }

  /** The colours of the page's theme, which may change at any time. */
  get look() {
    const paper = getComputedStyle(this.root).getPropertyValue("--st-background-color").trim();
    const dark = /^#[0-9a-f]{6}/i.test(paper) ? rgb(paper)[1] < 128 : DARK.matches;
    return this.data.looks[dark ? "dark" : "light"];
  }

  /** What the planes draw besides regions; the same again if nothing in it has changed. */
  makeScene() {
    const { places = [], y = [], data, state } = this, look = this.look, extent = data.extent;
    const made = [places, y, look.name, state?.data, state?.forget].join("|");
    if (made === this.made) return;
    this.made = made;
    const x = places.map((place) => extent * ((2 * place + 1) / GRID - 1));
    const classes = /** @type {ClassLook[]} */ (this.preset.names.map((/** @type {string} */ name, /** @type {number} */ c) => {
      const own = y.flatMap((label, i) => (label === c ? [i] : [])), n = Math.max(1, own.length);
      const mean = [0, 1].map((axis) => own.reduce((sum, i) => sum + x[2 * i + axis], 0) / n);
      const spread = Math.sqrt(own.reduce((sum, i) => sum + (x[2 * i + 1] - mean[1]) ** 2, 0) / n);
      return { name, forgotten: c === state?.forget, colour: c === state?.forget ? data.forget_colour : data.colours[c % data.colours.length], at: [mean[0], mean[1] + 2.6 * spread + 0.25] };
    }));
    const colouring = [look.paper, ...classes.map((kind) => kind.colour)].join();
    const colours = colouring === this.colouring ? this.scene.palette : palette(classes, look);
    this.colouring = colouring;
    this.scene = { classes, x, y: y.slice(), extent, look, palette: colours, version: ++this.version };
  }

  /** Points follow the pointer at once on its plane; regions, and the other planes, come when they are computed. */
  drawPoints() {
    for (const plane of this.drag ? [this.drag] : this.planes) plane.drawPoints(this.scene);
  }

  ask() {
    if (this.busy || !this.stale || this.missing()) return;
    const { scene, data } = this, state = /** @type {State} */ (this.state);
    this.busy = true;
    this.stale = false;
    const settings = { x: scene.x, y: scene.y, classes: scene.classes.length, forget: state.forget, width: state.width, seed: state.seed, rate: state.lr, epochs: state.epochs, gamma: state.gamma };
    this.sent = { state, colouring: this.colouring, version: scene.version };
    this.worker?.postMessage({ settings, epoch: this.epoch, extent: data.extent });
  }

  /** @param {any} found what the worker computed */
  receive(found) {
    this.busy = false;
    if (found.error) {
      this.pauseQuietly();
      this.say(`This could not be computed (${found.error}); choose other settings.`);
    } else {
      this.found = { ...found, state: this.sent?.state, version: this.sent?.version };
      if (this.sent?.colouring === this.colouring) this.draw();
    }
    this.ask();
  }

  draw() {
    if (this.scene.look !== this.look) this.makeScene();
    this.todo = [...new Set([...this.todo, ...this.planes])];
    this.paint();
  }

  /** Draws as many of the planes that are still to be drawn as fit into this frame. */
  paint() {
    cancelAnimationFrame(this.painting ?? 0);
    const { found, scene } = this, end = performance.now() + PAINT_MS;
    do {
      const plane = /** @type {Plane} */ (this.todo.shift());
      const numbers = found.numbers[plane.id], run = found.runs[plane.id];
      const texts = [percent(numbers.forgotten), percent(numbers.retained), percent(numbers.same), percent(numbers.changed), numbers.drift === null ? "–" : numbers.drift.toFixed(3)];
      plane.draw(scene, found.views[plane.id], texts, found.views.original.answers, run ? this.noteOf(run, found.epoch) : undefined);
    } while (this.todo.length && performance.now() < end);
    if (this.todo.length) this.painting = requestAnimationFrame(() => this.paint());
    else this.finish();
  }

  /** Says what the planes show, once all of them do. */
  finish() {
    const { found, data, scene } = this, whole = Math.floor(found.epoch);
    this.root.dataset.epoch = String(whole);
    this.range.value = String(Math.floor(this.epoch));
    this.range.setAttribute("aria-valuetext", `epoch ${whole} of ${found.state.epochs}`);
    this.out.textContent = `${whole} of ${found.state.epochs}`;
    const below = [whole, JSON.stringify(found.state), found.version, scene.look.name, this.unit, this.row].join("|");
    if (this.below !== below) this.belowSoon ??= setTimeout(() => this.drawBelow(), BELOW_MS);
    this.below = below;
    const now = performance.now();
    this.draws = [...this.draws.slice(-DRAWS), now].filter((then) => now - then < 2000);
    if (this.draws.length > 5) this.root.dataset.fps = ((1000 * (this.draws.length - 1)) / (now - this.draws[0])).toFixed(1);
    if (!this.playing) for (const plane of this.planes) plane.describe(whole, data.readouts);
  }

  /** @param {any} run @param {number} epoch */
  noteOf(run, epoch) {
    if (!run.early || epoch < run.last) return "";
    if (run.diverged) return `diverged after epoch ${run.last}: use a smaller learning rate`;
    return `stopped after epoch ${run.last}: ${percent(run.recognised)} of the points to forget still recognised`;
  }

  /** Gradients, curves and sentences, which change with whole epochs. */
  drawBelow() {
    this.belowSoon = undefined;
    const { found, data, scene } = this, [first, second] = found.layers, look = this.look;
    const longest = (/** @type {any} */ layer) => {
      const lengths = Array.from({ length: layer.raw.length / layer.size }, (_, row) => norm(layer.raw.subarray(row * layer.size, (row + 1) * layer.size)));
      return lengths.indexOf(Math.max(...lengths));
    };
    const unit = Math.min(this.unit ?? longest(first), found.state.width - 1), row = this.row ?? longest(second);
    this.rowChoice(".unit", Array.from({ length: found.state.width }, (_, i) => [i, `hidden unit ${i + 1}`]), unit, (value) => (this.unit = value));
    this.rowChoice(".output-row", scene.classes.map((kind, c) => [c, kind.name]), row, (value) => (this.row = value));
    arrowsChart(this.find(".arrows"), first, unit, look);
    barsChart(this.find(".bars"), second, row, scene.classes[row].name, look);
    whyWords(first, second, found.state.gamma).forEach((text, i) => (this.root.querySelectorAll(".why")[i].textContent = text));
    const methods = data.models.flatMap((/** @type {any} */ one) => (found.curves[one.id] ? [{ ...one, colour: one.colours[look.name] }] : [])), narrow = this.root.clientWidth < 600 ? 1 : 0;
    const forget = scene.classes[found.state.forget].name, level = found.numbers.retrain.retained;
    curvesChart(this.find(".curves"), found.curves, methods, level, found.state.epochs, data.forget_colour, narrow);
    this.legend(methods, forget, level);
    this.find(".verdict").textContent = verdictWords(found, forget, data.models);
  }

  /** @param {any[]} methods @param {string} name @param {number} level */
  legend(methods, name, level) {
    const line = this.find(".legend");
    line.replaceChildren();
    for (const { name: title, colour, dash } of [...methods.map((one) => ({ ...one, name: `${one.name}: Acc_r` })), { name: `UNSC: Acc_f, ${name}`, colour: this.data.forget_colour, dash: "2 3" }, { name: `Retrained: Acc_r ${percent(level)}`, colour: "currentColor", dash: "none" }]) {
      const sample = element("i", line);
      sample.style.borderColor = colour;
      sample.style.borderTopStyle = dash === "none" ? "solid" : "dashed";
      line.append(title);
    }
  }

  /** @param {string} selector @param {[number, string][]} options @param {number} value @param {(value: number) => void} keep */
  rowChoice(selector, options, value, keep) {
    const box = this.find(selector), page = /** @type {Document | ShadowRoot} */ (this.root.getRootNode());
    if (page.activeElement === box) return; // an open list stays
    fill(box, options, value);
    box.onchange = () => {
      keep(+box.value);
      this.drawBelow();
      this.linkSoon();
    };
  }

  watchSize() {
    this.sizes?.disconnect();
    this.sizes = new ResizeObserver(() => this.planes.forEach((/** @type {Plane} */ plane) => plane.resize()));
    this.planes.forEach((/** @type {Plane} */ plane) => (plane.resize(), this.sizes?.observe(plane.box)));
  }

  // ---- the pointer ----

  showHint() {
    const hints = /** @type {Record<string, string>} */ ({
      look: "Point at a plane to compare the predictions there, or focus the first one and use the arrow keys. Outlined points: the prediction differs from the original model’s.",
      move: "Drag a point on any plane: every network is trained anew with it, where it is.",
      draw: "Drag on any plane to add points; every network is trained anew with them.",
      erase: "Drag over points on any plane to take them away; every network is trained anew without them.",
    });
    this.hint = hints[this.tool ?? "look"];
    this.probe.textContent = this.hint;
  }

  /** @param {Plane} plane */
  watchPointer(plane) {
    const at = (/** @type {PointerEvent} */ event) => {
      const box = plane.box.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height].map((share) => Math.max(0, Math.min(1 - 1e-9, share)));
    };
    plane.box.onpointerdown = (/** @type {PointerEvent} */ event) => {
      if (this.tool === "look" || event.button || !event.isPrimary) return;
      event.preventDefault();
      plane.box.setPointerCapture(event.pointerId);
      this.held = this.tool === "move" ? this.nearest(at(event), NEAR / plane.box.clientWidth) : -1;
      this.drag = plane;
      this.act(at(event));
    };
    plane.box.onpointermove = (/** @type {PointerEvent} */ event) => {
      const [across, up] = at(event);
      if (this.drag) {
        this.place ??= requestAnimationFrame(() => {
          this.place = undefined;
          if (this.drag) this.act(this.dragged ?? []);
        });
        this.dragged = [across, up];
        return;
      }
      this.compare([across, up]);
    };
    plane.box.onpointerup = plane.box.onpointercancel = () => {
      if (!this.drag) return;
      if (this.place !== undefined) {
        cancelAnimationFrame(this.place);
        this.place = undefined;
        this.act(this.dragged ?? []);
      }
      this.drag = undefined;
      this.held = -1;
      this.buildTools();
      this.change();
    };
    plane.box.onpointerleave = () => (this.probe.textContent = this.hint);
  }

  /** Says what every model predicts at a place. @param {number[]} place shares of the plane */
  compare([across, up]) {
    const column = Math.floor(across * SIZE), row = Math.min(SIZE - 1, Math.floor((1 - up) * SIZE));
    this.probe.textContent = this.planes.map((/** @type {Plane} */ one) => one.answer(column, row)).join(" · ");
  }

  /** A cursor on one plane for the keyboard: arrow keys move it, Enter does what the pointer would. @param {Plane} plane */
  watchKeys(plane) {
    const { box } = plane, cursor = element("div", box, "cursor"), place = [0.5, 0.5];
    box.tabIndex = 0;
    box.setAttribute("role", "application");
    box.setAttribute("aria-label", "Cursor on the planes: arrow keys move it, Enter takes hold of a point or lets it go, draws or erases");
    const steps = /** @type {Record<string, number[]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] });
    const show = () => {
      cursor.style.left = `${100 * place[0]}%`;
      cursor.style.top = `${100 * (1 - place[1])}%`;
      this.compare(place);
    };
    box.onfocus = show;
    box.onblur = () => {
      this.held = -1;
      this.probe.textContent = this.hint;
    };
    box.onkeydown = (/** @type {KeyboardEvent} */ event) => {
      const step = steps[event.key], acts = event.key === "Enter" || event.key === " ";
      if (!step && !acts) return;
      event.preventDefault();
      step?.forEach((by, axis) => (place[axis] = Math.max(0, Math.min(1 - 1e-9, place[axis] + by * KEY_STEP))));
      if (acts && this.tool === "move") this.held = (this.held ?? -1) < 0 ? this.nearest(place, 1) : -1;
      else if (this.tool === "move" ? (this.held ?? -1) >= 0 : acts && this.tool !== "look") this.act(place);
      if (acts) this.buildTools();
      show();
    };
  }

  /** The point nearest to a place, or −1 if none is near. @param {number[]} place shares of the plane @param {number} reach */
  nearest(place, reach) {
    const { places = [] } = this;
    let best = -1, least = reach ** 2;
    for (let i = 0; i < places.length / 2; i++) {
      const away = ((places[2 * i] + 0.5) / GRID - place[0]) ** 2 + ((places[2 * i + 1] + 0.5) / GRID - place[1]) ** 2;
      if (away < least) [best, least] = [i, away];
    }
    return best;
  }

  /** Moves, draws or erases at a place. @param {number[]} place shares of the plane */
  act(place) {
    const { places = [], y = [], tool, data } = this, reach = BRUSH / (2 * data.extent);
    const on = (/** @type {number} */ share) => Math.max(0, Math.min(GRID - 1, Math.floor(share * GRID)));
    this.notes = [];
    if (tool === "move") {
      const held = this.held ?? -1;
      if (held < 0) return;
      [places[2 * held], places[2 * held + 1]] = place.map(on);
    } else if (tool === "draw") {
      const brush = this.brush ?? 0, full = y.length + SPRAYED > MOST_POINTS;
      if (full) this.notes = [`The lab holds at most ${MOST_POINTS} points; erase some first.`];
      for (let i = 0; i < SPRAYED && !full; i++) {
        const [angle, away] = [2 * Math.PI * Math.random(), reach * Math.sqrt(Math.random())];
        const after = y.findIndex((c) => c > brush), at = after < 0 ? y.length : after; // as a link orders them
        places.splice(2 * at, 0, on(place[0] + away * Math.cos(angle)), on(place[1] + away * Math.sin(angle)));
        y.splice(at, 0, brush);
      }
    } else {
      const stays = y.map((_, i) => Math.hypot((places[2 * i] + 0.5) / GRID - place[0], (places[2 * i + 1] + 0.5) / GRID - place[1]) > reach);
      this.places = places.filter((_, i) => stays[i >> 1]);
      this.y = y.filter((_, i) => stays[i]);
    }
    this.change();
  }

  // ---- playing ----

  /** At the epoch in the link; without one at the start, or with reduced motion at the end. */
  open() {
    if (this.query.has("epoch")) this.settle();
    else if (MOTION.matches) this.jump(/** @type {State} */ (this.state).epochs);
    else this.start();
  }

  start() {
    if (!this.planes || this.missing()) return;
    if (this.epoch >= /** @type {State} */ (this.state).epochs) this.epoch = 0;
    this.playing = true;
    this.draws = [];
    this.last = undefined;
    this.play.textContent = "Pause";
    this.root.dataset.state = "playing";
    if (MOTION.matches) this.stepSlowly();
    else this.request = requestAnimationFrame(this.tick);
  }

  /** Goes on as time passes, but not ahead of what has been computed. @param {number} now */
  tick(now) {
    const { epochs } = /** @type {State} */ (this.state);
    if (!this.busy && this.found) {
      const perSecond = Math.min(EPOCHS_PER_SECOND, epochs / SHORTEST_S);
      this.epoch = Math.min(epochs, this.epoch + (this.last === undefined ? 0 : (perSecond * Math.min(now - this.last, 250)) / 1000));
      this.last = now;
      this.stale = true;
      this.ask();
      if (this.epoch >= epochs) return this.pause();
    }
    if (this.playing) this.request = requestAnimationFrame(this.tick);
  }

  /** Whole epochs with pauses, for reduced motion. */
  stepSlowly() {
    const { epochs } = /** @type {State} */ (this.state);
    this.timer = setTimeout(() => {
      this.epoch = Math.min(epochs, Math.floor(this.epoch) + Math.max(1, Math.round(epochs / STILL_STEPS)));
      this.stale = true;
      this.ask();
      if (this.epoch >= epochs) this.pause();
      else this.stepSlowly();
    }, STILL_PAUSE_MS);
  }

  pauseQuietly() {
    this.playing = false;
    cancelAnimationFrame(this.request ?? 0);
    clearTimeout(this.timer);
    this.play.textContent = "Play";
    this.root.dataset.state = "paused";
  }

  pause() {
    this.jump(Math.floor(this.epoch));
  }

  /** @param {number} epoch */
  jump(epoch) {
    if (!this.planes) return;
    this.pauseQuietly();
    this.epoch = Math.max(0, Math.min(/** @type {State} */ (this.state).epochs, epoch));
    this.settle();
  }

  /** Paused: show the epoch, and put it into the link. */
  settle() {
    this.pauseQuietly();
    this.stale = true;
    this.ask();
    this.linkSoon();
  }

  /** Browsers refuse to write the address many times a second. */
  linkSoon() {
    clearTimeout(this.linking);
    this.linking = setTimeout(() => this.writeLink(), 200);
  }

  /** Accuracies, as shares: of each method after every epoch up to the one shown, and of the other models. */
  download() {
    const { found, data } = this;
    if (!found) return;
    const rows = [["model", "epoch", "Acc_f", "Acc_r"]];
    for (const { id, name } of data.models)
      if (found.curves[id]) found.curves[id].forEach((/** @type {any} */ one, /** @type {number} */ epoch) => rows.push([name, epoch, one.forgotten, one.retained]));
      else rows.push([name, "", found.numbers[id].forgotten, found.numbers[id].retained]);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([rows.map((row) => row.join()).join("\n") + "\n"], { type: "text/csv" }));
    link.download = "lab-accuracy.csv";
    link.click();
    URL.revokeObjectURL(link.href);
  }

  stop() {
    this.pauseQuietly();
    clearTimeout(this.linking);
    clearTimeout(this.belowSoon);
    cancelAnimationFrame(this.painting ?? 0);
    DARK.removeEventListener("change", this.recolour);
    this.sizes?.disconnect();
    this.worker?.terminate();
  }
}

/** @param {HTMLSelectElement} select @param {[any, any][]} options @param {any} value */
function fill(select, options, value) {
  select.replaceChildren();
  for (const [id, text] of options) element("option", select, "", String(text)).value = String(id);
  select.value = String(value);
}

/** Points as text for a link: how many of each class, then two bytes each. @param {number[]} places @param {number[]} y @param {number} classes */
function packed(places, y, classes) {
  const order = Array.from({ length: classes }, (_, c) => y.flatMap((label, i) => (label === c ? [i] : [])));
  const bytes = order.flat().flatMap((i) => [places[2 * i], places[2 * i + 1]]);
  return [...order.map((own) => own.length), btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "")].join(".");
}

/** The places and classes in such a text, or undefined. @param {string} text @param {number} classes @returns {[number[], number[]] | undefined} */
function unpacked(text, classes) {
  const parts = text.split("."), counts = parts.slice(0, -1).map(Number);
  if (counts.length !== classes || !counts.every((count) => Number.isInteger(count) && count >= 0)) return undefined;
  try {
    const places = Array.from(atob((parts.at(-1) ?? "").replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    const n = counts.reduce((a, b) => a + b);
    return n <= MOST_POINTS && places.length === 2 * n ? [places, counts.flatMap((count, c) => Array(count).fill(c))] : undefined;
  } catch {
    return undefined;
  }
}

/** A share in whole percent. @param {number} share */
const whole = (share) => `${Math.floor(100 * share + 0.5)}\u00a0%`;

/** One paragraph for each layer: its null space at this γ, and what that does to the gradient. @param {any} first @param {any} second @param {number} gamma */
function whyWords(first, second, gamma) {
  const shares = Array.from(first.values, (/** @type {number} */ value) => value / (first.values[0] + first.values[1]));
  const kept = (/** @type {any} */ layer) => (norm(layer.raw) ? norm(layer.projected) / norm(layer.raw) : 0);
  const spread = `Layer 1 has 2 inputs. The retained points have ${whole(shares[0])} of their energy along one direction of the plane and ${whole(shares[1])} along the other. `;
  const one = first.rank === 2
    ? `γ = ${gamma} therefore keeps both directions: the null space has dimension 0, and every projected gradient is zero. This layer cannot change.`
    : `γ = ${gamma} keeps 1 of 2 directions: the null space is the other, and ${whole(kept(first))} of the gradient’s length remains. Such a step still affects the retained points, which have ${whole(shares[1])} of their energy there.`;
  const free = second.size - second.rank, stuck = first.rank === 2;
  const inputs = `Layer 2 has ${second.size} hidden units as inputs; at this γ, ${second.rank === 1 ? "1 direction is" : `${second.rank} directions are`} kept. `;
  if (!free) return [spread + one, `${inputs}Its null space has dimension 0${stuck ? " as well, so UNSC cannot change anything" : ""}: lower γ, or widen the network.`];
  const [a, b] = [norm(first.projected) ** 2, norm(second.projected) ** 2];
  const where = stuck ? ": only this layer can forget." : `; ${whole(a + b ? b / (a + b) : 0)} of the next step is made here.`;
  return [spread + one, `${inputs}Its null space has dimension ${second.size} − ${second.rank} = ${free}, and ${whole(kept(second))} of the gradient’s length remains${where}`];
}

/** How the methods compare at the epoch shown. @param {any} found @param {string} name of the class to forget @param {{id: string, name: string}[]} models */
function verdictWords(found, name, models) {
  const say = (/** @type {string} */ id) => {
    const { forgotten, retained, same } = found.numbers[id], title = models.find((one) => one.id === id)?.name ?? id;
    return `${title}: Acc_f ${percent(forgotten)}, Acc_r ${percent(retained)}, like retrained on ${whole(same)} of the plane`;
  };
  return `At epoch ${Math.floor(found.epoch)}, forgetting ${name}. ${["unsc", "random-labels", "gradient-ascent", "mask"].map(say).join(". ")}.`;
}

/** Streamlit calls this with the component's data whenever they change. @param {any} component */
export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".lab");
  root.lab ??= new Lab2D(root);
  if (!root.lab.data) root.lab.load(data);
  else root.lab.recolour();
  // Also called before the next call; only a lab that has left the page ends.
  return () => setTimeout(() => root.isConnected || root.lab.stop(), 1000);
}
