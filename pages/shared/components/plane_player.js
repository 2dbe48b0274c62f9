// Plays the frames of a 2-D lab run on its planes. All frames were sent at once.

const MOTION = window.matchMedia("(prefers-reduced-motion: reduce)");
const EPOCHS_PER_SECOND = 12, SHORTEST_S = 3, STILL_STEPS = 20, STILL_PAUSE_MS = 600;
const DRAWS = 30; // that the frame rate is the mean of

class Player {
  constructor(root) {
    this.root = root;
    const find = (selector) => root.querySelector(selector);
    [this.play, this.range, this.out, this.probe] = [find(".play"), find("input"), find("output"), find(".probe")];
    this.play.onclick = () => (this.playing ? this.pause() : this.start());
    find(".back").onclick = () => this.jump(Math.ceil(this.epoch) - 1);
    find(".step").onclick = () => this.jump(Math.floor(this.epoch) + 1);
    this.range.oninput = () => this.jump(+this.range.value);
    this.hint = this.probe.textContent;
    this.tick = this.tick.bind(this);
  }

  async load(data) {
    this.key = data.key;
    const cells = await Promise.all(data.panels.map((panel) => inflated(panel.cells)));
    if (this.key !== data.key) return; // another run was loaded meanwhile
    this.pauseQuietly();
    const holder = this.root.querySelector(".panels");
    holder.replaceChildren();
    this.data = data;
    this.palette = bytes(data.palette);
    this.panels = data.panels.map((panel, i) => new Panel(data, panel, cells[i], holder));
    this.range.max = data.last;
    this.watchSize();
    this.watchPointer();
    this.open();
  }

  /** At the epoch in the link; without one at the start, or with reduced motion at the end. */
  open() {
    const asked = new URL(window.location).searchParams.get("epoch");
    this.epoch = 0;
    if (asked !== null && /^\d+$/.test(asked)) this.show(Math.min(+asked, this.data.last));
    else if (MOTION.matches) this.show(this.data.last);
    else return this.start();
    this.settle();
  }

  watchSize() {
    this.sizes?.disconnect();
    this.sizes = new ResizeObserver(() => this.panels.forEach((panel) => panel.resize()));
    this.panels.forEach((panel) => (panel.resize(), this.sizes.observe(panel.plane)));
  }

  watchPointer() {
    for (const { plane } of this.panels) {
      plane.onpointermove = (event) => {
        const box = plane.getBoundingClientRect(), size = this.data.size;
        const [column, row] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((share) =>
          Math.max(0, Math.min(size - 1, Math.floor(share * size))),
        );
        this.probe.textContent = this.panels.map((panel) => panel.answer(column, row)).join(" · ");
      };
      plane.onpointerleave = () => (this.probe.textContent = this.hint);
    }
  }

  show(epoch) {
    this.epoch = Math.max(0, Math.min(this.data.last, epoch));
    for (const panel of this.panels) panel.draw(this.epoch, this.palette);
    const whole = Math.floor(this.epoch);
    if (this.root.dataset.epoch !== String(whole) || !this.out.textContent) {
      this.root.dataset.epoch = whole;
      this.range.value = whole;
      this.range.setAttribute("aria-valuetext", `epoch ${whole} of ${this.data.last}`);
      this.out.textContent = `${whole} of ${this.data.last}`;
    }
  }

  start() {
    if (!this.panels) return;
    if (this.epoch >= this.data.last) this.show(0);
    this.playing = true;
    this.draws = [];
    this.play.textContent = "Pause";
    this.root.dataset.state = "playing";
    if (MOTION.matches) this.stepSlowly();
    else this.request = requestAnimationFrame(this.tick);
  }

  tick(now) {
    const last = this.draws.at(-1);
    const perSecond = Math.min(EPOCHS_PER_SECOND, this.data.last / SHORTEST_S);
    this.show(this.epoch + (last === undefined ? 0 : (perSecond * Math.min(now - last, 250)) / 1000));
    this.draws = [...this.draws.slice(-DRAWS), now];
    if (this.draws.length > 5) this.root.dataset.fps = ((1000 * (this.draws.length - 1)) / (now - this.draws[0])).toFixed(1);
    if (this.epoch >= this.data.last) this.pause();
    else if (this.playing) this.request = requestAnimationFrame(this.tick);
  }

  /** Whole epochs with pauses, for reduced motion. */
  stepSlowly() {
    this.timer = setTimeout(() => {
      this.show(Math.floor(this.epoch) + Math.max(1, Math.round(this.data.last / STILL_STEPS)));
      if (this.epoch >= this.data.last) this.pause();
      else this.stepSlowly();
    }, STILL_PAUSE_MS);
  }

  pauseQuietly() {
    this.playing = false;
    cancelAnimationFrame(this.request);
    clearTimeout(this.timer);
  }

  pause() {
    this.pauseQuietly();
    this.show(Math.floor(this.epoch));
    this.settle();
  }

  jump(epoch) {
    if (!this.panels) return;
    this.pauseQuietly();
    this.show(epoch);
    this.settle();
  }

  /** Paused: update the button and descriptions, and put the epoch into the link. */
  settle() {
    this.play.textContent = "Play";
    this.root.dataset.state = "paused";
    this.panels.forEach((panel) => panel.describe(this.epoch));
    clearTimeout(this.linking);
    this.linking = setTimeout(() => {
      const link = new URL(window.location);
      link.searchParams.set("epoch", this.epoch);
      window.history.replaceState(window.history.state, "", link);
    }, 200); // browsers refuse to write the address many times a second
  }

  stop() {
    this.pauseQuietly();
    clearTimeout(this.linking);
    this.sizes?.disconnect();
  }
}

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".lab");
  root.player ??= new Player(root);
  if (root.player.key !== data.key) root.player.load(data);
  return () => root.player.stop();
}
