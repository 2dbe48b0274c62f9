// On a phone the menu covers the page: it closes when a page is chosen, or the page beside it touched.

function close(event) {
  const menu = document.querySelector("[data-testid=stSidebar]");
  if (!menu || !matchMedia("(max-width: 768px)").matches) return;
  const inside = menu.contains(event.target);
  if (inside ? !event.target.closest("[data-testid=stSidebarNavLink]") : !event.target.closest("[data-testid=stMain]")) return;
  menu.querySelector("[data-testid=stSidebarCollapseButton] button")?.click();
}

export default function () {
  if (window.unscMenu) return;
  window.unscMenu = true;
  document.addEventListener("click", close);
}
