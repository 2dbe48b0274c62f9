// The story: the chapter that is read decides what the figure shows; a guess comes before a reveal.

const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Text with **strong** and *stressed* parts, put into an element without becoming markup. */
function rich(element, text) {
  for (const part of text.split(/(\*\*[^*]+\*\*|\*[^*]+\*)/)) {
    const stars = part.startsWith("**") && part.length > 4 ? 2 : part.startsWith("*") && part.length > 2 ? 1 : 0;
    if (stars) html(stars === 2 ? "strong" : "em", "", part.slice(stars, -stars), element);
    else element.append(part);
  }
  return element;
}

/** What was guessed and revealed in a chapter of a run, kept for as long as the browser's tab. */
const place = ({ run, key }) => `unsc-story ${run} ${key}`;

function recall(chapter) {
  const { guess } = chapter;
  const fresh = { value: guess?.start, touched: false, revealed: !guess };
  if (!guess) return fresh;
  try {
    const kept = JSON.parse(sessionStorage.getItem(place(chapter)));
    return guess.choices[chosen(guess, kept.value)] ? kept : fresh;
  } catch {
    return fresh; // nothing kept, or the browser keeps nothing
  }
}

function keep(chapter, { value, touched, revealed }) {
  try {
    sessionStorage.setItem(place(chapter), JSON.stringify({ value, touched, revealed }));
  } catch {} // a browser that keeps nothing: the guess lasts until the page is drawn again
}

const chosen = (guess, value) => Math.round((value - guess.low) / guess.step);

function pictures(parent, images) {
  const list = html("ul", "images", "", parent);
  for (const { src, text } of images) {
    const item = html("li", "", "", list);
    Object.assign(html("img", "", "", item), { src, alt: "" }); // the words below say it
    html("div", "", text, item);
  }
}

class Story {
  constructor(root, data, send) {
    Object.assign(this, { root, data, send });
    const box = root.querySelector(".story");
    this.stage = new Stage(box.querySelector(".stage"), data.stage);
    if (this.stage.panels.bars) this.stage.panels.bars.onDrag = (value) => this.drag(value);
    this.active = 0;
    const column = box.querySelector(".chapters");
    column.replaceChildren();
    this.chapters = data.chapters.map((chapter, i) => this.write(chapter, i, column));
    this.read = this.read.bind(this);
    document.addEventListener("scroll", this.read, { capture: true, passive: true });
    window.addEventListener("resize", this.read);
    this.show(0);
    this.read();
  }

  stop() {
    document.removeEventListener("scroll", this.read, { capture: true });
    window.removeEventListener("resize", this.read);
    this.stage.stop();
  }

  write(chapter, i, column) {
    if (this.data.notes[chapter.key]) rich(html("p", "note", "", column), this.data.notes[chapter.key]);
    const section = html("section", "chapter", "", column);
    const title = html("h2", "", chapter.title, section);
    title.tabIndex = -1;
    rich(html("p", "", "", section), chapter.text);
    const state = recall(chapter);
    if (chapter.guess) this.ask(section, chapter, i, state);
    if (i === 0) this.start(section);
    const reveal = html("div", "reveal", "", section);
    if (chapter.headline) html("p", "headline", chapter.headline, reveal);
    const number = html("div", "number", "", reveal);
    html("b", "", chapter.number, number);
    html("span", "muted", chapter.meaning, number);
    rich(html("p", "", "", reveal), chapter.verdict);
    if (chapter.images) {
      html("p", "muted", chapter.caption, reveal);
      pictures(reveal, chapter.images);
    }
    if (i === 0) this.others(section);
    else this.link(reveal, chapter.link);
    const made = { ...chapter, section, title, reveal, state };
    this.refresh(made);
    return made;
  }

  /** The one primary action. */
  start(section) {
    const start = html("button", "primary", this.data.start, section);
    start.addEventListener("click", () => this.go(1));
    start.disabled = this.data.chapters.length < 2;
  }

  /** Which run is shown, and other experiments. */
  others(section) {
    rich(html("p", "muted", "", section), this.data.lead);
    if (!this.data.presets.length) return;
    html("p", "", "Or another experiment:", section).style.margin = "1.6rem 0 0";
    const list = html("ul", "presets", "", section);
    this.data.presets.forEach(({ title, shows, images, address }, number) => {
      const link = html("a", "", "", html("li", "", "", list));
      link.href = address;
      const few = html("div", "few", "", link);
      for (const src of images) Object.assign(html("img", "", "", few), { src, alt: "" });
      const words = html("div", "", "", link);
      html("b", "", title, words);
      html("span", "", shows, words);
      this.follow(link, "preset", number);
    });
  }

