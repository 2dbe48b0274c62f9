// While γ is dragged, the cut moves at once in every spectrum; the server draws it on release.

const SVG = "http://www.w3.org/2000/svg";

export default function ({ data }) {
  const moved = new Map(); // plot -> { overlay, rank }
  const spectra = () => [...document.querySelectorAll(".js-plotly-plot")].filter((plot) => plot.layout?.meta?.layer);
  const drawnRank = (plot) => plot.layout.shapes[0].x0 - 0.5;

  function part(tag, attributes) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  }

  /** Draw the spectrum with another cut over the plot. */
  function draw(plot, rank) {
    const { xaxis: x, yaxis: y } = plot._fullLayout;
    const directions = plot.calcdata.flat().filter((point) => Number.isInteger(point.x));
    const points = directions.map((point) => [x.c2p(point.x), y.c2p(point.y)]);
    const [last, first] = [points[rank - 1], points[rank]];
    const meet = last && first ? [[(last[0] + first[0]) / 2, (last[1] + first[1]) / 2]] : [];
    const overlay = part("svg", { width: x._length, height: y._length, "aria-hidden": true });
    overlay.style.cssText = `position:absolute;pointer-events:none;overflow:hidden;left:${x._offset}px;top:${y._offset}px`;
    [[...points.slice(0, rank), ...meet], [...meet, ...points.slice(rank)]].forEach((some, i) => {
      if (!some.length) return;
      const { line, fillcolor } = plot._fullData[i];
      const [left, right] = [some[0][0], some.at(-1)[0]];
      overlay.append(part("path", { d: `M${left},${y._length}L${some.join("L")}L${right},${y._length}Z`, fill: fillcolor }));
      overlay.append(part("path", { d: `M${some.join("L")}`, fill: "none", stroke: line.color, "stroke-width": line.width }));
    });
    const { color, width } = plot._fullLayout.shapes[0].line;
    const cut = x.c2p(rank + 0.5);
    overlay.append(part("line", { x1: cut, x2: cut, y1: 0, y2: y._length, stroke: color, "stroke-width": width, "stroke-dasharray": "3 3" }));
    leave(plot);
    plot.style.position = "relative";
    plot.append(overlay);
    moved.set(plot, { overlay, rank });
    hide(plot, "hidden");
    say(plot, rank);
  }

  const hide = (plot, visibility) => plot.querySelectorAll(".scatterlayer, .shapelayer").forEach((layer) => (layer.style.visibility = visibility));

  function say(plot, rank) {
    const title = plot.querySelector(".xtitle");
    const text = title?.textContent.replace(/\d+ (?=of)/, `${rank} `);
    if (title && text !== title.textContent) title.textContent = text;
  }

  /** Show what the server drew. */
  function leave(plot) {
    if (!moved.has(plot)) return;
    moved.get(plot).overlay.remove();
    moved.delete(plot);
    hide(plot, "");
    say(plot, drawnRank(plot));
  }

  function follow(slider) {
    const name = slider.closest("[data-testid=stSlider]")?.querySelector("[data-testid=stWidgetLabel] p")?.textContent;
    const ranks = data.ranks[slider.getAttribute("aria-valuetext")];
    if (!ranks || !(name in data.sliders)) return;
    for (const plot of spectra()) {
      const { layer } = plot.layout.meta;
      if (!data.sliders[name].includes(layer)) continue;
      if (drawnRank(plot) === ranks[layer]) leave(plot);
      else if (moved.get(plot)?.rank !== ranks[layer]) draw(plot, ranks[layer]);
      listen(plot);
    }
  }

  const listening = new Map(); // plot -> what it calls when it was drawn
  function listen(plot) {
    if (listening.has(plot)) return;
    listening.set(plot, () => (moved.has(plot) ? settle(plot) : undefined));
    plot.on("plotly_afterplot", listening.get(plot));
  }

  /** The plot was drawn again, by the server or for another size: remove the overlay or redraw it. */
  function settle(plot) {
    const { rank } = moved.get(plot);
    leave(plot);
    if (drawnRank(plot) !== rank) draw(plot, rank);
  }

  const observer = new MutationObserver((changes) => changes.forEach(({ target }) => follow(target)));
  observer.observe(document.body, { subtree: true, attributes: true, attributeFilter: ["aria-valuetext"] });
  return () => {
    observer.disconnect();
    for (const [plot, drawn] of listening) plot.removeListener?.("plotly_afterplot", drawn);
    [...moved.keys()].forEach(leave);
  };
}
