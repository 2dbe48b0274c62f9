// @ts-check
// The mathematics of the 2-D lab: a network of one hidden layer on points in the plane, the null
// space of the retained points, and the methods. It follows unsc_core step by step, in float64;
// tests/e2e/test_lab_parity.py holds the two together, with batches that the core has, too.

/** Cells along each side of the plane. */
const SIZE = 96;
/** Steps of confidence in a cell; a byte holds these of at most four classes. */
const LEVELS = 64;

/**
 * Points of several classes. `forget` is the class to forget.
 * @typedef {{x: Float64Array, y: Uint8Array, classes: number, forget: number}} Points
 */

/** A generator of uniform numbers in [0, 1): Mulberry32. */
class Random {
  /** @param {number} seed */
  constructor(seed) {
    this.state = seed >>> 0;
  }

  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** The batches of one epoch: 0 … n − 1 shuffled; a last batch of one joins the one before. @param {number} n @param {number} size */
  batches(n, size) {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(this.next() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    const starts = Array.from({ length: Math.ceil(n / size) }, (_, i) => i * size);
    if (starts.length > 1 && n % size === 1) starts.pop();
    return starts.map((start, i) => order.subarray(start, i + 1 < starts.length ? starts[i + 1] : n));
  }
}

/** A network 2 → width → classes with ReLU; all weights lie in `all`, in PyTorch's order. */
class Network {
  /** @param {number} width @param {number} classes @param {Float64Array} [all] */
  constructor(width, classes, all) {
    this.width = width;
    this.classes = classes;
    this.all = all ?? new Float64Array((3 + classes) * width + classes);
    this.w1 = this.all.subarray(0, 2 * width);
    this.b1 = this.all.subarray(2 * width, 3 * width);
    this.w2 = this.all.subarray(3 * width, (3 + classes) * width);
    this.b2 = this.all.subarray((3 + classes) * width);
    this.hidden = new Float64Array(width);
    this.logits = new Float64Array(classes);
  }

  /** Initial weights as PyTorch draws them: uniform in ±1/√inputs. @param {number} width @param {number} classes @param {number} seed */
  static initial(width, classes, seed) {
    const made = new Network(width, classes), random = new Random(seed);
    for (const [values, inputs] of /** @type {[Float64Array, number][]} */ ([[made.w1, 2], [made.b1, 2], [made.w2, width], [made.b2, width]]))
      for (let i = 0; i < values.length; i++) values[i] = (2 * random.next() - 1) / Math.sqrt(inputs);
    return made;
  }

  copy() {
    return new Network(this.width, this.classes, this.all.slice());
  }

  /** Hidden units and logits of one point, in `hidden` and `logits`. @param {number} x @param {number} y */
  answer(x, y) {
    const { width, classes, w1, b1, w2, b2, hidden, logits } = this;
    for (let j = 0; j < width; j++) {
      const value = w1[2 * j] * x + w1[2 * j + 1] * y + b1[j];
      hidden[j] = value > 0 ? value : 0;
    }
    for (let c = 0; c < classes; c++) logits[c] = b2[c];
    for (let j = 0; j < width; j++) {
      const value = hidden[j];
      if (value > 0) for (let c = 0, at = j; c < classes; c++, at += width) logits[c] += w2[at] * value;
    }
    return logits;
  }

  /** Adds the gradient of the mean cross-entropy of some points to `into`, and returns the mean. @param {Points} points @param {ArrayLike<number>} rows @param {ArrayLike<number>} labels of the rows @param {Network} into */
  addGradient(points, rows, labels, into) {
    const { width, classes, w2, hidden } = this, { w1: toW1, b1: toB1, w2: toW2, b2: toB2 } = into;
    const share = 1 / rows.length, { x: coordinates } = points;
    let loss = 0;
    for (let i = 0; i < rows.length; i++) {
      const x = coordinates[2 * rows[i]], y = coordinates[2 * rows[i] + 1], logits = this.answer(x, y), label = labels[i];
      let highest = -Infinity, sum = 0;
      for (let c = 0; c < classes; c++) if (logits[c] > highest) highest = logits[c];
      const wanted = logits[label];
      for (let c = 0; c < classes; c++) sum += logits[c] = Math.exp(logits[c] - highest);
      loss += highest + Math.log(sum) - wanted;
      for (let c = 0; c < classes; c++) {
        logits[c] = share * (logits[c] / sum - (c === label ? 1 : 0));
        toB2[c] += logits[c];
      }
      for (let j = 0; j < width; j++) {
        const value = hidden[j];
        if (value === 0) continue;
        let back = 0;
        for (let c = 0, at = j; c < classes; c++, at += width) {
          back += logits[c] * w2[at];
          toW2[at] += logits[c] * value;
        }
        toW1[2 * j] += back * x;
        toW1[2 * j + 1] += back * y;
        toB1[j] += back;
      }
    }
    return loss * share;
  }
}

const TRAINING = { epochs: 40, rate: 0.1, batch: 128, decay: 5e-4, rise: 0.2, momentum: [0.85, 0.95] };

/** Trains in place on some points, with Nesterov momentum and one rise and fall of the rate. @param {Network} network @param {Points} points @param {ArrayLike<number>} rows @param {(epoch: number) => Uint32Array[]} batches of an epoch: positions in `rows` @param {number} epochs */
function train(network, points, rows, batches, epochs = TRAINING.epochs) {
  const { rate, decay, rise } = TRAINING, [least, most] = TRAINING.momentum;
  const total = epochs * batches(0).length, peak = rise * total - 1, last = total - 1;
  const gradient = new Network(network.width, network.classes), velocity = new Float64Array(network.all.length);
  const between = (/** @type {number} */ a, /** @type {number} */ b, /** @type {number} */ part) => b + ((a - b) / 2) * (1 + Math.cos(Math.PI * part));
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++)
    for (const batch of batches(epoch)) {
      const up = step <= peak, part = up ? step / peak : (step - peak) / (last - peak);
      const now = up ? between(rate / 25, rate, part) : between(rate, rate / 25e4, part);
      const momentum = up ? between(most, least, part) : between(least, most, part);
      const chosen = Array.from(batch, (i) => rows[i]);
      gradient.all.fill(0);
      network.addGradient(points, chosen, chosen.map((row) => points.y[row]), gradient);
      for (let i = 0; i < velocity.length; i++) {
        const g = gradient.all[i] + decay * network.all[i];
        velocity[i] = momentum * velocity[i] + g;
        network.all[i] -= now * (g + momentum * velocity[i]);
      }
      step++;
    }
}

