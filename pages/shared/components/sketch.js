// A canvas to draw on. When a stroke ends, the picture goes to the server, as a PNG in a data URL.

const SIDE = 280; // canvas pixels along the longer side, or more where the networks take more
const BRUSHES = [["Thin", 1 / 28, 6], ["Medium", 2 / 28, 12], ["Thick", 4 / 28, 20]]; // name, share of the side, dot
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".sketch");
  if (root.sketch) return root.sketch.update(setStateValue);
  const canvas = root.querySelector("canvas"), pen = canvas.getContext("2d");
  const [undo, clear] = ["undo", "clear"].map((name) => root.querySelector(`.${name}`));
  const longer = Math.max(data.width, data.height);
  const cell = Math.max(1, Math.round(SIDE / longer)); // canvas pixels for each one of the networks'
  const [wide, tall] = [data.width * cell, data.height * cell];
  canvas.width = wide;
  canvas.height = tall;
  root.style.setProperty("--aspect", wide / tall);
  const colour = root.querySelector(".colour input");
  colour.value = data.ink;
  root.querySelector(".colour").hidden = !data.colours;
  const start = data.start ? new Image() : null; // what was drawn before, on another visit
  let states = [{ strokes: [], onStart: !!start }]; // the last one is shown; undo goes back
  let brush = 1, stroke = null, send = setStateValue;
  const cross = { x: wide / 2, y: tall / 2, shown: false };

  const shown = () => states.at(-1);
  const isEmpty = () => !shown().strokes.length && !shown().onStart;

  function line({ points, width, ink }) {
    pen.strokeStyle = ink;
    pen.lineWidth = width;
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    points.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    if (points.length === 1) pen.lineTo(points[0][0] + 0.01, points[0][1]);
    pen.stroke();
  }

  function paint() {
    pen.fillStyle = data.paper;
    pen.fillRect(0, 0, wide, tall);
    if (shown().onStart && start.complete) pen.drawImage(start, 0, 0, wide, tall);
    shown().strokes.forEach(line);
    if (stroke) line(stroke);
    undo.disabled = states.length === 1;
    clear.disabled = isEmpty();
  }

  function cursor() {
    paint();
    if (!cross.shown) return;
    pen.strokeStyle = "#888";
    pen.lineWidth = 2;
    pen.beginPath();
    pen.moveTo(cross.x - 12, cross.y);
    pen.lineTo(cross.x + 12, cross.y);
    pen.moveTo(cross.x, cross.y - 12);
    pen.lineTo(cross.x, cross.y + 12);
    pen.stroke();
  }

  function publish() {
    paint();
    send("picture", isEmpty() ? "" : canvas.toDataURL("image/png"));
    cursor();
  }

  function begin(at) {
    stroke = { points: [at], width: BRUSHES[brush][1] * longer * cell, ink: data.colours ? colour.value : data.ink };
  }

  function end() {
    if (!stroke) return;
    states.push({ ...shown(), strokes: [...shown().strokes, stroke] });
    stroke = null;
    publish();
  }

  function place(event) {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * wide) / box.width, ((event.clientY - box.top) * tall) / box.height];
  }

  canvas.onpointerdown = (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    cross.shown = false;
    begin(place(event));
    paint();
  };
  canvas.onpointermove = (event) => {
    if (!stroke || !canvas.hasPointerCapture(event.pointerId)) return;
    const merged = event.getCoalescedEvents?.() ?? [];
    stroke.points.push(...(merged.length ? merged : [event]).map(place));
    paint();
  };
  canvas.onpointerup = canvas.onpointercancel = end;
  canvas.onkeydown = (event) => {
    if (event.key === " ") {
      event.preventDefault();
      if (!stroke) begin([cross.x, cross.y]);
    } else if (event.key in MOVES) {
      event.preventDefault();
      const [right, down] = MOVES[event.key];
      cross.x = Math.min(wide, Math.max(0, cross.x + right * cell));
      cross.y = Math.min(tall, Math.max(0, cross.y + down * cell));
      stroke?.points.push([cross.x, cross.y]);
    } else return;
    cross.shown = true;
    cursor();
  };
  canvas.onkeyup = (event) => event.key === " " && end();
  canvas.onblur = () => {
    cross.shown = false;
    end();
    paint();
  };
  undo.onclick = () => {
    states.pop();
    publish();
  };
  clear.onclick = () => {
    states.push({ strokes: [], onStart: false });
    publish();
  };

  const brushes = BRUSHES.map(([name, , dot], i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("role", "radio");
    button.setAttribute("aria-label", `${name} brush`);
    button.style.setProperty("--dot", `${dot}px`);
    button.onclick = () => choose(i);
    return button;
  });
  root.querySelector(".brushes").append(...brushes);
  function choose(i) {
    brush = i;
    brushes.forEach((button, at) => button.setAttribute("aria-checked", at === i));
  }
  choose(brush);
  if (start) {
    start.onload = paint;
    start.src = data.start;
  }
  paint();
  root.sketch = { update: (next) => void (send = next) };
}
