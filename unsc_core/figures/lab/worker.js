// @ts-check
// Computes what the 2-D lab shows at one epoch of one setting, and keeps what the next one shares.

/**
 * What is asked for. `x` has two numbers for each point, `y` its class.
 * @typedef {{x: number[], y: number[], classes: number, forget: number, width: number, seed: number,
 *   rate: number, epochs: number, gamma: number}} Settings
 */

const BATCH = 128;
const MOVING = ["unsc", "random-labels", "gradient-ascent"];

/** Accuracy on the class to forget, and its mean over the other classes that have points. @param {Points} points @param {Uint8Array} answers */
function accuracies(points, answers) {
  const right = new Float64Array(points.classes), all = new Float64Array(points.classes);
  points.y.forEach((c, i) => {
    all[c]++;
    right[c] += answers[i] === c ? 1 : 0;
  });
  const others = Array.from(all, (_, c) => c).filter((c) => c !== points.forget && all[c]);
  return {
    forgotten: right[points.forget] / all[points.forget],
    retained: others.reduce((sum, c) => sum + right[c] / all[c], 0) / others.length,
  };
}

class Lab {
  constructor() {
    /** @type {Map<string, {key: string, value: any}>} */
    this.kept = new Map();
    this.stamps = 0;
  }

  /** `make()`, or what it made last time for the same key. @template T @param {string} name @param {string} key @param {() => T} make @returns {T} */
  once(name, key, make) {
    const found = this.kept.get(name);
    if (found?.key === key) return found.value;
    const value = make();
    this.kept.set(name, { key, value });
    return value;
  }

  /** The batches of every epoch, always the same for a seed. @param {string} use @param {number} seed @param {number} n */
  order(use, seed, n) {
    return this.once(`order ${use}`, `${seed} ${n}`, () => {
      const random = new Random(seed), made = /** @type {Uint32Array[][]} */ ([]);
      return (/** @type {number} */ epoch) => {
        while (made.length <= epoch) made.push(random.batches(n, BATCH));
        return made[epoch];
      };
    });
  }

  /** Everything at one epoch. @param {Settings} settings @param {number} epoch @param {number} extent */
  show(settings, epoch, extent) {
    const { x, y, classes, forget, width, seed, rate, gamma, epochs } = settings;
    const data = this.once("data", JSON.stringify([x, y]), () => ({ number: ++this.stamps, x: Float64Array.from(x), y: Uint8Array.from(y) }));
    const request = `${data.number} ${width} ${seed} ${forget}`, basis = `${data.number} ${width} ${seed}`;
    const points = { x: data.x, y: data.y, classes, forget };
    const rows = Array.from(points.y, (_, i) => i), gone = rows.filter((i) => points.y[i] === forget), rest = rows.filter((i) => points.y[i] !== forget);
    const trained = (/** @type {string} */ use, /** @type {number[]} */ on) => {
      const made = Network.initial(width, classes, seed);
      train(made, points, on, this.order(use, seed, on.length));
      return made;
    };
    const original = this.once("original", basis, () => trained("all", rows));
    const retrained = this.once("retrained", request, () => trained("rest", rest));
    const found = this.once("spectra", request, () => spectra(original, points, rest));
    const ranks = found.map((layer) => energyRank(layer.values, gamma));
    const batches = this.order("gone", seed, gone.length);
    const away = () => {
      const random = new Random(seed ^ 0x9e3779b9), others = Array.from({ length: classes }, (_, c) => c).filter((c) => c !== forget && rest.some((i) => points.y[i] === c));
      return gone.map(() => others[Math.floor(random.next() * others.length)]);
    };
    const shared = { rate, batches };
    const runs = {
      unsc: this.once("unsc", `${request} ${rate} ${ranks}`, () => {
        const projectors = found.map((layer, i) => projector(layer, ranks[i]));
        return new Run(original, points, gone, { ...shared, labels: predictions(original, points, gone, forget), projectors });
      }),
      "random-labels": this.once("random-labels", `${request} ${rate}`, () => new Run(original, points, gone, { ...shared, labels: away(), floor: -1 })),
      "gradient-ascent": this.once("gradient-ascent", `${request} ${rate}`, () => new Run(original, points, gone, { ...shared, labels: gone.map(() => forget), ascend: true })),
    };
    for (const run of Object.values(runs)) run.advance(Math.ceil(epoch));

    const looks = (/** @type {string} */ name, /** @type {string} */ key, /** @type {Network} */ network, barred = -1) =>
      this.once(`look ${name}`, key, () => ({ cells: plane(network, extent, barred), answers: predictions(network, points, rows, barred), stamp: ++this.stamps }));
    const views = /** @type {Record<string, {cells: Uint8Array, answers: Uint8Array, stamp: number}>} */ ({
      original: looks("original", basis, original),
      mask: looks("mask", request, original, forget),
      retrain: looks("retrain", request, retrained),
    });
    const at = /** @type {Record<string, Network>} */ ({ original, mask: original, retrain: retrained });
    for (const name of MOVING) {
      const run = runs[/** @type {"unsc"} */ (name)], last = run.history.length - 1, now = Math.min(epoch, last);
      at[name] = run.at(now, new Network(width, classes));
      views[name] = looks(name, `${request} ${rate} ${name === "unsc" ? ranks : ""} ${now}`, at[name]);
    }
    const numbers = Object.fromEntries(Object.entries(views).map(([name, view]) => [name, this.measured(points, original, at[name], view, views, name === "mask" ? forget : -1)]));
    return {
      views,
      numbers,
      runs: Object.fromEntries(MOVING.map((name) => [name, this.ending(runs[/** @type {"unsc"} */ (name)], epochs)])),
      curves: this.curves(runs, epoch),
      layers: this.layers(runs.unsc, at.unsc, found, ranks),
    };
  }

