// The table. Only the rows in view exist, so that 100,000 songs open as ten do. A row that has left
// the window is filled with another song, which takes less time than to make one.

const SPARE = 8;  // rows above and below the window that exist, too
const rows = new Map();  // the rows that exist, by their place in `shown`
const unused = [];  // rows that show no song
const spacers = [element("tr", {ariaHidden: "true"}), element("tr", {ariaHidden: "true"})];
let rowHeight = 0;  // in CSS pixels
let stripSize = null;  // the width and the height of a row's strip
let widthOfWindow = 0;  // for which these are right

// Measuring takes long while rows change, so it is done once for all rows.
function measure() {
  const size = parseFloat(getComputedStyle(document.documentElement).fontSize);
  rowHeight = parseFloat(getComputedStyle(byId("rows")).getPropertyValue("--row")) * size;
  stripSize = null;
  widthOfWindow = innerWidth;
}

// The first place in view and the one behind the last.
function placesInView() {
  const top = -byId("rows").getBoundingClientRect().top;
  const first = Math.floor(top / rowHeight) - SPARE;
  const last = Math.ceil((top + innerHeight) / rowHeight) + SPARE;
  return [Math.max(0, Math.min(first, shown.length)), Math.max(0, Math.min(last, shown.length))];
}

function drawRows({fromTop = false} = {}) {
  const body = byId("rows");
  if (fromTop) {
    measure();
    for (const place of rows.keys()) release(place);
    body.replaceChildren(...spacers);
    body.parentElement.ariaRowCount = shown.length + 1;
    spacers[1].style.height = `${shown.length * rowHeight}px`;
    spacers[0].style.height = 0;
  }
  const [first, last] = placesInView();
  for (const place of rows.keys()) if (place < first || place >= last) release(place);
  for (let place = first; place < last; place++) {
    if (rows.has(place)) continue;
    const row = unused.pop() ?? emptyRow();
    fill(row, shown[place], place);
    const behind = rows.get(place - 1) ?? (place === first ? spacers[0] : null);
    behind.after(row);
    rows.set(place, row);
  }
  spacers[0].style.height = `${first * rowHeight}px`;
  spacers[1].style.height = `${(shown.length - last) * rowHeight}px`;
  drawStrips();
}

// Take a row out of the table. What was typed in it counts.
function release(place) {
  const row = rows.get(place);
  if (row.contains(document.activeElement)) document.activeElement.blur();
  row.remove();
  rows.delete(place);
  unused.push(row);
}

const songOf = (row) => songs[row.dataset.number];

function emptyRow() {
  const play = element("button", {className: "play"}, drawing("icon", ICONS.play));
  const name = element("div", {className: "name"}, element("strong"), element("small"));
  const row = element("tr", {role: "row"}, cell("song", play, name), cell("answer"),
    cell("strip", element("canvas", {role: "img"})), cell("tags"), yoursCell());
  play.addEventListener("click", () => toggle(songOf(row)));
  row.addEventListener("pointerenter", () => pointAt(songOf(row).number));
  row.addEventListener("pointerleave", () => pointAt(null));
  return row;
}

function cell(className, ...children) {
  return element("td", {role: "cell", className}, ...children);
}

function yoursCell() {
  const input = element("input", {type: "text", list: "known-genres", placeholder: "genre", autocomplete: "off"});
  const confirm = element("button", {className: "confirm"}, "✓");
  const take = (song, text) => { correct(song, text); showState(input.closest("tr"), song); };
  input.addEventListener("change", () => take(songOf(input.closest("tr")), input.value));
  confirm.addEventListener("click", () => {
    const song = songOf(confirm.closest("tr")), best = genres[song.best];
    take(song, corrections.get(song.path) === best ? "" : best);
  });
  return cell("yours", input, confirm);
}

// Show a song in a row.
function fill(row, song, place) {
  const find = (selector) => row.querySelector(selector);
  const [name, folder] = find(".name").children;
  row.ariaRowIndex = place + 2;
  row.dataset.number = song.number;
  find(".name").title = song.path;
  name.textContent = nameOf(song);
  folder.textContent = [song.artist, song.path.slice(0, Math.max(0, song.path.lastIndexOf("/")))]
    .filter(Boolean).join(" · ");
  find(".answer").replaceChildren(chipOf(song, {reason: false}), ...answerNotes(song));
  find("canvas").ariaLabel = `${timeText(lengthOf(song))}, mostly ${genres[song.best]}`;
  find("canvas").title = timeText(lengthOf(song));
  find("canvas").dataset.waiting = "yes";
  find(".tags").replaceChildren(...tagButtons(song));
  find(".tags").title = song.tags.join(", ");  // where there are too many to show
  find(".yours input").ariaLabel = `your genre for ${wordsOf(song)}`;
  find(".confirm").title = `it is ${genres[song.best]}`;
  find(".confirm").ariaLabel = `confirm ${genres[song.best]} for ${wordsOf(song)}`;
  showState(row, song);
}

