// Bands from assigned classes to predicted ones: click one to select it, drag one to another class.

const BAR = 14, GAP = 8, TOP = 28, HEIGHT = 470, FAR = 6;

class Flow {
  constructor(root) {
    this.root = root;
    this.holder = make("div", {});
    this.ask = make("div", { class: "ask", role: "status" });
    root.append(this.holder, this.ask);
    new ResizeObserver(() => this.draw()).observe(root);
  }

  update(data, trigger) {
    this.trigger = trigger;
    const text = JSON.stringify(data); // unchanged, what is asked here stays
    if (text === this.text) return;
    Object.assign(this, { data, text });
    this.show();
  }

  show() {
    const { data } = this;
    this.root.classList.toggle("drags", data.targets.length > 1);
    this.say(data.targets.length > 1 ? "Click a band to select its samples. Drag one to another class on the left to give its samples that label." : "Click a band to select its samples.");
    this.draw(true);
  }

  say(...parts) {
    this.ask.replaceChildren(...parts.map((part) => (typeof part === "string" ? make("p", {}, part) : part)));
  }

  select(rule) {
    const text = ["train", ...rule.map(([name, value]) => `${name}-${value}`)].join(".");
    this.trigger("picked", { text, at: Date.now() });
  }

  draw(again) {
    const width = Math.max(300, Math.round(this.root.clientWidth));
    if (!this.data || this.drag || (width === this.width && !again)) return;
    this.width = width;
    const { pairs, names, short, colours, alt } = this.data, total = pairs.reduce((sum, [, , n]) => sum + n, 0);
    const sides = [0, 1].map((side) => {
      const sizes = new Map();
      for (const pair of pairs) sizes.set(pair[side], (sizes.get(pair[side]) ?? 0) + pair[2]);
      return [...sizes].sort((a, b) => a[0] - b[0]);
    });
    const unit = (HEIGHT - TOP - GAP * (Math.max(...sides.map((side) => side.length)) - 1)) / total;
    const at = sides.map((side) => {
      let y = TOP;
      return new Map(side.map(([label, n]) => {
        const place = { y, size: n * unit, next: y, n };
        y += n * unit + GAP;
        return [label, place];
      }));
    });
    const [x0, x1] = [0, width - BAR], anySelected = pairs.some((pair) => pair[3]);
    const bands = pairs.map(([from, to, n, selected]) => {
      const [a, b] = [at[0].get(from), at[1].get(to)], size = n * unit, middle = width / 2;
      const path = (height) => `M${x0 + BAR},${a.next}C${middle},${a.next} ${middle},${b.next} ${x1},${b.next}v${height}C${middle},${b.next + height} ${middle},${a.next + height} ${x0 + BAR},${a.next + height}Z`;
      const words = `assigned ${names[from]}, predicted ${names[to]} by the retrained model: ${counted(n, "sample")}${selected ? `, ${selected} of them selected` : ""}`;
      const colour = from === to ? colours[from] : this.data.muted, strong = from === to ? 0.55 : 0.3;
      const shapes = [this.pressed(make("path", { class: "band", d: path(Math.max(size, 1)), fill: colour, "fill-opacity": anySelected ? strong * 0.45 : strong, "data-from": from }), words, [["label", from], ["retrained", to]])];
      if (selected) shapes.push(make("path", { d: path(Math.max(selected * unit, 1.5)), fill: colour, "fill-opacity": 0.95, "pointer-events": "none", class: "chosen" }));
      a.next += size;
      b.next += size;
      return shapes;
    });
    const nodes = sides.flatMap((side, s) => side.map(([label, n]) => {
      const { y, size } = at[s].get(label), rule = s ? [["retrained", label], ["outcome", "forget"]] : [["label", label]];
      const words = `${s ? "predicted by the retrained model" : "assigned"} ${names[label]}: ${counted(n, "sample")}`;
      const box = make("rect", { class: `node ${s ? "right" : "left"}`, x: s ? x1 : x0, y, width: BAR, height: Math.max(1, size), fill: colours[label], ...(s ? {} : { "data-from": label }) });
      const share = n / total >= 0.005 ? `${Math.floor((100 * n) / total + 0.5)} %` : "< 1 %";
      const text = make("text", { x: s ? x1 - 6 : BAR + 6, y: y + size / 2 + 5, "text-anchor": s ? "end" : "start" }, `${short[label]} ${share}`);
      return [this.pressed(box, words, rule), text];
    }));
    const heads = [["Assigned class", 0, "start"], ["Retrained model's prediction", width, "end"]].map(([text, x, anchor]) => make("text", { class: "head", x, y: 16, "text-anchor": anchor }, text));
    this.svg = make("svg", { width, height: HEIGHT + 4, viewBox: `0 0 ${width} ${HEIGHT + 4}`, role: "group", "aria-label": alt }, bands.flat(), nodes.flat(), heads);
    this.svg.addEventListener("pointerdown", (event) => this.start(event));
    this.svg.addEventListener("pointermove", (event) => this.move(event));
    this.svg.addEventListener("pointerup", () => this.drop());
    this.svg.addEventListener("pointercancel", () => this.stop());
    this.holder.replaceChildren(this.svg);
    this.at = at;
  }

