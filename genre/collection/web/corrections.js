// The genres that a person gives. The browser keeps them, under a key of this page's own.

const KEY = `genre corrections ${content.key}`;
const corrections = storedCorrections();  // genre by the song's path
corrections.forEach(genreNumber);

function storedCorrections() {
  try {
    return new Map(Object.entries(JSON.parse(localStorage.getItem(KEY) ?? "{}")));
  } catch {  // the browser keeps nothing for this page
    return new Map();
  }
}

function keepCorrections() {
  try {
    localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(corrections)));
  } catch {
    say("This browser keeps no corrections: save them before you leave the page.");
  }
}

// Take a person's genre for a song; an empty one takes it back.
function correct(song, text) {
  const name = text.trim().replace(/\s+/g, " ");
  if (name) corrections.set(song.path, genres[genreNumber(name)]);
  else corrections.delete(song.path);
  keepCorrections();
  showCorrections();
  drawMap();
}

function showCorrections() {
  const count = songs.filter((song) => corrections.has(song.path)).length;
  byId("save-corrections").textContent = count ? `save ${count} corrections` : "save corrections";
  if (count === 1) byId("save-corrections").textContent = "save 1 correction";
  byId("save-corrections").disabled = !count;
  showGenres();
}

const inCsv = (text) => /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

function saveCorrections() {
  const named = songs.filter((song) => corrections.has(song.path));
  const kept = writable(named);
  const rows = kept.map((song) => [wholePath(song), corrections.get(song.path)].map(inCsv).join(","));
  save("corrections.csv", ["path,genre", ...rows, ""].join("\n"), "text/csv");
  say(`corrections.csv with ${counted(kept)}${leftOut(named, kept)}. `
    + "teach.py --corrections corrections.csv learns from it.");
}

function savePlaylist() {
  const kept = writable(shown);
  const lines = kept.flatMap((song) => {
    const words = song.artist ? `${song.artist} - ${nameOf(song)}` : nameOf(song);
    return [`#EXTINF:${Math.round(song.seconds) || -1},${words}`, wholePath(song)];
  });
  const name = `${playlistName()}.m3u8`;
  save(name, ["#EXTM3U", ...lines, ""].join("\n"), "audio/x-mpegurl");
  say(`${name} with ${counted(kept)}${leftOut(shown, kept)}.`);
}

// A name with a line break, or in no encoding, can stand in no text file as it is.
const writable = (found) => found.filter((song) => !song.address);
const leftOut = (all, kept) => all.length === kept.length ? ""
  : `, without ${all.length - kept.length} whose names cannot be written`;
const counted = (found) => found.length === 1 ? "1 song" : `${found.length} songs`;

function playlistName() {
  const words = [filter.genre && genres[filter.genre], filter.verdict, filter.tag, filter.text];
  const name = words.filter(Boolean).join(" ").replace(/[<>:"/\\|?*]/g, "-");
  return name || "songs";
}

function save(name, text, type) {
  const address = URL.createObjectURL(new Blob([text], {type}));
  element("a", {href: address, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

const say = (text) => { byId("notice").textContent = text; };

function connectCorrections() {
  byId("save-corrections").addEventListener("click", saveCorrections);
  byId("save-playlist").addEventListener("click", savePlaylist);
}
