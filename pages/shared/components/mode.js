// Has the page drawn again when its colours turn light or dark: figures are drawn for one of the two.

class Mode {
  constructor() {
    this.app = document.querySelector("[data-testid=stApp]");
    new MutationObserver(() => this.look()).observe(this.app, { attributes: true });
  }

  update(data, trigger) {
    Object.assign(this, { drawn: data.mode, trigger });
    document.documentElement.dataset.unscMode = this.drawn;
    this.look();
  }

  look() {
    const mode = getComputedStyle(this.app).colorScheme;
    if (mode === this.drawn) this.asked = null;
    else if (mode !== this.asked && /^(light|dark)$/.test(mode)) this.trigger("turned", (this.asked = mode));
  }
}

export default function ({ data, setTriggerValue }) {
  (window.unscMode ??= new Mode()).update(data, setTriggerValue);
}
