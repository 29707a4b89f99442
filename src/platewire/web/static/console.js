// The live pages. Follows /api/v1/stream and changes rows in place. Owns no truth: whatever it
// shows came from the server, and a reload shows the same. Text of others (plates, names, errors)
// is only ever set as textContent or as an attribute, never as HTML.
"use strict";

const page = document.body.dataset;
const field = (node, name) => node.querySelector(`[data-field="${name}"]`);
const byId = (id) => document.getElementById(id);

// Sets text only where it changed, so that screen readers and selections stay calm.
function say(node, name, text) {
  const it = field(node, name);
  if (it && it.textContent !== text) it.textContent = text;
}

function setState(node, state) {
  say(node, "state", state);
  field(node, "state").dataset.state = state;
}

// --- times, local to the viewer ---------------------------------------------------------------

const shapes = {
  time: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  day: { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" },
  moment: { dateStyle: "medium", timeStyle: "medium" },
};

function showTime(node, iso) {
  if (iso !== undefined) node.dateTime = iso;
  const moment = new Date(node.dateTime);
  if (Number.isNaN(moment.getTime())) return;
  const today = moment.toDateString() === new Date().toDateString();
  const shape = node.dataset.shape === "time" && !today ? "day" : node.dataset.shape;
  const text = new Intl.DateTimeFormat(undefined, shapes[shape]).format(moment);
  if (node.textContent !== text) node.textContent = text;
  node.title = moment.toLocaleString();
}

document.querySelectorAll("time").forEach((node) => showTime(node));

// --- the list ------------------------------------------------------------------------------------

const rows = byId("rows");
const rowsMax = Number(page.rowsMax);
const known = new Map(); // passage -> row
const held = new Map(); // passage -> its last event while the list was held, and whether it is new
let holding = false;

const arrows = { in: "↓ in", out: "↑ out" };
const value = (attribute) => (attribute ? attribute.value : "");
const picture = (image) => (image ? `/api/v1/images/${encodeURIComponent(image.sha256)}.jpg` : "");
const joined = (parts, by) => parts.filter(Boolean).join(by);

function fill(row, event) {
  const { plate, vehicle } = event;
  const percent = Math.round(plate.confidence * 100);
  Object.assign(row.dataset, { passage: event.passage, seq: event.seq, state: event.kind });
  field(row, "link").href = `/passages/${encodeURIComponent(event.passage)}`;
  showPicture(field(row, "crop"), picture(event.images.plate));
  say(row, "country", plate.country || "");
  say(row, "plate", plate.display);
  say(row, "camera", event.camera);
  say(row, "way", joined([event.zone, arrows[event.direction]], " · "));
  field(row, "swatch").dataset.color = value(vehicle.color);
  say(row, "vehicle", joined([vehicle.color, vehicle.make, vehicle.model].map(value), " "));
  field(row, "meter").value = percent;
  say(row, "sure", `${percent} %`);
  say(row, "reads", event.reads === 1 ? "1 read" : `${event.reads} reads`);
  showTime(field(row, "first").querySelector("time"), event.first_seen_at);
  showTime(field(row, "last").querySelector("time"), event.last_seen_at);
  say(row, "revision", `rev ${event.revision}`);
  setState(row, event.kind);
}

function showPicture(img, source) {
  if (source && img.getAttribute("src") !== source) img.src = source;
  img.hidden = !source;
}

// A passage that is not in the list and did not begin just now is older than all rows.
function take(event, begins = event.kind === "new") {
  if (holding) return hold(event, begins);
  const row = known.get(event.passage);
  if (row) {
    if (Number(row.dataset.seq) < event.seq) fill(row, event);
  } else if (begins || known.size < rowsMax) {
    add(event);
  }
}

function add(event) {
  const row = byId("row-template").content.firstElementChild.cloneNode(true);
  fill(row, event);
  row.classList.add("fresh");
  rows.prepend(row);
  known.set(event.passage, row);
  while (rows.childElementCount > rowsMax) forget(rows.lastElementChild);
  byId("empty").hidden = true;
  announce(event);
}

function forget(row) {
  known.delete(row.dataset.passage);
  row.remove();
}

// After a gap: the newest passages again, from the database.
async function refresh() {
  const answer = await fetch(`/api/v1/passages?limit=${rowsMax}`);
  if (!answer.ok) return;
  const { passages } = await answer.json();
  passages.reverse().forEach((passage) => take(passage.event, true));
}

// A screen reader hears of a new vehicle at most every few seconds.
let announcedAt = 0;
function announce(event) {
  if (Date.now() - announcedAt < 3000) return;
  announcedAt = Date.now();
  byId("announcer").textContent = joined([event.plate.display, event.camera, event.zone], ", ");
}

// --- holding the list still ------------------------------------------------------------------------

function hold(event, begins) {
  const earlier = held.get(event.passage);
  held.set(event.passage, { event, begins: begins || Boolean(earlier?.begins) });
  if (held.size > rowsMax) held.delete(held.keys().next().value);
  nameHold();
}

function nameHold() {
  const waiting = held.size ? ` (${held.size} waiting)` : "";
  byId("hold").textContent = holding ? `Go on${waiting}` : "Hold the list";
}

function toggleHold() {
  holding = !holding;
  byId("hold").setAttribute("aria-pressed", String(holding));
  if (!holding) {
    held.forEach(({ event, begins }) => take(event, begins));
    held.clear();
  }
  nameHold();
}

// --- cameras, transfers, banner -----------------------------------------------------------------------

function showStatus(status) {
  showBanner(status);
  keepCards("cameras", "camera-template", status.cameras, showCamera);
  keepCards("transfers", "transfer-template", status.transfers, showTransfer);
}

function showBanner({ reasons, warnings }) {
  const texts = [...reasons, ...warnings];
  const shown = [...byId("banner").children].map((item) => item.textContent);
  if (JSON.stringify(texts) === JSON.stringify(shown)) return;
  byId("banner").replaceChildren(
    ...texts.map((text, index) => {
      const item = document.createElement("li");
      item.textContent = text;
      if (index < reasons.length) item.className = "bad";
      return item;
    }),
  );
}

function keepCards(id, template, things, show) {
  const cards = new Map([...byId(id).children].map((card) => [card.dataset.name, card]));
  for (const thing of things) {
    const card = cards.get(thing.name) || byId(id).appendChild(
      byId(template).content.firstElementChild.cloneNode(true));
    card.dataset.name = thing.name;
    cards.delete(thing.name);
    say(card, "name", thing.name);
    setState(card, thing.state);
    show(card, thing);
  }
  cards.forEach((card) => card.remove());
}

// An error is news while it lasts; once the loop runs again it is told as the past.
function showTrouble(card, thing) {
  const past = thing.state === "running" || thing.state === "ended";
  const at = thing.last_error_at ? new Date(thing.last_error_at).toLocaleTimeString() : "";
  const same = thing.message === thing.last_error;
  card.dataset.past = past;
  say(card, "message", same ? "" : thing.message);
  say(card, "error", thing.last_error && `${past ? "Last error" : "Error"} ${at}: ${thing.last_error}`);
}

function showCamera(card, camera) {
  showTrouble(card, camera);
  const img = field(card, "snapshot");
  img.alt = `Latest picture of ${camera.name}`;
}

function showTransfer(card, transfer) {
  showTrouble(card, transfer);
  const { lag, counters } = transfer;
  const late = transfer.lag_seconds >= 1 ? `, ${span(transfer.lag_seconds)}` : "";
  const behind = lag === null ? "" : lag === 0 ? "up to date" : `${lag} behind${late}`;
  const done = counters.delivered === undefined ? "" : `${counters.delivered} delivered`;
  say(card, "lag", joined([behind, done], " · "));
  const button = field(card, "switch");
  const stands = transfer.state === "paused" || transfer.state === "failed";
  button.hidden = transfer.state === "ended";
  button.dataset.action = stands ? "resume" : "pause";
  say(card, "switch", stands ? "Resume" : "Pause");
  button.setAttribute("aria-label", `${button.textContent} ${transfer.name}`);
  button.onclick = () => act(transfer.name, button.dataset.action);
}

const span = (seconds) => {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
};

async function act(transfer, action) {
  await fetch(`/api/v1/transfers/${encodeURIComponent(transfer)}/${action}`, { method: "POST" });
}

// --- snapshots: the next is asked for when the last has come, and only while someone looks -------------

const SNAPSHOT_MS = 2000;

async function refreshSnapshots() {
  if (!document.hidden) await Promise.all([...byId("cameras").children].map(refreshSnapshot));
  setTimeout(refreshSnapshots, SNAPSHOT_MS);
}

function refreshSnapshot(card) {
  return new Promise((done) => {
    const next = new Image();
    next.onerror = done;
    next.onload = () => {
      const img = field(card, "snapshot");
      img.src = next.src;
      img.hidden = false;
      field(card, "nothing").hidden = true;
      done();
    };
    next.src = `/api/v1/cameras/${encodeURIComponent(card.dataset.name)}/snapshot.jpg?t=${Date.now()}`;
  });
}

// --- the stream -------------------------------------------------------------------------------------

const SILENCE_MS = 12000; // the server gives a sign of life every few seconds
let heardAt = Date.now();
let stream;
let after = Number(page.seq);

function follow(take, extra) {
  stream = new EventSource(`/api/v1/stream?after=${after}`);
  const listen = (kind, act) =>
    stream.addEventListener(kind, (message) => {
      heard();
      if (message.lastEventId) after = Number(message.lastEventId);
      act(JSON.parse(message.data));
    });
  ["new", "updated", "lost"].forEach((kind) => listen(kind, take));
  listen("alive", () => {});
  Object.entries(extra).forEach(([kind, act]) => listen(kind, act));
  stream.onopen = heard;
  stream.onerror = () => connection("lost", "Connection lost, trying again");
}

function heard() {
  heardAt = Date.now();
  connection("live", "Live");
}

function connection(state, text) {
  const sign = byId("connection");
  if (!sign) return;
  sign.dataset.state = state;
  say(sign, "text", text);
}

// A line that is dead without an error, or an error after which the browser has given up.
function watch(take, extra) {
  setInterval(() => {
    const silent = Date.now() - heardAt > SILENCE_MS;
    if (!silent && stream.readyState !== EventSource.CLOSED) return;
    connection("lost", "Connection lost, trying again");
    stream.close();
    heardAt = Date.now();
    follow(take, extra);
  }, 3000);
}

function start(take, extra) {
  follow(take, extra);
  watch(take, extra);
}

if (page.page === "console") {
  for (const row of rows.children) known.set(row.dataset.passage, row);
  byId("hold").hidden = false;
  byId("hold").addEventListener("click", toggleHold);
  start(take, { status: showStatus, skipped: refresh });
  refreshSnapshots();
} else if (page.page === "passage") {
  start((event) => event.passage === page.passage && location.reload(), {});
}