  /** A shape that selects by click or by Enter. */
  pressed(shape, words, rule) {
    shape.append(make("title", {}, words));
    for (const [name, value] of Object.entries({ tabindex: 0, role: "button", "aria-label": words })) shape.setAttribute(name, value);
    const select = () => this.dropped || this.select(rule);
    shape.addEventListener("click", select);
    shape.addEventListener("keydown", (event) => event.key === "Enter" && select());
    return shape;
  }

  place(event) {
    const box = this.svg.getBoundingClientRect();
    return [((event.clientX - box.left) * this.width) / box.width, event.clientY - box.top];
  }

  start(event) {
    const from = event.target.getAttribute("data-from");
    this.dropped = false;
    if (from === null || this.data.targets.length < 2 || event.button > 0) return;
    this.drag = { from: Number(from), start: this.place(event), to: null };
  }

  move(event) {
    const { drag, data } = this;
    if (!drag) return;
    const [x, y] = this.place(event);
    if (!drag.slots) {
      if (Math.hypot(x - drag.start[0], y - drag.start[1]) < FAR) return;
      this.svg.setPointerCapture(event.pointerId);
      this.offer();
    }
    const { slots } = drag, near = x < this.width * 0.6;
    const nearest = slots.reduce((best, slot) => (Math.abs(slot.y - y) < Math.abs(best.y - y) ? slot : best));
    drag.to = near ? nearest.label : null;
    for (const slot of slots) slot.box.classList.toggle("at", slot.label === drag.to);
    drag.ghost.setAttribute("transform", `translate(${x + 14}, ${y - 30})`);
    const moved = counted(this.at[0].get(drag.from).n, "sample");
    this.say(drag.to === null ? "Let go over a class on the left." : `All ${moved} assigned ${data.names[drag.from]} → ${data.names[drag.to]}`);
  }

  /** Show the classes that the band can be given. */
  offer() {
    const { drag, data } = this, others = data.targets.filter((label) => label !== drag.from);
    const step = (HEIGHT - TOP) / others.length, tall = Math.min(34, step - 3);
    const group = make("g", {});
    drag.slots = others.map((label, k) => {
      const y = TOP + (k + 0.5) * step;
      const box = make("rect", { class: "slot", x: 0, y: y - tall / 2, width: 170, height: tall, rx: 6 });
      group.append(box, make("rect", { x: 6, y: y - tall / 2 + 5, width: 8, height: Math.max(2, tall - 10), fill: data.colours[label] }), make("text", { x: 22, y: y + 5 }, data.short[label]));
      return { label, y, box };
    });
    drag.ghost = make("g", { "pointer-events": "none" }, make("rect", { width: 90, height: 16, rx: 3, fill: data.colours[drag.from], "fill-opacity": 0.8 }));
    drag.group = group;
    this.svg.append(group, drag.ghost);
  }

  drop() {
    const { drag, data } = this;
    this.stop();
    if (!drag?.slots) return;
    this.dropped = true; // the click that follows selects nothing
    if (drag.to === null) return this.show();
    const moved = counted(this.at[0].get(drag.from).n, "sample");
    const run = make("button", { class: "primary", onclick: () => this.trigger("edit", { from: drag.from, to: drag.to, at: Date.now() }) }, "Run with this label");
    const cancel = make("button", { onclick: () => this.show() }, "Cancel");
    this.say(`All ${moved} assigned ${data.names[drag.from]} → ${data.names[drag.to]}.`, run, cancel);
    run.focus();
  }

  stop() {
    this.drag?.group?.remove();
    this.drag?.ghost?.remove();
    this.drag = null;
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".flow");
  root.flow ??= new Flow(root);
  root.flow.update(data, setTriggerValue);
}
