// The bar of a room, and the one request of this tab that waits for news of it.

const RETRY_MS = 1500; // after an answer that never came
const PAUSE_MS = 150; // between news, so that many answers at once are told together
const LOST_MS = 1500; // after which a page that was asked for is asked for again; then twice as long
const stored = (code) => `unsc-room-${code}`;

/** Waits for news, one request at a time, and tells the components on the page. */
class News {
  start({ code, token, path, header }) {
    if (this.token === token && this.code === code) return;
    Object.assign(this, { code, token, path, header, latest: null, round: (this.round ?? 0) + 1 });
    this.wait(this.round);
  }

  stop() {
    this.round = (this.round ?? 0) + 1;
    this.token = null;
    this.tell((this.latest = null));
  }

  async wait(round) {
    while (round === this.round) {
      const address = new URL(`.${this.path}`, new URL(".", location.href));
      address.search = new URLSearchParams({ code: this.code, since: this.latest?.version ?? "" });
      let pause = PAUSE_MS;
      try {
        const answer = await fetch(address, { headers: { [this.header]: this.token } });
        const news = await answer.json();
        if (round !== this.round) return;
        if (answer.status === 403) return this.tell((this.latest = news));
        if (answer.ok) this.tell((this.latest = news));
        else pause = RETRY_MS;
      } catch {
        pause = RETRY_MS; // the network or the server is away
      }
      await new Promise((done) => setTimeout(done, pause));
    }
  }

  tell(news) {
    window.dispatchEvent(new CustomEvent("unsc-room", { detail: news }));
  }
}

class Bar {
  constructor(root) {
    this.root = root;
    window.addEventListener("unsc-room", () => this.draw());
  }

  update(data, trigger) {
    Object.assign(this, { data, trigger });
    const news = (window.unscRoom ??= new News());
    if (data.token) {
      keep(data);
      news.start(data);
      this.tried = false; // a server that starts again knows nobody, and is told once more
    } else {
      news.stop();
      const kept = read(data.code);
      if (kept && !this.tried) this.ask("seat", kept);
      this.tried = true;
    }
    document.documentElement.toggleAttribute("data-unsc-room-big", Boolean(data.big));
    Object.assign(this, { asked: null, patience: LOST_MS });
    this.draw();
  }

  ask(name, value) {
    this.trigger(name, { ...value, at: Date.now() });
  }

  draw() {
    if (!this.root.isConnected) return;
    const { data } = this, news = window.unscRoom?.latest;
    if (!data.token) return this.root.replaceChildren(...(data.join ? this.door() : []));
    if (news?.error) return this.root.replaceChildren(make("span", {}, news.error), this.button("Leave", "leave"));
    if (news) this.keepUp(news);
    const open = Boolean(this.root.querySelector("details")?.open);
    this.root.replaceChildren(make("span", {}, "Room ", make("span", { class: "code" }, data.code)), ...(news ? this.parts(news, open) : []));
  }

  door() {
    return [make("span", {}, "This link belongs to room ", make("span", { class: "code" }, this.data.code), "."), this.button("Join", "join", true)];
  }

  /** Have the page drawn again when what it shows is not what the room shows. */
  keepUp(news) {
    const { shown, following, waiting, presents } = this.data;
    const moved = (following || waiting) && !presents && ["lesson", "step", "revealed"].some((part) => news[part] !== shown[part]);
    // One at a time: the next is asked for by the page that comes of it, or after a while.
    if ((moved || news.me?.presents !== presents) && !(Date.now() - this.asked < this.patience)) {
      if (this.asked) this.patience *= 2;
      this.asked = Date.now();
      this.ask("act", { do: "news" });
      clearTimeout(this.again);
      this.again = setTimeout(() => this.draw(), this.patience + 50);
    }
  }

  parts(news, open) {
    const others = news.people.filter((person) => !person.teacher), here = others.filter((person) => person.here);
    const answered = others.filter((person) => person.answered).length;
    const presenter = news.people.find((person) => person.presents);
    const line = (person) => make("div", { class: person.here ? "" : "away" }, `${person.answered ? "✓ " : ""}${person.name}${person.presents ? " · presents" : person.teacher ? " · teacher" : ""}${person.here ? "" : " · away"}`);
    const list = make("details", { class: "people", open }, make("summary", { title: "Without teachers" }, `${here.length} here`), make("div", { class: "list" }, news.people.map(line)));
    const found = [list];
    if (news.lesson) found.push(make("span", { class: "answered" }, `${answered} answered`));
    found.push(make("span", { class: "grow" }));
    if (this.data.presents) found.push(make("span", { title: "← and → turn the page, ↓ reveals" }, "You present · ← → ↓"));
    else {
      const who = !presenter ? "Nobody presents" : !presenter.here ? `${presenter.name}, who presents, is away` : null;
      if (!presenter) found.push(make("span", {}, who));
      else if (this.data.following) found.push(make("span", {}, who ?? `Following ${presenter.name}`), this.button("Wander off", "stay"));
      else found.push(make("span", {}, who ?? `${presenter.name} presents`), news.lesson ? this.button("Follow", "follow", !(who && this.data.key)) : null);
      if (who && this.data.key) found.push(this.button("Present", "present", true));
    }
    if (this.data.presents && this.data.big) found.push(make("button", { onclick: () => document.documentElement.toggleAttribute("data-unsc-room-big") }, "Controls"));
    if (this.data.elsewhere) found.push(this.button("Room", "room"));
    return found.filter(Boolean);
  }

  button(text, act, primary) {
    return make("button", { class: primary ? "primary" : "", onclick: () => this.ask("act", { do: act }) }, text);
  }
}

function keep({ code, token, key }) {
  try {
    localStorage.setItem(stored(code), JSON.stringify({ token, key }));
  } catch {
    // without it, a reloaded page has to join again
  }
}

function read(code) {
  try {
    return JSON.parse(localStorage.getItem(stored(code)));
  } catch {
    return null;
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".room");
  (root.bar ??= new Bar(root)).update(data, setTriggerValue);
  return () => {
    document.documentElement.removeAttribute("data-unsc-room-big");
    if (!data.token) return;
    // Gone for good only if no other bar has come by then.
    setTimeout(() => document.querySelector("[data-testid=stMain]") || window.unscRoom?.stop(), 0);
  };
}
