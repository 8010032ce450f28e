// The map: a mark for each song. It and the table know each other.

const MARGIN = 14;  // CSS pixels around the marks
const REACH = 12;  // how near to a mark a click is a click on it
let pointed = null;  // the number of the song under the mouse, on the map or in the table
let lasso = null;  // the corners of what is being drawn around marks

const isDark = matchMedia("(prefers-color-scheme: dark)");
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Smaller marks for more songs, so that they do not cover each other.
const radius = () => Math.max(1.5, Math.min(6, 150 / Math.sqrt(songs.length)));

function placeOf(number, width, height) {
  const size = Math.min(width, height) - 2 * MARGIN;
  const [x, y] = places[number];
  return [(width - size) / 2 + x / content.grid * size, (height - size) / 2 + y / content.grid * size];
}

function drawMap() {
  if (!places) return;
  const canvas = byId("map"), pen = penOn(canvas), size = radius();
  const width = canvas.clientWidth, height = canvas.clientHeight;
  const isPlain = shown.length === songs.length;
  const pictures = new Map();
  if (!isPlain) {
    pen.globalAlpha = 0.12;
    for (const song of songs) drawMark(pen, song, size, placeOf(song.number, width, height), pictures);
    pen.globalAlpha = 1;
  }
  for (const song of shown) drawMark(pen, song, size, placeOf(song.number, width, height), pictures);
  drawPointed();
}

// Marks of one kind are drawn once and then copied, which is fast for many songs.
function drawMark(pen, song, size, [x, y], pictures) {
  const named = genresOf(song), kind = named.join();
  if (!pictures.has(kind)) pictures.set(kind, markPicture(named, size));
  const side = 2 * (size + 2);
  pen.drawImage(pictures.get(kind), x - side / 2, y - side / 2, side, side);
}

// A genre's own shape; two halves in the colours of two genres; a hollow grey ring for none.
function markPicture(named, size) {
  const scale = devicePixelRatio || 1, side = 2 * (size + 2);
  const canvas = element("canvas", {width: Math.ceil(side * scale), height: Math.ceil(side * scale)});
  const pen = canvas.getContext("2d");
  pen.setTransform(scale * size, 0, 0, scale * size, canvas.width / 2, canvas.height / 2);
  const path = new Path2D(named.length === 1 ? shape(named[0]) : SHAPES.o);
  pen.lineWidth = 1 / size;
  if (named.length) {
    fillHalves(pen, path, color(named[0]), color(named.at(-1)));
    pen.strokeStyle = style("--edge");
  } else {
    pen.lineWidth = 1.5 / size;
    pen.strokeStyle = style("--grey");
  }
  pen.stroke(path);
  return canvas;
}

function fillHalves(pen, path, left, right) {
  pen.fillStyle = left;
  pen.fill(path);
  if (left === right) return;
  pen.save();
  pen.beginPath();
  pen.rect(0, -2, 2, 4);
  pen.clip();
  pen.fillStyle = right;
  pen.fill(path);
  pen.restore();
}

// What changes as the mouse moves is on a second canvas above the marks.
function drawPointed() {
  const above = byId("map-above"), pen = penOn(above);
  const width = above.clientWidth, height = above.clientHeight;
  pen.strokeStyle = style("--text");
  if (lasso) {
    pen.setLineDash([4, 3]);
    pen.beginPath();
    for (const [x, y] of lasso) pen.lineTo(x, y);
    pen.closePath();
    pen.stroke();
    pen.setLineDash([]);
  }
  pen.lineWidth = 2;
  for (const number of [pointed, player.song?.number ?? null]) {
    if (number === null) continue;
    pen.beginPath();
    pen.arc(...placeOf(number, width, height), radius() + 5, 0, 2 * Math.PI);
    pen.stroke();
  }
}

// Mark a song on the map and in the table, as the mouse is on it in one of them.
function pointAt(number) {
  if (number === pointed) return;
  pointed = number;
  markRow(number);
  if (places) drawPointed();
}

function nearestOnMap(x, y) {
  const {clientWidth: width, clientHeight: height} = byId("map");
  let best = null, least = REACH ** 2;
  for (const {number} of shown) {
    const [left, top] = placeOf(number, width, height);
    const distance = (left - x) ** 2 + (top - y) ** 2;
    if (distance < least) [best, least] = [number, distance];
  }
  return best;
}

function isInside([x, y], corners) {
  let inside = false;
  corners.forEach(([x1, y1], i) => {
    const [x2, y2] = corners.at(i - 1);
    if ((y1 > y) !== (y2 > y) && x < (x2 - x1) * (y - y1) / (y2 - y1) + x1) inside = !inside;
  });
  return inside;
}

function endLasso() {
  const corners = lasso;
  lasso = null;
  const {clientWidth: width, clientHeight: height} = byId("map");
  const found = shown.filter(({number}) => isInside(placeOf(number, width, height), corners));
  drawPointed();
  if (found.length) pick(found.map((song) => song.number), `${counted(found)} of the map`);
}

function clickMap(x, y) {
  const number = nearestOnMap(x, y);
  if (number !== null) pickSimilar(number);
  else if (filter.picked) pick(null, "");
}

function pickSimilar(number) {
  pick([number, ...(similar[number] ?? [])], `like ${nameOf(songs[number])}`);
}

function showName(number, x, y) {
  const box = byId("map-name");
  box.hidden = number === null;
  if (number === null) return;
  box.replaceChildren(element("strong", {}, wordsOf(songs[number])), chipOf(songs[number]));
  box.style.left = `${Math.min(x + 12, byId("map").clientWidth - box.offsetWidth)}px`;
  box.style.top = `${y + 14}px`;
}

// A finger scrolls the page and taps; a mouse or a pen also points and draws around marks.
function connectMap() {
  if (!places) return;
  byId("map-section").hidden = false;
  const canvas = byId("map-above");
  const isDrawing = () => lasso && lasso.length > 3;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch" || event.button) return;
    lasso = [[event.offsetX, event.offsetY]];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch") return;
    const {offsetX: x, offsetY: y} = event;
    if (lasso) {
      const [lastX, lastY] = lasso.at(-1);
      if (Math.hypot(x - lastX, y - lastY) > 3) lasso.push([x, y]);
      drawPointed();
      return;
    }
    const number = nearestOnMap(x, y);
    pointAt(number);
    showName(number, x, y);
  });
  canvas.addEventListener("pointerleave", () => { pointAt(null); showName(null); });
  canvas.addEventListener("pointercancel", () => { lasso = null; });
  canvas.addEventListener("click", (event) => {
    if (isDrawing()) { endLasso(); return; }
    lasso = null;
    clickMap(event.offsetX, event.offsetY);
  });
  isDark.addEventListener("change", drawMap);
}