function answerNotes(song) {
  const title = song.tagged && `in the file's tags: ${song.tagged}`;
  return [song.reason, answerText(song)].filter(Boolean).map((text) => element("small", {title}, text));
}

// The verdict: one genre, two with their two colours, or open in grey.
function chipOf(song, {reason = true} = {}) {
  const chip = element("span", {className: `chip ${song.verdict}`});
  if (song.verdict === "open") {
    chip.append(mark(null), reason && song.reason ? `open: ${song.reason}` : "open");
    return chip;
  }
  song.named.forEach((genre, i) => {
    if (i) chip.append(" or ");
    chip.append(mark(genre), genres[genre]);
  });
  chip.style.setProperty("--first", color(song.named[0]));
  chip.style.setProperty("--second", color(song.named.at(-1)));
  return chip;
}

function answerText(song) {
  const second = `${genres[song.second]} ${song.secondPercent} %`;
  const first = `${genres[song.best]} ${song.bestPercent} %`;
  if (song.verdict === "sure") return song.secondPercent ? `${song.percent} %, then ${second}` : `${song.percent} %`;
  if (song.verdict === "either") return `${song.percent} % together; ${first}`;
  return `${first}, ${second}`;
}

function drawStrips() {
  for (const row of rows.values()) {
    const canvas = row.querySelector("canvas");
    if (!canvas.dataset.waiting) continue;
    delete canvas.dataset.waiting;
    stripSize ??= [canvas.clientWidth, canvas.clientHeight];  // all are of one size
    const song = songOf(row);
    drawBands(penOn(canvas, ...stripSize), song, lengthOf(song), ...stripSize);
  }
}

// Make a canvas as fine as the screen, and empty; the pen takes lengths in CSS pixels.
function penOn(canvas, width = canvas.clientWidth, height = canvas.clientHeight) {
  const scale = devicePixelRatio || 1, pen = canvas.getContext("2d");
  const wide = Math.max(1, Math.round(width * scale)), high = Math.max(1, Math.round(height * scale));
  pen.resetTransform();
  if (canvas.width === wide && canvas.height === high) pen.clearRect(0, 0, wide, high);
  else [canvas.width, canvas.height] = [wide, high];
  pen.scale(scale, scale);
  return pen;
}

// Each column has its likeliest genres on top of each other, as high as they are probable.
function drawBands(pen, song, length, width, height) {
  for (const {begin, end, shares} of columnsOf(song)) {
    // Whole pixels leave no seams between columns.
    const left = Math.round(begin / length * width), right = Math.round(end / length * width);
    let sum = 0;
    for (const [genre, percent] of shares) {
      const bottom = Math.round(height * (1 - sum / 100)), top = Math.round(height * (1 - (sum + percent) / 100));
      pen.fillStyle = color(genre);
      pen.fillRect(left, top, Math.max(1, right - left), bottom - top);
      sum += percent;
    }
  }
}

function tagButtons(song) {
  return song.tags.map((tag) => {
    const button = element("button", {className: "tag", title: `show songs with ${tag}`}, tag);
    button.addEventListener("click", () => { filter.tag = tag; update(); });
    return button;
  });
}

// Show in a row what is corrected, what plays, and what is gone or cannot be played.
function showState(row, song) {
  const said = corrections.get(song.path);
  row.classList.toggle("changed", said !== undefined);
  row.classList.toggle("gone", song.gone);
  row.classList.toggle("playing", song === player.song);
  row.querySelector(".yours input").value = said ?? "";
  row.querySelector(".confirm").ariaPressed = String(said === genres[song.best]);
  const button = row.querySelector(".play"), plays = song === player.song && !byId("audio").paused;
  const action = plays ? "pause" : "play";
  button.querySelector("path").setAttribute("d", ICONS[action]);
  button.ariaLabel = `${action} ${wordsOf(song)}`;
  const unplayable = whyUnplayable(song);
  button.classList.toggle("unplayable", Boolean(unplayable));
  button.title = unplayable;
}

function showStates() {
  for (const row of rows.values()) showState(row, songOf(row));
}

function markRow(number) {
  for (const row of rows.values()) row.classList.toggle("pointed", songOf(row).number === number);
}

// Arrows move between the play buttons of neighbouring rows.
function moveFocus(button, step) {
  const place = Number(button.closest("tr").ariaRowIndex) - 2 + step;
  const row = rows.get(place);
  if (!row) return;
  row.querySelector(".play").focus({preventScroll: true});
  row.scrollIntoView({block: "nearest"});
}

function connectTable() {
  let waiting = false;
  const later = (action) => () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; action(); });
  };
  addEventListener("scroll", later(() => drawRows()), {passive: true});
  addEventListener("resize", later(() => {
    drawRows({fromTop: innerWidth !== widthOfWindow});
    drawMap();
    drawTimeline();
  }));
}
