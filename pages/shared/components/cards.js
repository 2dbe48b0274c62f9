// Images with a line or two under each; a click selects the sample, or takes it out.

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".cards");
  const card = ({ row, image, lines, words, selected }) => {
    const picture = image ? make("img", { src: image, alt: "" }) : null;
    const text = lines.map((line, i) => make(i ? "div" : "b", {}, line));
    return make("button", { class: "unsc-card", "aria-label": words, "aria-pressed": String(selected), onclick: () => setTriggerValue("card", { row, at: Date.now() }) }, picture, ...text);
  };
  root.replaceChildren(...data.cards.map(card));
}
