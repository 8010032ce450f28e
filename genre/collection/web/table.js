// The table. Only the rows in view exist, so that 100,000 songs open as ten do.

const SPARE = 8;  // rows above and below the window that exist, too
const rows = new Map();  // the rows that exist, by their place in `shown`
const spacers = [element("tr", {ariaHidden: "true"}), element("tr", {ariaHidden: "true"})];

function rowHeight() {
  return parseFloat(getComputedStyle(byId("rows")).getPropertyValue("--row")) * rem();
}
const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

// The first place in view and the one behind the last.
function placesInView(height) {
  const top = -byId("rows").getBoundingClientRect().top;
  const first = Math.floor(top / height) - SPARE;
  const last = Math.ceil((top + innerHeight) / height) + SPARE;
  return [Math.max(0, Math.min(first, shown.length)), Math.max(0, Math.min(last, shown.length))];
}

function drawRows({fromTop = false} = {}) {
  const body = byId("rows"), height = rowHeight();
  if (fromTop) {
    rows.clear();
    body.replaceChildren(...spacers);
    body.parentElement.ariaRowCount = shown.length + 1;
    spacers[1].style.height = `${shown.length * height}px`;
    spacers[0].style.height = 0;
  }
  const [first, last] = placesInView(height);
  for (const [place, row] of rows) {
    if (place < first || place >= last) { row.remove(); rows.delete(place); }
  }
  for (let place = first; place < last; place++) {
    if (rows.has(place)) continue;
    const row = rowOf(shown[place], place);
    const behind = rows.get(place - 1) ?? (place === first ? spacers[0] : null);
    behind.after(row);
    rows.set(place, row);
  }
  spacers[0].style.height = `${first * height}px`;
  spacers[1].style.height = `${(shown.length - last) * height}px`;
  drawStrips();
}

function rowOf(song, place) {
  const row = element("tr", {role: "row", ariaRowIndex: place + 2},
    songCell(song), answerCell(song), stripCell(song), tagsCell(song), yoursCell(song));
  row.dataset.number = song.number;
  row.addEventListener("pointerenter", () => pointAt(song.number));
  row.addEventListener("pointerleave", () => pointAt(null));
  showState(row, song);
  return row;
}

function cell(className, ...children) {
  return element("td", {role: "cell", className}, ...children);
}

function songCell(song) {
  const button = element("button", {className: "play"});
  button.addEventListener("click", () => toggle(song));
  const place = song.path.slice(0, Math.max(0, song.path.lastIndexOf("/")));
  const name = element("div", {className: "name", title: song.path}, element("strong", {}, nameOf(song)),
    element("small", {}, [song.artist, place].filter(Boolean).join(" · ")));
  return cell("song", button, name);
}

function answerCell(song) {
  const more = element("small", {title: song.tagged && `in the file's tags: ${song.tagged}`}, answerText(song));
  return cell("answer", chipOf(song), more);
}

// The verdict: one genre, two with their two colours, or open in grey.
function chipOf(song) {
  const chip = element("span", {className: `chip ${song.verdict}`});
  if (song.verdict === "open") {
    chip.append(mark(null), song.reason ? `open: ${song.reason}` : "open");
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

function stripCell(song) {
  const words = `${timeText(lengthOf(song))}, mostly ${genres[song.best]}`;
  return cell("strip", element("canvas", {role: "img", ariaLabel: words, title: timeText(lengthOf(song))}));
}

function drawStrips() {
  const waiting = [...rows.values()].map((row) => row.querySelector("canvas:not([data-drawn])")).filter(Boolean);
  if (!waiting.length) return;
  const {clientWidth: width, clientHeight: height} = waiting[0];  // all are of one size
  for (const canvas of waiting) {
    canvas.dataset.drawn = "yes";
    const song = songs[canvas.closest("tr").dataset.number];
    drawBands(penOn(canvas, width, height), song, lengthOf(song), width, height);
  }
}

// Make a canvas as fine as the screen; the pen takes lengths in CSS pixels.
function penOn(canvas, width = canvas.clientWidth, height = canvas.clientHeight) {
  const scale = devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const pen = canvas.getContext("2d");
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

function tagsCell(song) {
  return cell("tags", ...tagButtons(song));
}

function tagButtons(song) {
  return song.tags.map((tag) => {
    const button = element("button", {className: "tag", title: `show songs with ${tag}`}, tag);
    button.addEventListener("click", () => { filter.tag = tag; update(); });
    return button;
  });
}

function yoursCell(song) {
  const input = element("input", {type: "text", list: "known-genres", placeholder: "genre",
    autocomplete: "off", ariaLabel: `your genre for ${wordsOf(song)}`});
  input.addEventListener("change", () => { correct(song, input.value); showState(input.closest("tr"), song); });
  const best = genres[song.best];
  const confirm = element("button", {className: "confirm", title: `it is ${best}`,
    ariaLabel: `confirm ${best} for ${wordsOf(song)}`}, "✓");
  confirm.addEventListener("click", () => {
    correct(song, corrections.get(song.path) === best ? "" : best);
    showState(confirm.closest("tr"), song);
  });
  return cell("yours", input, confirm);
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
  showIcon(button, action, `${action} ${wordsOf(song)}`);
  const unplayable = whyUnplayable(song);
  button.classList.toggle("unplayable", Boolean(unplayable));
  button.title = unplayable;
}

function showStates() {
  for (const row of rows.values()) showState(row, songs[row.dataset.number]);
}

function markRow(number) {
  for (const row of rows.values()) row.classList.toggle("pointed", Number(row.dataset.number) === number);
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
  addEventListener("resize", later(() => { drawRows({fromTop: true}); drawMap(); drawTimeline(); }));
}
