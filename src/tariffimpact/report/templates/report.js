"use strict";
// A box that scrolls sideways shows that there is more, and can be reached by keyboard while it does.
const boxes = document.querySelectorAll(".scroll");
const mark = (box) => {
  fade(box);
  if (box.scrollWidth > box.clientWidth + 1) {
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", box.dataset.label);
  } else {
    for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
  }
};
const fade = (box) => {
  box.toggleAttribute("data-more", box.scrollLeft + box.clientWidth < box.scrollWidth - 2);
};
const watcher = new ResizeObserver((entries) => entries.forEach((entry) => mark(entry.target)));
boxes.forEach((box) => {
  watcher.observe(box);
  box.addEventListener("scroll", () => fade(box), { passive: true });
});

const unescaped = (text) => {
  try { return decodeURIComponent(text); } catch { return text; }
};
// A link into a closed <details> opens it.
const open = () => {
  const target = document.getElementById(unescaped(location.hash.slice(1)));
  const closed = target && target.closest("details:not([open])");
  if (closed) closed.open = true;
};
addEventListener("hashchange", open);
open();
