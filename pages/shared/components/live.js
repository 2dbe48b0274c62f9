// A network in training or unlearning: after every epoch each sample moves to its new place.

const SVG = "http://www.w3.org/2000/svg";

function mark(colour, forgotten) {
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("class", "sample");
  // A cross, or a dot: a line of no length with round ends.
  shape.setAttribute("d", forgotten ? "M-2.6-2.6l5.2 5.2m0-5.2l-5.2 5.2" : "M0 0h0");
  shape.setAttribute("stroke", colour);
  shape.setAttribute("stroke-width", forgotten ? 1.6 : 5.2);
  shape.setAttribute("stroke-linecap", forgotten ? "butt" : "round");
  if (!forgotten) shape.setAttribute("stroke-opacity", 0.8);
  return shape;
}

export default function ({ data, parentElement }) {
  const part = (name) => parentElement.querySelector(`.live ${name}`);
  part("p").textContent = data.words;
  part(".key").textContent = data.key;
  part(".curves").innerHTML = data.curves;
  part(".matrix").innerHTML = data.matrix;
  const map = part(".map"), marks = JSON.stringify(data.marks);
  if (map.dataset.marks !== marks) {
    map.dataset.marks = marks;
    map.innerHTML = data.map;
    const shapes = data.marks.map((one) => mark(...one));
    map.samples = shapes;
    // The forgotten on top.
    const upper = shapes.filter((_, i) => data.marks[i][1]), lower = shapes.filter((_, i) => !data.marks[i][1]);
    map.firstElementChild.append(...lower, ...upper);
  }
  data.places.forEach(([x, y], i) => map.samples[i].style.transform = `translate(${x}px, ${y}px)`);
}
