// Saves the figures of a page as they are drawn: SVG, PNG, or PDF by way of the print dialog.

/** A figure as one SVG document. */
export function vector(plot, paper) {
  const { width, height } = plot._fullLayout, made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` }).forEach(([name, value]) => made.setAttribute(name, value));
  const ground = document.createElementNS(made.namespaceURI, "rect");
  Object.entries({ width, height, fill: paper }).forEach(([name, value]) => ground.setAttribute(name, value));
  made.append(ground);
  for (const layer of plot.querySelectorAll("svg.main-svg")) made.append(...[...layer.children].map((child) => child.cloneNode(true)));
  made.querySelectorAll(".modebar, .hoverlayer, .zoomlayer").forEach((part) => part.remove());
  // Clip paths are named with the page's address in front.
  return new XMLSerializer().serializeToString(made).replace(/url\((&quot;|')?[^)#]*#([^)"'&]+)(&quot;|')?\)/g, "url(#$2)");
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function raster(svg, { width, height }) {
  const image = new Image(), canvas = document.createElement("canvas"), scale = 2;
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  Object.assign(canvas, { width: width * scale, height: height * scale });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
}

function print(svg, { width, height }) {
  const frame = document.createElement("iframe");
  frame.style.display = "none";
  frame.srcdoc = `<style>@page { size: ${width}px ${height}px; margin: 0 } body { margin: 0 }</style>${svg}`;
  frame.onload = () => { frame.contentWindow.onafterprint = () => frame.remove(); frame.contentWindow.print(); };
  document.body.append(frame);
}

export default function ({ data, parentElement }) {
  const list = parentElement.querySelector(".files"), paper = getComputedStyle(document.querySelector(".stApp")).backgroundColor;
  list.replaceChildren(...data.figures.map(({ key, file }) => {
    const row = document.createElement("div"), name = document.createElement("span");
    name.textContent = file;
    const button = (kind, use) => {
      const made = document.createElement("button");
      Object.assign(made, { type: "button", textContent: kind });
      made.setAttribute("aria-label", `${file} as ${kind}`);
      made.addEventListener("click", () => {
        const plot = document.querySelector(`.st-key-${CSS.escape(key)} .js-plotly-plot`);
        if (plot) use(vector(plot, paper), plot._fullLayout);
      });
      return made;
    };
    row.append(
      name,
      button("SVG", (svg) => save(new Blob([svg], { type: "image/svg+xml" }), `${file}.svg`)),
      button("PNG", async (svg, size) => save(await raster(svg, size), `${file}.png`)),
      button("PDF", print),
    );
    return row;
  }));
}
