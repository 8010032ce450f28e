"use strict";
// The songs, as page.py packed them, and the colour and the mark of each genre.

const byId = (id) => document.getElementById(id);
const content = JSON.parse(byId("data").textContent);
const VERDICTS = ["sure", "either", "open"];

// A genre that a person types is added to these.
const genres = [...content.genres];

const songs = content.songs.map(([path, address, artist, title, tagged, seconds, verdict, named,
  percent, best, bestPercent, second, secondPercent, reason, tags, starts, width, strip], number) => ({
  number, path, address, artist, title, tagged, seconds, verdict: VERDICTS[verdict], named, percent,
  best, bestPercent, second, secondPercent, reason, tags, starts, width, strip, gone: false,
}));
const similar = content.similar ?? [];
const places = content.places ?? null;

// Shapes in a square from -1 to 1, by the names that matplotlib gives them: the pictures of the
// suite have the same marks.
const SHAPES = {
  "o": "M1 0A1 1 0 1 1 -1 0A1 1 0 1 1 1 0Z",
  "s": "M-.85 -.85H.85V.85H-.85Z",
  "^": "M0 -1L1 .8H-1Z",
  "D": "M0 -1.1L1.1 0L0 1.1L-1.1 0Z",
  "v": "M0 1L-1 -.8H1Z",
  "P": "M-.35 -1H.35V-.35H1V.35H.35V1H-.35V.35H-1V-.35H-.35Z",
  "p": "M0 -1L.95 -.31L.59 .81H-.59L-.95 -.31Z",
  "X": "M-.5 -1L0 -.5L.5 -1L1 -.5L.5 0L1 .5L.5 1L0 .5L-.5 1L-1 .5L-.5 0L-1 -.5Z",
  "<": "M-1 0L.8 -1V1Z",
  ">": "M1 0L-.8 -1V1Z",
};
const look = (genre) => content.looks[genre % content.looks.length];
const color = (genre) => look(genre)[0];
const shape = (genre) => SHAPES[look(genre)[1]];

// The number of a genre by its name; upper and lower case are the same genre.
function genreNumber(name) {
  const known = genres.findIndex((genre) => genre.toLowerCase() === name.toLowerCase());
  return known < 0 ? genres.push(name) - 1 : known;
}

const nameOf = (song) => song.title || song.path.slice(song.path.lastIndexOf("/") + 1);
const wordsOf = (song) => song.artist ? `${nameOf(song)}, ${song.artist}` : nameOf(song);

// The address of a song, from the page's own folder.
const addressOf = (song) => song.address || song.path.split("/").map(encodeURIComponent).join("/");

// The whole path of a song, for files that are saved somewhere else than the page.
function wholePath(song) {
  if (/^(\/|[A-Za-z]:)/.test(song.path)) return song.path;
  const parts = content.folder.split("/");
  for (const part of song.path.split("/")) {
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return parts.join("/");
}

// The columns of a song's strip: when each begins and ends, in seconds, and its likeliest genres
// as pairs of number and percentage.
function columnsOf(song) {
  const number = (at) => song.strip.charCodeAt(at) - content.firstLetter;
  return song.starts.map((begin, i) => {
    const shares = [];
    for (let band = 0; band < content.bands; band++) {
      const at = 2 * (i * content.bands + band);
      shares.push([number(at), number(at + 1)]);
    }
    const end = Math.min(begin + song.width, song.starts[i + 1] ?? Infinity);
    return {begin, end, shares};
  });
}

const lengthOf = (song) => song.seconds || columnsOf(song).at(-1).end;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key in made && key !== "list") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

// A small picture of one shape; its text is elsewhere.
function drawing(className, outline) {
  const space = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", outline);
  picture.setAttribute("viewBox", "-1.3 -1.3 2.6 2.6");
  picture.setAttribute("aria-hidden", "true");
  picture.setAttribute("class", className);
  picture.append(path);
  return picture;
}

// A genre's mark. Without a genre it is the hollow grey one of an open answer.
function mark(genre) {
  if (genre === null) return drawing("mark open", SHAPES.o);
  const picture = drawing("mark", shape(genre));
  picture.firstChild.setAttribute("fill", color(genre));
  return picture;
}

// Icons of the player; fonts do not have them everywhere.
const ICONS = {
  play: "M-.7 -1L1 0L-.7 1Z",
  pause: "M-.8 -.9H-.2V.9H-.8ZM.2 -.9H.8V.9H.2Z",
  next: "M-.8 -.9L.5 0L-.8 .9ZM.5 -.9H.9V.9H.5Z",
  previous: "M.8 -.9L-.5 0L.8 .9ZM-.5 -.9H-.9V.9H-.5Z",
};
function showIcon(button, name, label) {
  button.replaceChildren(drawing("icon", ICONS[name]));
  button.ariaLabel = label;
}

function timeText(seconds) {
  const whole = Math.max(0, Math.round(seconds || 0));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
