// The player: it plays the songs from their places on disk, and shows the one that plays large.

const JUMP = 10;  // s, of an arrow key
const player = {song: null, at: null};  // `at`: where to begin once the song is open, in seconds

// What suffixes are, for the browser to say whether it can play them.
const TYPES = {
  mp3: "audio/mpeg", wav: "audio/wav", flac: "audio/flac", ogg: "audio/ogg", oga: "audio/ogg",
  opus: "audio/ogg; codecs=opus", m4a: "audio/mp4", mp4: "audio/mp4", m4b: "audio/mp4",
  aac: "audio/aac", webm: "audio/webm", weba: "audio/webm",
};
const suffixOf = (song) => song.path.slice(song.path.lastIndexOf(".") + 1).toLowerCase();

function whyUnplayable(song) {
  if (song.gone) return "cannot be opened";
  const suffix = suffixOf(song), type = TYPES[suffix] ?? `audio/x-${suffix}`;
  return byId("audio").canPlayType(type) ? "" : `this browser cannot play .${suffix}`;
}

// Play a song, or pause it if it plays already.
function toggle(song) {
  const audio = byId("audio");
  if (song !== player.song) play(song);
  else if (audio.paused) start();
  else audio.pause();
}

function play(song, at = 0) {
  const audio = byId("audio");
  player.song = song;
  player.at = at;
  byId("player").hidden = false;
  document.body.classList.add("has-player");
  showSong(song);
  const trouble = whyUnplayable(song);
  showTrouble(trouble && !song.gone ? `${nameOf(song)}: ${trouble}.` : "");
  audio.pause();
  if (trouble && !song.gone) audio.removeAttribute("src");
  else {
    audio.src = addressOf(song);
    start();
  }
  showStates();
  if (places) drawPointed();
}

// A browser refuses to start where it cannot play; the event `error` tells of that.
function start() {
  byId("audio").play().catch(() => {});
}

function showTrouble(text) {
  byId("trouble").textContent = text;
  byId("trouble").hidden = !text;
}

function showSong(song) {
  byId("now-title").textContent = wordsOf(song);
  byId("now-title").title = song.path;
  byId("now-answer").replaceChildren(chipOf(song));
  byId("now-tags").replaceChildren(...tagButtons(song));
  const list = (similar[song.number] ?? []).map((number) => {
    const button = element("button", {}, wordsOf(songs[number]));
    button.addEventListener("click", () => play(songs[number]));
    return element("li", {}, button, chipOf(songs[number]));
  });
  byId("now-similar").hidden = !list.length;
  byId("now-similar").querySelector("ol").replaceChildren(...list);
  byId("seek").max = playedLength();
  showTime();
  drawTimeline();
}

// The length of the song: the browser's own once it is open, before that what is known of it.
function playedLength() {
  const known = byId("audio").duration;
  const isOpen = Number.isFinite(known) && byId("audio").readyState > 0 && player.at === null;
  return isOpen ? known : lengthOf(player.song);
}

function seek(seconds) {
  const audio = byId("audio"), place = Math.max(0, Math.min(seconds, playedLength()));
  if (audio.readyState > 0) audio.currentTime = place;
  else player.at = place;
  showTime();
}

const playedTime = () => player.at ?? byId("audio").currentTime;

function showTime() {
  const time = playedTime();
  byId("clock").textContent = `${timeText(time)} / ${timeText(playedLength())}`;
  byId("seek").value = time;
  byId("seek").ariaValueText = `${timeText(time)}, ${genreAt(time)}`;
  drawTimeline();
}

function genreAt(time) {
  const column = columnsOf(player.song).find(({begin, end}) => begin <= time && time < end);
  return column ? genres[column.shares[0][0]] : "not heard by the model";
}