  /** Shares and drift of one view, accuracy on the rest averaged over its classes, as everywhere in the app. @param {Points} points @param {Network} original @param {Network} network @param {{cells: Uint8Array, answers: Uint8Array}} view @param {Record<string, {cells: Uint8Array, answers: Uint8Array}>} views @param {number} barred */
  measured(points, original, network, view, views, barred) {
    let change = 0, norm = 0, lost = 0, retained = 0, same = 0;
    points.y.forEach((c, i) => {
      if (c === points.forget) return;
      const before = Float64Array.from(original.answer(points.x[2 * i], points.x[2 * i + 1])), after = network.answer(points.x[2 * i], points.x[2 * i + 1]);
      for (let k = 0; k < before.length; k++) {
        change += (after[k] - before[k]) ** 2;
        norm += before[k] ** 2;
      }
    });
    view.cells.forEach((cell, i) => {
      const now = Math.floor(cell / LEVELS), before = Math.floor(views.original.cells[i] / LEVELS);
      if (before !== points.forget) {
        retained++;
        lost += now !== before ? 1 : 0;
      }
      same += now === Math.floor(views.retrain.cells[i] / LEVELS) ? 1 : 0;
    });
    return {
      ...accuracies(points, view.answers),
      drift: barred < 0 ? Math.sqrt(change / norm) : null,
      changed: retained ? lost / retained : 0,
      same: same / view.cells.length,
    };
  }

  /** Where a run is, and why it ended. @param {Run} run @param {number} epochs */
  ending(run, epochs) {
    const last = run.history.length - 1;
    return { last, early: run.stopped && (run.diverged || last < epochs), diverged: run.diverged, recognised: run.recognised[last] };
  }

  /** Accuracies after every epoch up to this one. @param {Record<string, Run>} runs @param {number} epoch */
  curves(runs, epoch) {
    return Object.fromEntries(
      Object.entries(runs).map(([name, run]) => {
        const known = /** @type {any} */ (run).curve ??= [];
        const whole = Math.min(Math.floor(epoch), run.history.length - 1), points = run.points;
        while (known.length <= whole) {
          const network = new Network(run.network.width, run.network.classes, run.history[known.length]);
          known.push(accuracies(points, predictions(network, points, Array.from(points.y, (_, i) => i))));
        }
        return [name, known.slice(0, whole + 1)];
      }),
    );
  }

  /** UNSC's next step in both layers, over all points to forget: the gradient, and projected. @param {Run} run @param {Network} now @param {Spectrum[]} found @param {number[]} ranks */
  layers(run, now, found, ranks) {
    const { points, rows, options } = run, gradient = new Network(now.width, now.classes), chosen = Array.from(rows);
    now.addGradient(points, chosen, Array.from(options.labels), gradient);
    return [gradient.w1, gradient.w2].map((raw, i) => {
      const { size, values, vectors } = found[i], p = /** @type {Float64Array[]} */ (options.projectors)[i];
      return { size, rank: ranks[i], values, vectors: size === 2 ? vectors : new Float64Array(0), raw, projected: projected(raw, p, size) };
    });
  }
}

const lab = new Lab();
self.onmessage = ({ data }) => {
  const { settings, epoch, extent } = data;
  try {
    self.postMessage({ settings, epoch, ...lab.show(settings, epoch, extent) });
  } catch (error) {
    self.postMessage({ error: String(error) });
  }
};
