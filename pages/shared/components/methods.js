// Pointing at a method in one figure dims the others in every figure of the page, without the server.

const DIM = "0.12";

export default function () {
  const ofMethod = (trace) => typeof trace?.meta === "string" && trace.meta;
  const plots = () => [...document.querySelectorAll(".js-plotly-plot")].filter((plot) => plot.data?.some(ofMethod));

  function show(method) {
    for (const plot of plots())
      for (const node of plot.querySelectorAll(".scatterlayer > .trace")) {
        const own = ofMethod(node.__data__?.[0]?.trace);
        if (own) node.style.opacity = method && own !== method ? DIM : "";
      }
  }

  const over = (event) => show(event.points.map((point) => ofMethod(point.data)).find(Boolean));
  const out = () => show();

  const listening = new Set();
  function listen() {
    for (const plot of plots()) {
      if (listening.has(plot) || !plot.on) continue;
      listening.add(plot);
      plot.on("plotly_hover", over);
      plot.on("plotly_unhover", out);
    }
  }
  listen();
  const timer = setInterval(listen, 300); // plots may be added or drawn again at any time
  return () => {
    clearInterval(timer);
    show();
    for (const plot of listening) {
      plot.removeListener?.("plotly_hover", over);
      plot.removeListener?.("plotly_unhover", out);
    }
  };
}
