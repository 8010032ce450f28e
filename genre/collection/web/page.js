// The head of the page, the genres and the legend; and the start of everything.

function showSummary() {
  const count = (verdict) => songs.filter((song) => song.verdict === verdict).length;
  byId("summary").textContent = `${counted(songs)}: ${count("sure")} sure, ${count("either")} either of `
    + `two genres, ${count("open")} open`;
  if (!content.failed.length) return;
  const files = content.failed.length === 1 ? "1 file" : `${content.failed.length} files`;
  byId("failed").hidden = false;
  byId("failed").querySelector("summary").textContent = `${files} could not be used`;
  byId("failed").querySelector("ul").append(
    ...content.failed.map(([name, reason]) => element("li", {}, `${name}: ${reason}`)));
}

// How many songs each genre has: alone, and as one of two. Open songs have a row of their own.
function showGenres() {
  const alone = genres.map(() => 0), shared = genres.map(() => 0);
  let open = 0;
  for (const song of songs) {
    const named = genresOf(song);
    if (!named.length) open++;
    for (const genre of named) (named.length === 1 ? alone : shared)[genre]++;
  }
  const most = Math.max(1, open, ...genres.map((_, genre) => alone[genre] + shared[genre]));
  const listed = genres.map((_, genre) => genre).filter((genre) => alone[genre] + shared[genre]);
  const lines = listed.map((genre) => countLine({genre, alone: alone[genre], shared: shared[genre], most}));
  if (open) lines.push(countLine({genre: null, alone: open, shared: 0, most}));
  byId("counts").replaceChildren(...lines);
  listGenres(listed);
}

function countLine({genre, alone, shared, most}) {
  const name = genre === null ? "open" : genres[genre];
  const count = shared ? `${alone} + ${shared} either` : String(alone);
  const button = element("button", {className: "count", title: `show ${name}`}, mark(genre),
    element("span", {}, name), bar(genre, alone, shared, most), element("span", {}, count));
  button.addEventListener("click", () => genre === null ? showOpen() : showGenre(genre));
  return button;
}

function bar(genre, alone, shared, most) {
  const part = (className, count) => {
    const made = element("span", {className});
    made.style.width = `${100 * count / most}%`;
    return made;
  };
  const whole = element("span", {className: genre === null ? "bar open" : "bar"});
  if (genre !== null) whole.style.setProperty("--first", color(genre));
  if (alone) whole.append(part("alone", alone));
  if (shared) whole.append(part("shared", shared));
  return whole;
}

// The genres to choose from: those of songs in the filter, all known ones for corrections.
function listGenres(listed) {
  const options = listed.map((genre) => element("option", {value: genre}, genres[genre]));
  byId("genre").replaceChildren(element("option", {value: ""}, "all genres"), ...options);
  byId("genre").value = filter.genre;
  byId("known-genres").replaceChildren(...genres.map((name) => element("option", {value: name})));
}

function showLegend() {
  const example = (named, verdict) => chipOf({verdict, named, reason: ""});
  const lines = [
    [example([0], "sure"), "sure: one genre, filled with its colour, in its own shape"],
    [example([0, Math.min(1, genres.length - 1)], "either"), "either: one of two genres, in both colours; a circle of two halves on the map"],
    [example([], "open"), "open: the model does not know; always hollow and grey"],
  ];
  byId("legend").append(...lines.flatMap(([chip, text]) =>
    [element("dt", {}, chip), element("dd", {}, text)]));
}

showSummary();
showLegend();
connectFilters();
connectCorrections();
connectTable();
connectMap();
connectPlayer();
showCorrections();
update();
