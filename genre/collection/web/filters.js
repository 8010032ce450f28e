// Which songs are shown, and in which order.

const filter = {text: "", genre: "", verdict: "", tag: "", picked: null, pickedName: ""};
const order = {by: "song", direction: 1};
const collator = new Intl.Collator(undefined, {numeric: true, sensitivity: "base"});
let shown = songs;

// What a search looks at, made when it is first needed.
const searched = [];
const searchedText = (song) => searched[song.number] ??=
  [song.path, song.artist, song.title, song.tagged, ...song.tags].join(" ").toLowerCase();

// The genres of a song: what a person said, or what the answer names.
function genresOf(song) {
  const said = corrections.get(song.path);
  return said === undefined ? song.named : [genreNumber(said)];
}

function isShown(song) {
  return searchedText(song).includes(filter.text)
    && (filter.genre === "" || genresOf(song).includes(Number(filter.genre)))
    && (!filter.verdict || hasVerdict(song, filter.verdict))
    && (!filter.tag || song.tags.includes(filter.tag))
    && (!filter.picked || filter.picked.has(song.number));
}

function hasVerdict(song, verdict) {
  return verdict === "changed" ? corrections.has(song.path) : song.verdict === verdict;
}

const VALUES = {
  song: nameOf,
  genre: (song) => genresOf(song).map((number) => genres[number]).join(" ") || "\uffff",
  percent: (song) => song.percent,
};

function arranged(found) {
  if (order.by === "ask") return inOrderOfHelp(found);
  const value = VALUES[order.by];
  const keys = new Map(found.map((song) => [song, value(song)]));
  const compare = order.by === "percent" ? (a, b) => a - b : collator.compare;
  return found.sort((a, b) => order.direction * compare(keys.get(a), keys.get(b)));
}

// The songs whose genre would teach a model most: those it is least sure of come first. Of songs
// that sound alike only one comes early, since one of them speaks for the others; those that a
// person has named already come last.
function inOrderOfHelp(found) {
  const doubt = (song) => song.reason === "unlike the training songs" ? 100
    : 100 - song.bestPercent + song.secondPercent;
  const unnamed = found.filter((song) => !corrections.has(song.path));
  unnamed.sort((a, b) => doubt(b) - doubt(a));
  const first = [], later = [], spokenFor = new Set();
  for (const song of unnamed) {
    (spokenFor.has(song.number) ? later : first).push(song);
    if (!spokenFor.has(song.number)) for (const other of similar[song.number] ?? []) spokenFor.add(other);
  }
  return [...first, ...later, ...found.filter((song) => corrections.has(song.path))];
}

function update() {
  shown = arranged(songs.filter(isShown));
  byId("found").textContent = `${shown.length} of ${songs.length} songs`;
  byId("save-playlist").disabled = !shown.length;
  showChosen();
  drawRows({fromTop: true});
  drawMap();
}

// What is chosen by a click on a tag or on the map, each with a button that ends it.
function showChosen() {
  const buttons = [];
  if (filter.tag) buttons.push(endButton(`tag: ${filter.tag}`, () => { filter.tag = ""; }));
  if (filter.picked) buttons.push(endButton(filter.pickedName, () => { filter.picked = null; }));
  byId("chosen").replaceChildren(...buttons);
}

function endButton(text, end) {
  const button = element("button", {className: "chosen", ariaLabel: `${text}, show all again`}, `${text} ×`);
  button.addEventListener("click", () => { end(); update(); });
  return button;
}

function pick(numbers, name) {
  filter.picked = numbers ? new Set(numbers) : null;
  filter.pickedName = name;
  update();
}

function sortBy(column) {
  order.direction = order.by === column ? -order.direction : column === "percent" ? -1 : 1;
  order.by = column;
  showOrder();
}

function showOrder() {
  byId("ask").ariaPressed = String(order.by === "ask");
  for (const head of document.querySelectorAll("th[aria-sort]")) {
    const sorted = head.querySelector(`[data-sort=${order.by}]`);
    head.ariaSort = !sorted ? "none" : order.direction > 0 ? "ascending" : "descending";
    for (const button of head.querySelectorAll("button")) button.classList.toggle("sorted", button === sorted);
  }
  update();
}

function connectFilters() {
  let waiting;
  byId("search").addEventListener("input", () => {
    clearTimeout(waiting);  // a large library is searched when the typing rests
    waiting = setTimeout(() => { filter.text = byId("search").value.toLowerCase(); update(); }, 120);
  });
  for (const name of ["genre", "verdict"]) {
    byId(name).addEventListener("change", () => { filter[name] = byId(name).value; update(); });
  }
  for (const button of document.querySelectorAll("[data-sort]")) {
    button.addEventListener("click", () => sortBy(button.dataset.sort));
  }
  byId("ask").addEventListener("click", () => {
    order.by = order.by === "ask" ? "song" : "ask";
    order.direction = 1;
    showOrder();
  });
}

function showGenre(number) {
  filter.genre = byId("genre").value = String(number);
  filter.verdict = byId("verdict").value = "";
  update();
}

function showOpen() {
  filter.genre = byId("genre").value = "";
  filter.verdict = byId("verdict").value = "open";
  update();
}
