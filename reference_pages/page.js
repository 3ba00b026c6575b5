
"use strict";
// Leaves of the page what holds all words of the filter. Entries stand one after the other, each below its heading.
const field = document.getElementById("filter");
const found = document.getElementById("found");
const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.getAttribute("href"), link]));

// A part (h2) and its entries (h3): the elements of each, in the order of the page.
const parts = [];
const introduction = [];
for (const element of document.querySelector("main").children) {
  if (element.tagName === "H2") parts.push({ own: [], entries: [], link: links.get(`#${element.id}`) });
  const part = parts.at(-1);
  if (part === undefined) {
    if (element.tagName !== "H1") introduction.push(element);
    continue;
  }
  const heading = element.matches("h3") ? element : element.querySelector(":scope > h3");
  const id = element.matches("h3") ? element.id : element.id || heading?.id;
  if (heading !== null && heading !== undefined) part.entries.push({ elements: [], text: "", link: links.get(`#${id}`) });
  (part.entries.at(-1)?.elements ?? part.own).push(element);
}
for (const { entries } of parts)
  for (const entry of entries) entry.text = entry.elements.map((each) => each.textContent).join(" ").toLowerCase();
const total = parts.reduce((sum, part) => sum + part.entries.length, 0);

function show(elements, isShown) {
  for (const element of elements) if (element) element.hidden = !isShown;
}

function filter() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  show(introduction, words.length === 0);
  for (const part of parts) {
    let here = 0;
    for (const entry of part.entries) {
      const isShown = words.every((word) => entry.text.includes(word));
      show([...entry.elements, entry.link], isShown);
      here += isShown ? 1 : 0;
    }
    show([...part.own, part.link], here > 0 || words.length === 0);
    count += here;
  }
  found.textContent = words.length === 0 ? "" : `${count} of ${total}`;
}

function clear() {
  field.value = "";
  filter();
}

field.addEventListener("input", () => {
  filter();
  scrollTo(0, 0);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== field && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    field.focus();
  } else if (event.key === "Escape" && document.activeElement === field) clear();
});
// A link to what the filter leaves out shows it all the same.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.('a[href^="#"]');
  if (link && document.getElementById(decodeURIComponent(link.hash.slice(1)))?.closest("[hidden]")) clear();
});
document.querySelector(".filter").hidden = false;
