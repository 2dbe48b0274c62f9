// Who leads in a challenge, as the server scores it.

function draw(root, challenge) {
  const news = window.unscRoom?.latest;
  if (!root.isConnected || !news?.boards) return;
  const lines = news.boards[challenge] ?? [];
  const item = ({ rank, name, score, person }) =>
    make("li", { class: person === news.me?.id ? "me" : "" }, make("b", {}, `${rank}.`), make("span", { class: "name" }, name), make("span", {}, score));
  root.querySelector("ol").replaceChildren(...lines.map(item));
  root.querySelector(".none").hidden = lines.length > 0;
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".board");
  const listen = () => draw(root, data.challenge);
  window.addEventListener("unsc-room", listen);
  listen();
  return () => window.removeEventListener("unsc-room", listen);
}
