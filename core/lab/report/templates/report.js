"use strict";
const root = document.documentElement;

// The theme follows the system until the reader chooses; the choice is kept where the browser allows it.
const kept = "daedalus-theme";
const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
try { const theme = localStorage.getItem(kept); if (theme === "dark" || theme === "light") root.dataset.theme = theme; } catch { /* private mode */ }
document.querySelector(".theme").addEventListener("click", () => {
  root.dataset.theme = dark() ? "light" : "dark";
  try { localStorage.setItem(kept, root.dataset.theme); } catch { /* private mode */ }
});

// A click, Enter or Space on a column's head sorts by it: numbers from high to low first, names from A.
const value = (row, column) => {
  const text = row.cells[column].dataset.sort;
  const number = Number(text.replace("inf", "Infinity"));
  return text !== "" && !Number.isNaN(number) ? number : text;
};
const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const first = head.classList.contains("number") ? "descending" : "ascending";
    const now = head.getAttribute("aria-sort");
    const order = now === null ? first : now === "ascending" ? "descending" : "ascending";
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const body = table.tBodies[0];
    body.append(...[...body.rows].sort((a, b) => sign * compare(value(a, column), value(b, column))));
  }));
}

// Pointing at a legend's entry brings its line forward.
for (const entry of document.querySelectorAll(".legend li")) {
  const figure = entry.closest("figure");
  const lines = figure.querySelectorAll("svg .line, svg .band");
  entry.addEventListener("pointerenter", () => {
    for (const line of lines) line.classList.toggle("faint", !line.classList.contains(entry.dataset.series));
  });
  entry.addEventListener("pointerleave", () => { for (const line of lines) line.classList.remove("faint"); });
}
