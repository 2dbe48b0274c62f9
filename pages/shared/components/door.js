// The way into a room, big enough for a projector, and who has come.

function draw(root) {
  const news = window.unscRoom?.latest;
  if (!root.isConnected || !news?.people) return;
  const here = news.people.filter((person) => person.here && !person.teacher).length; // as the bar counts
  root.querySelector(".count").textContent = here ? `${here} here` : "Nobody has joined yet";
  root.querySelector(".names").replaceChildren(...news.people.map((person) => make("span", { class: person.here ? "" : "away" }, `${person.name}${person.presents ? " · presents" : ""}`)));
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".door");
  const qr = root.querySelector(".qr");
  qr.innerHTML = data.qr; // made by the server from the address
  qr.hidden = !data.qr;
  root.querySelector(".address").textContent = data.address.replace(/^https?:\/\//, "").replace(/\?.*$/, "");
  root.querySelector(".big").textContent = `${data.code.slice(0, 3)} ${data.code.slice(3)}`;
  const listen = () => draw(root);
  window.addEventListener("unsc-room", listen);
  listen();
  return () => window.removeEventListener("unsc-room", listen);
}
