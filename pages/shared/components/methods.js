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

  const stop = attend(plots, { plotly_hover: over, plotly_unhover: out });
  return () => {
    stop();
    show();
  };
}
