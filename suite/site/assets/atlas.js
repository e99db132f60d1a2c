// Filters and order of the atlas. Without this script the page is the whole list.
// A link may name them: atlas.html?reading=2&partition=natural
const form = document.querySelector(".filters");
const list = document.querySelector(".cards");
const cards = [...list.children];

const wanted = name => form.elements[name].value;
const fits = (card, name) => !wanted(name) || card.dataset[name].split("|").includes(wanted(name));

// Numbers that were not found come last.
const orders = {
  "": (a, b) => a.dataset.place - b.dataset.place,
  name: (a, b) => a.dataset.name.localeCompare(b.dataset.name),
  tasks: (a, b) => (Number(a.dataset.tasks) || Infinity) - (Number(b.dataset.tasks) || Infinity) || 0,
  total: (a, b) => (Number(a.dataset.total) || Infinity) - (Number(b.dataset.total) || Infinity) || 0,
};

function show() {
  for (const card of cards) {
    card.hidden = !["reading", "partition", "terms", "size", "here"].every(name => fits(card, name));
  }
  list.append(...[...cards].sort(orders[wanted("order")]));
  const left = cards.filter(card => !card.hidden).length;
  document.querySelector(".count").textContent = left === 1 ? "1 data set" : `${left} data sets`;
}

for (const [name, value] of new URLSearchParams(location.search)) {
  const field = form.elements[name];
  if (field && [...field.options].some(option => option.value === value)) field.value = value;
}
form.hidden = false;
form.addEventListener("change", show);
form.addEventListener("submit", event => event.preventDefault());
show();

// On paper the sources are shown too.
window.addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
});
