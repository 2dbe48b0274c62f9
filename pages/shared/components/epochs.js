// Keeps the shown epoch of a figure in the address; with reduced motion, skips transitions.

export default function () {
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const listening = new Set();

  function keep({ name }) {
    const address = new URL(window.location);
    if (!name || address.searchParams.get("epoch") === name) return;
    address.searchParams.set("epoch", name);
    window.history.replaceState(window.history.state, "", address);
  }

  function calm(control) {
    const settings = control.args?.[1];
    if (settings?.transition) settings.transition.duration = 0;
  }

  function attend() {
    for (const plot of document.querySelectorAll(".js-plotly-plot")) {
      const { updatemenus = [], sliders = [] } = plot._fullLayout ?? {};
      if (!sliders.length) continue;
      if (still) [...updatemenus.flatMap((menu) => menu.buttons), ...sliders.flatMap((slider) => slider.steps)].forEach(calm);
      if (listening.has(plot)) continue;
      listening.add(plot);
      plot.on("plotly_animatingframe", keep);
    }
  }
  const timer = setInterval(attend, 300);
  return () => {
    clearInterval(timer);
    for (const plot of listening) plot.removeListener?.("plotly_animatingframe", keep);
  };
}
