// The samples that a page shows, and which of them are selected.

const NO_LABEL = 65535;
const files = new Map(); // address -> promise of its bytes, for all pages of this tab

const load = (address) => {
  if (!files.has(address)) {
    const asked = fetch(new URL(address, location.href)).then((answer) => {
      if (!answer.ok) throw new Error(`${answer.status}`);
      return answer.arrayBuffer();
    });
    asked.catch(() => files.delete(address));
    files.set(address, asked);
  }
  return files.get(address);
};

/** Numbers of all samples, in the order of unsc_core/figures/explorer.py. */
class Samples {
  constructor(about, bytes) {
    Object.assign(this, about);
    const { n, classes, models } = about;
    let at = 0;
    const read = (type, length) => {
      const found = new type(bytes, at, length);
      at += found.byteLength;
      return found;
    };
    this.rows = read(Uint32Array, n);
    this.places = models.map(() => read(Float32Array, 2 * n));
    this.logits = models.map(() => read(Uint16Array, n * classes.length));
    this.labels = read(Uint16Array, n);
    this.predicted = models.map(() => read(Uint16Array, n));
    this.assigned = read(Uint16Array, n);
    this.bits = read(Uint8Array, n);
    this.index = new Map(Array.from(this.rows, (row, i) => [row, i]));
    this.keys = Object.keys(about.outcomes);
  }

  /** Whether sample i meets one condition of a rule, as `condition` in analysis/selection.py. */
  meets(i, name, value) {
    if (name === "outcome") return (this.bits[i] >> this.keys.indexOf(value)) & 1;
    if (name === "true") return this.labels[i] === value;
    if (name === "label") return this.assigned[i] === value;
    if (name === "changed") return (this.predicted[0][i] === value) !== (this.predicted[1][i] === value);
    const model = this.models.findIndex((one) => one.name === name);
    return model >= 0 && this.predicted[model][i] === value;
  }

  /** The samples that meet all conditions. */
  matching(rule) {
    const found = [];
    for (let i = 0; i < this.n; i++) if (rule.every(([name, value]) => this.meets(i, name, value))) found.push(i);
    return found;
  }

  isForgotten(i) {
    return this.bits[i] & 1;
  }

  /** The logit of a class under a model. */
  logit(model, i, label) {
    const [low, high] = this.scales[model];
    return low + ((high - low) * this.logits[model][i * this.classes.length + label]) / 65535;
  }

  /** Take the neighbours that models have found: [model, count] of each, and all their numbers. */
  compare(counts, bytes) {
    let at = 0;
    this.near = {};
    for (const [model, count] of counts) {
      if (count && !bytes) continue; // not loaded
      this.near[model] = { count, places: new Uint16Array(bytes ?? new ArrayBuffer(0), at, this.n * count) };
      at += 2 * this.n * count;
    }
  }

  /** The samples nearest to sample i in a model's features; null while they are not known. */
  neighbours(model, i) {
    const found = this.near[this.models[model].name];
    return found ? [...found.places.subarray(i * found.count, (i + 1) * found.count)] : null;
  }

  /** What a sample is, for those who hear it. */
  words(i) {
    const answers = this.models.map((model, m) => `${model.name} ${this.classes[this.predicted[m][i]]}`);
    return `${this.classes[this.labels[i]]} #${this.rows[i]}: ${answers.join(", ")}`;
  }

  /** A rule in words: "true class Shirt, predicted as Coat by the original model". */
  ruleInWords(rule) {
    const name = (value) => this.classes[value];
    const say = {
      true: (value) => `true class ${name(value)}`,
      changed: (value) => `predicted as ${name(value)} before or after unlearning, but not both`,
      label: (value) => `assigned ${name(value)}`,
      outcome: (value) => this.outcomes[value]?.[1] ?? value,
    };
    return rule.map(([key, value]) => (say[key] ?? ((one) => `predicted as ${name(one)} by the ${key} model`))(value)).join(", ");
  }
}

/** Images of samples on one sheet. */
class Sheet {
  constructor(whenLoaded) {
    this.whenLoaded = whenLoaded;
    this.waiting = [];
  }

  use(sheet) {
    if (this.address === sheet?.url) return;
    this.address = sheet?.url;
    Object.assign(this, { ready: false, columns: sheet?.columns, tile: sheet?.tile });
    if (!sheet) return;
    const image = new Image();
    image.onload = () => {
      if (this.address !== sheet.url) return;
      this.ready = true;
      this.image = image;
      this.waiting.splice(0).forEach((draw) => draw());
    };
    image.onerror = () => (this.address = null); // asked for again with what the page sends next
    image.src = new URL(sheet.url, location.href);
  }

  get exists() {
    return Boolean(this.address);
  }

  /** A picture of sample i, with a side of `size` pixels. */
  picture(i, size) {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [this.tile, this.tile];
    canvas.style.cssText = `width:${size}px;height:${size}px`;
    const draw = () => {
      const [x, y] = [(i % this.columns) * this.tile, Math.floor(i / this.columns) * this.tile];
      canvas.getContext("2d").drawImage(this.image, x, y, this.tile, this.tile, 0, 0, this.tile, this.tile);
    };
    if (this.ready) draw();
    else this.waiting.push(draw);
    return canvas;
  }
}