/**
 * Eigenvalues, descending, and eigenvectors (row by row, column i belongs to eigenvalue i) of the
 * summed second moment Σ x xᵀ of a layer's inputs.
 * @typedef {{size: number, values: Float64Array, vectors: Float64Array}} Spectrum
 */

/** The spectra of both layers' inputs from some points. @param {Network} network @param {Points} points @param {ArrayLike<number>} rows @returns {Spectrum[]} */
function spectra(network, points, rows) {
  const { width } = network, moments = [new Float64Array(4), new Float64Array(width * width)];
  for (let i = 0; i < rows.length; i++) {
    const x = points.x.subarray(2 * rows[i], 2 * rows[i] + 2);
    network.answer(x[0], x[1]);
    for (const [moment, inputs] of /** @type {[Float64Array, Float64Array][]} */ ([[moments[0], x], [moments[1], network.hidden]]))
      for (let a = 0, at = 0; a < inputs.length; a++) for (let b = 0; b < inputs.length; b++, at++) moment[at] += inputs[a] * inputs[b];
  }
  return [spectrum(moments[0], 2), spectrum(moments[1], width)];
}

/** @param {Float64Array} moment symmetric, row by row @param {number} size @returns {Spectrum} */
function spectrum(moment, size) {
  // @ts-ignore the library is loaded before this file
  const found = new mlMatrix.EigenvalueDecomposition(mlMatrix.Matrix.from1DArray(size, size, moment), { assumeSymmetric: true });
  const order = Array.from({ length: size }, (_, i) => i).sort((a, b) => found.realEigenvalues[b] - found.realEigenvalues[a]);
  const vectors = new Float64Array(size * size);
  order.forEach((from, to) => {
    for (let row = 0; row < size; row++) vectors[row * size + to] = found.eigenvectorMatrix.get(row, from);
  });
  return { size, values: Float64Array.from(order, (i) => Math.max(0, found.realEigenvalues[i])), vectors };
}

/** The fewest leading eigenvalues that hold at least the share γ of the sum. @param {Float64Array} values descending @param {number} gamma */
function energyRank(values, gamma) {
  if (!(values[0] > 0)) return 0;
  const rounding = values[0] * values.length * 2.2e-16, numerical = values.filter((value) => value > rounding).length;
  const total = values.reduce((a, b) => a + b);
  let held = 0, rank = 0;
  while (rank < values.length && held + values[rank] < gamma * total) held += values[rank++];
  return Math.min(rank + 1, numerical);
}

/** P = V Vᵀ over the directions that are not kept, row by row. @param {Spectrum} found @param {number} rank */
function projector({ size, vectors }, rank) {
  const made = new Float64Array(size * size);
  for (let a = 0; a < size; a++)
    for (let b = a; b < size; b++) {
      let sum = 0;
      for (let k = rank; k < size; k++) sum += vectors[a * size + k] * vectors[b * size + k];
      made[a * size + b] = made[b * size + a] = sum;
    }
  return made;
}

/** G P for a gradient of as many columns as P has. @param {Float64Array} gradient @param {Float64Array} p @param {number} size */
function projected(gradient, p, size) {
  const made = new Float64Array(gradient.length);
  for (let row = 0; row < gradient.length; row += size)
    for (let k = 0; k < size; k++) {
      const value = gradient[row + k];
      if (value) for (let j = 0; j < size; j++) made[row + j] += value * p[k * size + j];
    }
  return made;
}