// The genres over time, large: names above, the bands, and a line where the song plays.
function drawTimeline() {
  if (!player.song || byId("player").hidden) return;
  const canvas = byId("timeline"), pen = penOn(canvas), names = 18;
  const {clientWidth: width, clientHeight: height} = canvas, length = playedLength();
  pen.translate(0, names);
  drawBands(pen, player.song, length, width, height - names);
  pen.translate(0, -names);
  writeNames(pen, runsOf(player.song), length, width);
  const x = playedTime() / length * width;
  pen.fillStyle = style("--text");
  pen.fillRect(x - 1, 0, 2, height);
}

// Stretches of time with one likeliest genre.
function runsOf(song) {
  const runs = [];
  for (const {begin, end, shares} of columnsOf(song)) {
    const genre = shares[0][0], last = runs.at(-1);
    if (last?.genre === genre) last.end = end;
    else runs.push({genre, begin, end});
  }
  return runs;
}

function writeNames(pen, runs, length, width) {
  pen.font = `13px ${style("--font")}`;
  pen.fillStyle = style("--text");
  for (const {genre, begin, end} of runs) {
    const left = begin / length * width, room = (end - begin) / length * width;
    if (pen.measureText(genres[genre]).width < room) pen.fillText(genres[genre], left, 13);
  }
}

// Go to the song before or after in the table, past those that cannot be played.
function step(direction) {
  let place = shown.indexOf(player.song) + direction;
  while (shown[place] && whyUnplayable(shown[place])) place += direction;
  if (shown[place]) play(shown[place]);
}

function fail() {
  if (!byId("audio").getAttribute("src")) return;
  player.song.gone = true;
  showTrouble(`${nameOf(player.song)} cannot be opened: it is no longer at ${player.song.path}, or this browser cannot read it.`);
  showStates();
}

function opened() {
  const audio = byId("audio");
  player.song.gone = false;
  if (player.at) audio.currentTime = player.at;
  player.at = null;
  byId("seek").max = playedLength();
  showTime();
}

function showPlaying() {
  const action = byId("audio").paused ? "play" : "pause";
  showIcon(byId("toggle"), action, action);
  showStates();
}

function press(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const target = event.target;
  if (target.matches("input:not([type=range])")) {
    if (event.key === "Escape") target.blur();
    return;
  }
  if (event.key === "/") byId("search").focus();
  else if (target.matches("select")) return;  // which has its own use for the other keys
  else if (target.matches(".play") && event.key === "ArrowDown") moveFocus(target, 1);
  else if (target.matches(".play") && event.key === "ArrowUp") moveFocus(target, -1);
  else if (!pressForPlayer(event, target)) return;
  event.preventDefault();
}

// Keys of the player; a focused button keeps the space bar for itself.
function pressForPlayer(event, target) {
  if (!player.song) return false;
  const arrow = {ArrowLeft: -1, ArrowRight: 1}[event.key];
  if (arrow && event.shiftKey) step(arrow);
  else if (arrow) seek(playedTime() + arrow * JUMP);
  else if (event.key === " " && !target.matches("button, summary, a")) toggle(player.song);
  else return false;
  return true;
}

function connectPlayer() {
  const audio = byId("audio");
  showIcon(byId("toggle"), "play", "play");
  showIcon(byId("previous"), "previous", "previous song");
  showIcon(byId("next"), "next", "next song");
  audio.addEventListener("loadedmetadata", opened);
  audio.addEventListener("timeupdate", showTime);
  audio.addEventListener("play", showPlaying);
  audio.addEventListener("pause", showPlaying);
  audio.addEventListener("ended", () => step(1));
  audio.addEventListener("error", fail);
  byId("toggle").addEventListener("click", () => toggle(player.song));
  byId("previous").addEventListener("click", () => step(-1));
  byId("next").addEventListener("click", () => step(1));
  byId("seek").addEventListener("input", () => seek(Number(byId("seek").value)));
  byId("timeline").addEventListener("click", (event) =>
    seek(event.offsetX / byId("timeline").clientWidth * playedLength()));
  isDark.addEventListener("change", drawTimeline);
  document.addEventListener("keydown", press);
}
