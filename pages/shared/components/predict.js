// Bars of a real result, one of which is dragged to where one thinks that it ends.

const SETTLED_MS = 350; // after the last key, a guess is sent

class Predict {
  constructor(root) {
    this.root = root;
    this.rows = root.querySelector(".rows");
  }

  update(data, trigger) {
    this.trigger = trigger;
    const text = JSON.stringify(data);
    if (text === this.text) return;
    const same = this.data?.of === data.of;
    const asks = same && this.data.truth === null && data.truth === null;
    Object.assign(this, { data, text });
    if (!asks) this.sent = undefined;
    else if (this.dragging || this.timer || (this.sent !== undefined && data.guess !== this.sent)) return; // moved on since
    if (!same || data.guess !== null || data.truth !== null) this.value = data.guess;
    this.root.querySelector(".title").textContent = data.title;
    this.draw();
  }

  share(value) {
    const { low, high } = this.data;
    return (Math.min(high, Math.max(low, value)) - low) / (high - low);
  }

  written(value) {
    const { unit, digits } = this.data, points = unit === "points";
    const number = Math.abs(value).toFixed(digits), sign = Number(number) === 0 ? "" : value < 0 ? "−" : points ? "+" : "";
    return `${sign}${number}${unit ? `\u00a0${unit}` : ""}`;
  }

  /** A bar from zero, or the end of the scale that is nearest to it, to a value. */
  bar(kind, value) {
    const [zero, at] = [this.share(0), this.share(value)];
    const style = `left:${100 * Math.min(zero, at)}%;width:${100 * Math.abs(at - zero)}%`;
    return make("div", { class: `bar ${kind}`, style });
  }

  draw() {
    const { data } = this, open = data.truth === null;
    const focused = this.track && this.track.getRootNode().activeElement === this.track;
    this.root.classList.toggle("touched", this.value !== null);
    const zero = data.low < 0 && data.high > 0 ? [this.share(0)] : [];
    const lines = () => zero.map((at) => make("div", { class: "zero", style: `left:${100 * at}%` }));
    const rows = data.bars.map(({ name, value, of }) =>
      name === data.asked
        ? this.asked(name, of, open, lines)
        : make("div", { class: `row${name === data.right ? " right" : ""}` }, make("div", { class: "name" }, name), make("div", { class: "track" }, this.bar(of, value), lines()), make("div", { class: "value" }, this.written(value))),
    );
    const ticks = data.ticks.map((tick) => make("span", { style: `left:${100 * this.share(tick)}%` }, this.tick(tick)));
    rows.push(make("div", { class: "row ends", "aria-hidden": "true" }, make("div", { class: "name" }), make("div", { class: "axis" }, ticks), make("div", { class: "value" })));
    if (data.note) rows.push(make("p", { class: "note" }, data.note));
    this.root.classList.toggle("torn", Boolean(data.note));
    this.rows.replaceChildren(...rows);
    if (focused) this.track?.focus();
    this.say();
  }

  tick(value) {
    const text = `${value < 0 ? "−" : ""}${Math.abs(value)}`;
    return this.data.unit === "%" ? `${text} %` : text;
  }

  asked(name, of, open, lines) {
    const { data } = this, value = this.value ?? (data.low + data.high) / 2;
    const guess = this.value === null && !open ? null : this.bar("guess", value);
    const parts = open
      ? [guess, lines(), make("div", { class: "handle", style: `left:${100 * this.share(value)}%` })]
      : [make("div", {}, ""), this.bar(`truth ${of}`, data.truth), guess, lines()];
    const slider = open
      ? { role: "slider", tabindex: 0, "aria-label": `${data.title}: ${name}`, "aria-valuemin": data.low, "aria-valuemax": data.high, "aria-valuenow": value, "aria-valuetext": this.value === null ? "no guess yet" : this.written(value) }
      : {};
    this.track = make("div", { class: "track", ...slider }, parts);
    this.output = make("div", { class: "value" }, this.value === null && open ? "?" : this.written(open ? value : data.truth));
    if (open) this.listen();
    return make("div", { class: `row asked${open ? " open" : ""}` }, make("div", { class: "name" }, name), this.track, this.output);
  }

  listen() {
    const { track } = this;
    this.dragging = false;
    const follow = (event) => {
      const box = track.getBoundingClientRect(), { low, high } = this.data;
      this.set(low + ((event.clientX - box.left) / box.width) * (high - low));
    };
    track.onpointerdown = (event) => {
      if (event.button) return;
      this.dragging = true;
      track.setPointerCapture(event.pointerId);
      follow(event);
    };
    track.onpointermove = (event) => this.dragging && follow(event);
    track.onpointerup = () => this.dragging && ((this.dragging = false), this.send());
    track.onpointercancel = () => (this.dragging = false);
    track.onkeydown = (event) => {
      const { low, high, step } = this.data, now = this.value ?? (low + high) / 2;
      const to = { ArrowLeft: now - step, ArrowDown: now - step, ArrowRight: now + step, ArrowUp: now + step, PageDown: now - 10 * step, PageUp: now + 10 * step, Home: low, End: high }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      event.stopPropagation(); // arrows also turn the pages of the lesson
      this.set(to);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.send(), SETTLED_MS);
    };
    track.onblur = () => this.timer && this.send();
  }

  /** Move the bar, without building anything anew: the pointer is held by it. */
  set(value) {
    const { low, high, step } = this.data;
    const at = Math.min(high, Math.max(low, Math.round(value / step) * step));
    this.value = Number(at.toFixed(6));
    this.root.classList.add("touched");
    const [handle, bar] = [".handle", ".guess"].map((name) => this.track.querySelector(name));
    handle.style.left = `${100 * this.share(this.value)}%`;
    bar.style.cssText = this.bar("guess", this.value).style.cssText;
    this.track.setAttribute("aria-valuenow", this.value);
    this.track.setAttribute("aria-valuetext", this.written(this.value));
    this.output.textContent = this.written(this.value);
  }

  send() {
    clearTimeout(this.timer);
    this.timer = null;
    if (this.value !== null && this.value !== this.sent) this.trigger("guess", (this.sent = this.value));
  }

  say() {
    const { truth, said } = this.data;
    this.root.querySelector(".reply").textContent = truth === null ? "" : said;
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".predict");
  (root.predict ??= new Predict(root)).update(data, setTriggerValue);
}
