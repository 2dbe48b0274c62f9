// How a room answered one step: a histogram of numbers or of choices, which grows as answers come.

const BINS = 20;

class Tally {
  constructor(root) {
    this.root = root;
    this.head = root.querySelector(".head");
    this.rows = root.querySelector(".rows");
  }

  update(data) {
    this.data = data;
    this.answers = data.answers;
    this.hear();
    this.draw();
  }

  /** Take what has come in since the page was drawn. */
  hear() {
    const news = window.unscRoom?.latest, { lesson, step, version } = this.data;
    if (!news || news.lesson !== lesson || news.step !== step || news.version < version) return false;
    this.answers = news.answers ?? null;
    return true;
  }

  draw() {
    const { answers, data } = this;
    this.rows.className = `rows ${data.choices.length ? "choices" : "numbers"}`;
    this.rows.hidden = !answers?.length;
    if (!answers) this.head.textContent = "Answer first: then you see how the room answers.";
    else if (!answers.length) this.head.textContent = `Nobody in the room has answered${data.truth == null ? " yet" : ""}.`;
    else if (data.choices.length) this.choices(answers);
    else this.numbers(answers.filter((value) => typeof value === "number"));
  }

  choices(answers) {
    const { choices, truth } = this.data, most = Math.max(1, ...choices.map((choice) => answers.filter((a) => a === choice).length));
    this.head.textContent = `The room: ${counted(answers.length, "answer")}`;
    this.rows.replaceChildren(
      ...choices.flatMap((choice) => {
        const count = answers.filter((answer) => answer === choice).length, right = choice === truth ? " right" : "";
        const fill = make("div", { class: `fill${right}`, style: `width:${(100 * count) / most}%` });
        return [make("div", { class: `name${right}` }, right ? `✓ ${choice}` : choice), make("div", { class: "track" }, fill), make("div", { class: `count${right}` }, String(count))];
      }),
    );
  }

  numbers(answers) {
    const { low, high, truth } = this.data, share = (value) => Math.min(1, Math.max(0, (value - low) / (high - low)));
    const sorted = [...answers].sort((a, b) => a - b), middle = sorted.length >> 1;
    const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    this.head.textContent = `The room: ${counted(answers.length, "answer")}, median ${this.written(median)}`;
    const bins = new Array(BINS).fill(0);
    for (const value of answers) bins[Math.min(BINS - 1, Math.floor(share(value) * BINS))] += 1;
    const most = Math.max(...bins);
    const bars = bins.map((count, i) => (count ? make("div", { class: "bin", style: `left:calc(${(100 * i) / BINS}% + 1px);width:calc(${100 / BINS}% - 2px);height:${(88 * count) / most}%` }, make("span", {}, String(count))) : null));
    const ticks = [low, (low + high) / 2, high].map((value, i) => make("div", { class: `tick${i === 2 ? " last" : ""}`, style: `left:${100 * share(value)}%` }, this.written(value)));
    const line = typeof truth === "number" ? make("div", { class: `line${share(truth) > 0.7 ? " late" : ""}`, style: `left:${100 * share(truth)}%` }, make("span", {}, this.written(truth))) : null;
    this.rows.replaceChildren(...ticks, ...bars.filter(Boolean), ...(line ? [line] : []));
  }

  written(value) {
    const { unit, low, high } = this.data, digits = high - low <= 2 ? 2 : 1;
    return `${value < 0 ? "−" : ""}${Math.abs(value).toFixed(digits).replace(/\.0+$/, "")}${unit ? `\u00a0${unit}` : ""}`;
  }
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".tally");
  (root.tally ??= new Tally(root)).update(data);
  const listen = () => root.isConnected && root.tally.hear() && root.tally.draw();
  window.addEventListener("unsc-room", listen);
  return () => window.removeEventListener("unsc-room", listen);
}
