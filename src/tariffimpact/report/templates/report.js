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

// The value of a mark, for whoever points at it; with the arrow keys for whoever has no pointer.
const tip = document.querySelector(".tip");
const showTip = (mark) => {
  tip.textContent = mark.dataset.value;
  tip.hidden = false;
  const box = mark.getBoundingClientRect();
  const own = tip.getBoundingClientRect();
  const left = Math.min(Math.max(box.left + box.width / 2 - own.width / 2, 4), innerWidth - own.width - 4);
  const above = box.top - own.height - 8;
  tip.style.left = `${left + scrollX}px`;
  tip.style.top = `${(above < 4 ? box.bottom + 8 : above) + scrollY}px`;
};
const hideTip = () => { tip.hidden = true; };
for (const picture of document.querySelectorAll(".picture")) {
  const marks = [...picture.querySelectorAll("[data-value]")];
  if (!marks.length) continue;
  let at = -1;
  picture.tabIndex = 0;
  picture.setAttribute("role", "group");
  picture.setAttribute("aria-label", "Chart. The arrow keys go from value to value.");
  const said = document.createElement("p");
  said.className = "unseen";
  said.setAttribute("role", "status");
  picture.append(said);
  picture.addEventListener("pointerover", ({ target }) => {
    const mark = target.closest("[data-value]");
    if (mark) showTip(mark);
    else hideTip();
  });
  picture.addEventListener("pointerleave", hideTip);
  picture.addEventListener("blur", hideTip);
  picture.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") hideTip();
    if (!step) return;
    event.preventDefault();
    at = (at + step + marks.length) % marks.length;
    showTip(marks[at]);
    said.textContent = marks[at].dataset.value;
  });
}

// Of a long table the first rows, until somebody asks for all.
const SHOWN = 8;
const unfold = (table) => {
  for (const row of table.querySelectorAll(".folded")) row.classList.remove("folded");
  table.closest(".table").querySelector(".unfold")?.remove();
};
for (const table of document.querySelectorAll(".table table")) {
  const rows = [...table.tBodies[0].rows];
  if (rows.length <= SHOWN + 2) continue;
  rows.slice(SHOWN).forEach((row) => row.classList.add("folded"));
  const button = document.createElement("button");
  button.type = "button";
  button.className = "unfold";
  button.textContent = `Show all ${rows.length} rows`;
  button.addEventListener("click", () => unfold(table));
  table.closest(".scroll").after(button);
}

// A long table can be searched, and sorted by any column.
const valueOf = (cell) => {
  const found = /-?[\d,]*\.?\d+/.exec(cell.textContent.replace("\u2212", "-"));
  const scale = { m: 1e6, bn: 1e9, tn: 1e12 }[/\d(m|bn|tn)\b/.exec(cell.textContent)?.[1]] ?? 1;
  return found ? Number(found[0].replaceAll(",", "")) * scale : -Infinity;
};
for (const table of document.querySelectorAll("table[data-searchable]")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const search = document.createElement("input");
  search.type = "search";
  search.className = "search";
  search.placeholder = "Search";
  search.setAttribute("aria-label", `Search: ${table.caption.textContent}`);
  const count = document.createElement("span");
  count.setAttribute("role", "status");
  const bar = document.createElement("p");
  bar.className = "finder";
  bar.append(search, count);
  table.closest(".table").prepend(bar);
  const find = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      left += row.hidden ? 0 : 1;
    }
    count.textContent = words.length ? `${left} of ${rows.length} rows` : `${rows.length} rows`;
  };
  search.addEventListener("input", () => { unfold(table); find(); });
  find();
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      unfold(table);
      const down = head.getAttribute("aria-sort") === "descending" ? 1 : -1;
      const isNumber = head.classList.contains("number");
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down < 0 ? "descending" : "ascending");
      const order = isNumber ? down : -down;
      const compare = (a, b) => {
        const [one, two] = [a.cells[column], b.cells[column]];
        return isNumber ? valueOf(one) - valueOf(two) || 0 : one.textContent.localeCompare(two.textContent);
      };
      body.append(...rows.sort((a, b) => order * compare(a, b)));
    });
  });
}