  link(parent, { page, label, address }) {
    const link = html("a", "page", `${label} →`, html("p", "", "", parent));
    link.href = address;
    this.follow(link, "page", page);
  }

  /** Let the server open what a plain click asks for; other clicks are the browser's. */
  follow(link, name, value) {
    link.addEventListener("click", (event) => {
      if (event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      this.send(name, value);
    });
  }

  ask(section, { guess }, i, state) {
    const field = html("fieldset", "guess", "", section);
    html("legend", "", guess.question, field);
    const row = html("div", "slide", "", field);
    const slider = html("input", "", "", row);
    Object.assign(slider, { type: "range", min: guess.low, max: guess.high, step: guess.step, value: state.value });
    slider.setAttribute("aria-label", guess.question);
    const output = html("output", "", "", row);
    const buttons = html("div", "buttons", "", field);
    const check = html("button", "", "Check my guess", buttons);
    const skip = html("button", "", "Show without a guess", buttons);
    const reply = html("p", "reply", "", field);
    reply.setAttribute("role", "status");
    const again = html("button", "again", "Guess again", field);
    Object.assign(state, { field, slider, output, reply });
    const update = () => {
      this.change(i, { value: Number(slider.value), touched: true });
      this.show(i);
    };
    slider.addEventListener("input", update);
    for (const [button, guessed] of [[check, true], [skip, false]]) {
      button.addEventListener("click", () => {
        this.reveal(i, guessed);
        this.chapters[i].title.focus({ preventScroll: true }); // the button is gone
      });
    }
    again.addEventListener("click", () => {
      this.change(i, { value: guess.start, touched: false, revealed: false });
      this.show(i);
      slider.focus({ preventScroll: true });
    });
  }

  drag(value) {
    const { guess, state } = this.chapters[this.active];
    if (!guess || state.revealed) return;
    state.slider.value = Math.min(guess.high, Math.max(guess.low, value));
    state.slider.dispatchEvent(new Event("input"));
  }

  /** Show the answer, beside the guess if one was made. */
  reveal(i, guessed) {
    const { section } = this.chapters[i];
    section.style.minHeight = `${section.offsetHeight}px`; // the chapters below stay where they are
    this.change(i, { revealed: true, touched: guessed });
    this.show(i);
  }

  change(i, said) {
    const chapter = this.chapters[i];
    Object.assign(chapter.state, said);
    keep(chapter, chapter.state);
    this.refresh(chapter);
  }

  refresh({ guess, state, reveal }) {
    reveal.classList.toggle("hidden", !state.revealed);
    if (!guess) return;
    const at = chosen(guess, state.value);
    state.slider.value = state.value;
    state.output.textContent = guess.choices[at];
    state.slider.setAttribute("aria-valuetext", guess.choices[at]);
    state.field.classList.toggle("done", state.revealed);
    state.reply.textContent = !state.revealed ? "" : state.touched ? guess.replies[at] : "Shown without a guess.";
  }

  go(i) {
    const { section, title } = this.chapters[i];
    section.scrollIntoView({ behavior: calm() ? "auto" : "smooth", block: "start" });
    title.focus({ preventScroll: true });
  }

  /** The chapter that is read: the last one whose title has come far enough up. */
  read() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      const line = window.innerHeight * (window.innerWidth <= 768 ? 0.72 : 0.5);
      const above = this.chapters.filter(({ section }) => section.getBoundingClientRect().top < line).length;
      const now = Math.max(0, above - 1);
      if (now === this.active) return;
      this.chapters.slice(0, now).forEach(({ state }, i) => (state.revealed ? null : this.reveal(i, Boolean(state.touched))));
      this.show(now);
    });
  }

  show(i) {
    this.active = i;
    const chapter = this.chapters[i];
    const { state } = chapter;
    this.stage.show(chapter, state.revealed, chapter.guess && state.touched ? state.value : null);
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.story?.stop();
  const story = new Story(parentElement, data, setTriggerValue);
  parentElement.story = story;
  return () => story.stop();
}
