// Pointing at a cell of one matrix marks it in all of them and shows its values, without the server.

const HINT = "Point at a cell to compare it in all matrices. Click it to select its samples.";

export default function ({ data, parentElement }) {
  const readout = parentElement.querySelector(".readout");
  const frames = new Map(); // plot -> its outline
  readout.textContent = HINT;

  const plots = () => [...document.querySelectorAll(".js-plotly-plot")].filter((plot) => plot.data?.some((t) => t.name === data.trace));

  function mark(row, column) {
    for (const plot of plots()) {
      const { xaxis: x, yaxis: y } = plot._fullLayout;
      const [width, height] = [Math.abs(x.c2p(1) - x.c2p(0)), Math.abs(y.c2p(1) - y.c2p(0))];
      if (!frames.has(plot)) {
        const frame = document.createElement("div");
        frame.className = "unsc-linked-frame";
        Object.assign(frame.style, { position: "absolute", pointerEvents: "none", boxSizing: "border-box", border: "3px solid currentColor" });
        plot.style.position = "relative";
        plot.append(frame);
        frames.set(plot, frame);
      }
      Object.assign(frames.get(plot).style, {
        display: "block", width: `${width}px`, height: `${height}px`,
        left: `${x._offset + x.c2p(column) - width / 2}px`, top: `${y._offset + y.c2p(row) - height / 2}px`,
      });
    }
    const values = Object.entries(data.matrices).map(([title, matrix]) => `${title} ${formatted(matrix[row][column], title)}${selected(title, row, column)}`);
    readout.textContent = `True class ${data.names[row]}, predicted ${data.names[column]}: ${values.join(" · ")}`;
  }

  function selected(title, row, column) {
    const count = data.selected[title][row][column];
    return count ? ` (${count} selected)` : "";
  }

  function formatted(value, title) {
    const unit = data.units[title], digits = unit ? 1 : 0;
    return (value < 0 ? "−" : title === "difference" && value > 0 ? "+" : "") + Math.abs(value).toFixed(digits) + unit;
  }

  function clear() {
    for (const frame of frames.values()) frame.style.display = "none";
    readout.textContent = HINT;
  }

  function over(event) {
    const point = event.points.find((one) => one.data.name === data.trace);
    if (point) mark(...point.customdata);
  }

  const stop = attend(plots, { plotly_hover: over, plotly_unhover: clear });
  return () => {
    stop();
    for (const frame of frames.values()) frame.remove();
  };
}