/** The highest logit's class of each row, some class barred. @param {Network} network @param {Points} points @param {ArrayLike<number>} rows @param {number} [barred] */
function predictions(network, points, rows, barred = -1) {
  return Uint8Array.from(rows, (row) => highest(network.answer(points.x[2 * row], points.x[2 * row + 1]), barred));
}

/** The Euclidean length. @param {Float64Array} values */
const norm = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

/** The class of the highest logit. @param {Float64Array} logits @param {number} [barred] */
function highest(logits, barred = -1) {
  let best = -1;
  for (let c = 0; c < logits.length; c++) if (c !== barred && (best < 0 || logits[c] > logits[best])) best = c;
  return best;
}

/** One method on its way from the original; `history` holds the weights after each epoch. */
class Run {
  /**
   * @param {Network} original @param {Points} points @param {ArrayLike<number>} rows to forget
   * @param {{labels: ArrayLike<number>, rate: number, ascend?: boolean, floor?: number, projectors?: Float64Array[], batches: (epoch: number) => Uint32Array[]}} options
   * With projectors, only weights are trained, not biases.
   */
  constructor(original, points, rows, options) {
    this.points = points;
    this.rows = rows;
    this.options = { ascend: false, floor: 0.01, ...options };
    this.network = original.copy();
    this.gradient = new Network(original.width, original.classes);
    this.history = [original.all.slice()];
    this.recognised = [this.accuracy()];
    this.stopped = false;
    this.diverged = false;
  }

  accuracy() {
    const found = predictions(this.network, this.points, this.rows);
    return found.filter((c, i) => c === this.points.y[this.rows[i]]).length / this.rows.length;
  }

  /** The gradient of some of the rows, as the step takes it but for clipping. @param {ArrayLike<number>} positions */
  gradientOf(positions) {
    const { gradient, network, points, options, rows } = this, { projectors } = options;
    gradient.all.fill(0);
    const chosen = Array.from(positions, (i) => rows[i]), labels = Array.from(positions, (i) => options.labels[i]);
    network.addGradient(points, chosen, labels, gradient);
    if (options.ascend) for (let i = 0; i < gradient.all.length; i++) gradient.all[i] *= -1;
    if (projectors) {
      gradient.w1.set(projected(gradient.w1, projectors[0], 2));
      gradient.w2.set(projected(gradient.w2, projectors[1], network.width));
      gradient.b1.fill(0);
      gradient.b2.fill(0);
    }
    return gradient;
  }

  /** Goes on to an epoch, unless it stopped before. @param {number} epoch */
  advance(epoch) {
    const { rate, floor, batches } = this.options, all = this.network.all;
    while (this.history.length <= epoch && !this.stopped) {
      for (const batch of batches(this.history.length - 1)) {
        const step = this.gradientOf(batch).all, scale = rate * Math.min(1, 1 / (norm(step) + 1e-6));
        for (let i = 0; i < all.length; i++) all[i] -= scale * step[i];
      }
      this.diverged = !all.every(Number.isFinite);
      if (!this.diverged) {
        this.history.push(all.slice());
        this.recognised.push(this.accuracy());
      }
      this.stopped = this.diverged || this.recognised[this.recognised.length - 1] <= floor;
    }
  }

  /** The network at an epoch, between two of them in proportion, after the last one the last. @param {number} epoch @param {Network} into */
  at(epoch, into) {
    const whole = Math.min(Math.floor(epoch), this.history.length - 1), next = Math.min(whole + 1, this.history.length - 1);
    const part = epoch - whole, from = this.history[whole], to = this.history[next];
    if (next === whole || !part) into.all.set(from);
    else for (let i = 0; i < from.length; i++) into.all[i] = from[i] + part * (to[i] - from[i]);
    return into;
  }
}

/** class · LEVELS + confidence of each cell of the plane, row by row from the top left. @param {Network} network @param {number} extent @param {number} [barred] @param {Uint8Array} [into] */
function plane(network, extent, barred = -1, into = new Uint8Array(SIZE * SIZE)) {
  const { width, classes, w1, b1, w2, b2, logits } = network, least = 1 / classes, scale = (LEVELS - 1) / (1 - least);
  for (let row = 0, at = 0; row < SIZE; row++) {
    const y = -extent * ((2 * row + 1) / SIZE - 1);
    for (let column = 0; column < SIZE; column++, at++) {
      const x = extent * ((2 * column + 1) / SIZE - 1);
      for (let c = 0; c < classes; c++) logits[c] = b2[c];
      for (let j = 0; j < width; j++) {
        const value = w1[2 * j] * x + w1[2 * j + 1] * y + b1[j];
        if (value > 0) for (let c = 0, k = j; c < classes; c++, k += width) logits[c] += w2[k] * value;
      }
      let best = -1, sum = 0;
      for (let c = 0; c < classes; c++) if (c !== barred && (best < 0 || logits[c] > logits[best])) best = c;
      for (let c = 0; c < classes; c++) if (c !== barred) sum += Math.exp(logits[c] - logits[best]);
      into[at] = best * LEVELS + Math.max(0, Math.min(LEVELS - 1, Math.round((1 / sum - least) * scale)));
    }
  }
  return into;
}
