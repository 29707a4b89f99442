// The live pages. Follows /api/v1/stream and updates rows in place. Keeps no state of its own: all
// that it shows comes from the server, and a reload shows the same. External text (plates, names,
// errors) is only ever set as textContent or as an attribute, never as HTML.
"use strict";

const page = document.body.dataset;
const field = (node, name) => node.querySelector(`[data-field="${name}"]`);
const byId = (id) => document.getElementById(id);

// Sets text only where it changed, to leave screen readers and selections undisturbed.
function say(node, name, text) {
  const it = field(node, name);
  if (it && it.textContent !== text) it.textContent = text;
}

function setState(node, state) {
  say(node, "state", state);
  field(node, "state").dataset.state = state;
}

// --- times: the site's clock, in the form of platewire.runtime.site_time -------------------------

// A browser that does not know the site's zone shows UTC, with its offset.
const zone = (() => {
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: page.timeZone });
    return page.timeZone;
  } catch {
    return "UTC";
  }
})();
const clock = new Intl.DateTimeFormat("en-GB", {
  timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
  hour: "2-digit", minute: "2-digit", second: "2-digit",
});
const aroundMs = 6 * 3600 * 1000; // before or after it, the clock has the other offset of a change

function onClock(ms) {
  const it = Object.fromEntries(clock.formatToParts(ms).map((part) => [part.type, part.value]));
  return { day: `${it.year}-${it.month}-${it.day}`, time: `${it.hour}:${it.minute}:${it.second}` };
}

function offsetMs(ms) {
  const { day, time } = onClock(ms);
  return Date.parse(`${day}T${time}Z`) - Math.floor(ms / 1000) * 1000;
}

function isAmbiguous(ms) {
  const offset = offsetMs(ms);
  return [offsetMs(ms - aroundMs), offsetMs(ms + aroundMs)].some(
    (other) => other !== offset && offsetMs(ms + offset - other) === other);
}

function offsetText(ms) {
  const minutes = offsetMs(ms) / 60000;
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(size / 60)}:${two(size % 60)}`;
}

// 08:00:05 today, else 2026-01-31 08:00:05; with the offset where the clock shows that time twice.
function timeText(ms, brief) {
  const { day, time } = onClock(ms);
  const text = brief && day === onClock(Date.now()).day ? time : `${day} ${time}`;
  return zone !== page.timeZone || isAmbiguous(ms) ? text + offsetText(ms) : text;
}

function showTime(node, iso) {
  if (iso !== undefined) node.dateTime = iso;
  const ms = Date.parse(node.dateTime);
  if (Number.isNaN(ms)) return;
  const text = timeText(ms, node.dataset.shape === "time");
  if (node.textContent !== text) node.textContent = text;
  node.title = `${timeText(ms, false)} ${zone}`;
}

document.querySelectorAll("time").forEach((node) => showTime(node));

// --- the list ------------------------------------------------------------------------------------

const rows = byId("rows");
const rowsMax = Number(page.rowsMax);
const known = new Map(); // passage -> row
const pending = new Map(); // passage -> its last event while the list is paused, and whether it is new
let paused = false;

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
  say(row, "sure", joined([`${percent} %`, plate.partial && "partial"], ", "));
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

// A passage that is not in the list and has not just begun is older than all rows.
function take(event, begins = event.kind === "new") {
  if (paused) return queue(event, begins);
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

// --- pausing the list ------------------------------------------------------------------------------

function queue(event, begins) {
  const earlier = pending.get(event.passage);
  pending.set(event.passage, { event, begins: begins || Boolean(earlier?.begins) });
  if (pending.size > rowsMax) pending.delete(pending.keys().next().value);
  labelPause();
}

function labelPause() {
  const waiting = pending.size ? ` (${pending.size} waiting)` : "";
  byId("pause").textContent = paused ? `Resume list${waiting}` : "Pause list";
}

function togglePause() {
  paused = !paused;
  byId("pause").setAttribute("aria-pressed", String(paused));
  if (!paused) {
    pending.forEach(({ event, begins }) => take(event, begins));
    pending.clear();
  }
  labelPause();
}

// --- cameras, outputs, banner -----------------------------------------------------------------------

function showStatus(status) {
  showBanner(status);
  keepCards("cameras", "camera-template", status.cameras, showCamera);
  keepCards("outputs", "output-template", status.outputs, showOutput);
}

let bannerShown = "";
function showBanner({ reasons, failed, warnings }) {
  const content = JSON.stringify([reasons, failed, warnings]);
  if (content === bannerShown) return;
  bannerShown = content;
  const parts = new Map(failed.map((part) => [part.reason, part]));
  byId("banner").replaceChildren(
    ...reasons.map((text) => bannerItem(text, "bad", parts.get(text))),
    ...warnings.map((text) => bannerItem(text, "")),
  );
}

// A failed part has a button: outputs resume, as on their card; all other parts restart.
function bannerItem(text, className, part) {
  const item = document.createElement("li");
  item.className = className;
  item.append(text);
  if (part) {
    const button = document.createElement("button");
    button.className = "small";
    const output = part.role === "output";
    button.textContent = output ? `Resume ${part.name}` : `Restart ${part.role} ${part.name}`;
    button.onclick = () => busy(button, output ? act(part.name, "resume") : restart(part));
    item.append(" ", button);
  }
  return item;
}

async function busy(button, work) {
  button.disabled = true;
  try {
    await work;
  } finally {
    button.disabled = false;
  }
}

async function restart({ role, name }) {
  const part = `${encodeURIComponent(role)}/${encodeURIComponent(name)}`;
  await fetch(`/api/v1/parts/${part}/restart`, { method: "POST" });
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

// An error is current until the part runs again; then it is shown as the last error.
function showError(card, thing) {
  const past = thing.state === "running" || thing.state === "ended";
  const at = thing.last_error_at ? timeText(Date.parse(thing.last_error_at), true) : "";
  const same = thing.message === thing.last_error;
  card.dataset.past = past;
  say(card, "message", same ? "" : thing.message);
  say(card, "error", thing.last_error && `${past ? "Last error" : "Error"} ${at}: ${thing.last_error}`);
}

function showCamera(card, camera) {
  showError(card, camera);
  const img = field(card, "snapshot");
  img.alt = `Latest frame of ${camera.name}`;
}

function showOutput(card, output) {
  showError(card, output);
  const { lag, counters } = output;
  const late = output.lag_seconds >= 1 ? `, ${span(output.lag_seconds)}` : "";
  const waiting = lag === null ? "" : lag === 0 ? "up to date" : `${lag} waiting${late}`;
  say(card, "lag", joined([waiting, delivered(counters), clients(counters)], " · "));
  const button = field(card, "switch");
  // A failed output may still be running; Resume then acknowledges the error.
  const stopped = ["paused", "failed"].includes(output.state);
  button.hidden = output.state === "ended";
  button.dataset.action = stopped ? "resume" : "pause";
  say(card, "switch", stopped ? "Resume" : "Pause");
  button.setAttribute("aria-label", `${button.textContent} ${output.name}`);
  button.onclick = () => act(output.name, button.dataset.action);
}

// A listening output without a client has sent to nobody, whatever it has processed.
function delivered({ delivered, clients }) {
  return delivered === undefined || clients === 0 ? "" : `${delivered} delivered`;
}

function clients({ clients }) {
  if (clients === undefined) return "";
  return clients === 0 ? "no client connected" : clients === 1 ? "1 client" : `${clients} clients`;
}

const span = (seconds) => {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
};

async function act(output, action) {
  await fetch(`/api/v1/outputs/${encodeURIComponent(output)}/${action}`, { method: "POST" });
}

// --- snapshots: the next is requested when the last has arrived, and only while the page is visible ----

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

const SILENCE_MS = 12000; // the server sends a keep-alive message every few seconds
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
  stream.onerror = () => connection("lost", "Connection lost, reconnecting");
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

// Reconnects where the connection is silent without an error, or the browser has given up.
function watch(take, extra) {
  setInterval(() => {
    const silent = Date.now() - heardAt > SILENCE_MS;
    if (!silent && stream.readyState !== EventSource.CLOSED) return;
    connection("lost", "Connection lost, reconnecting");
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
  byId("pause").hidden = false;
  byId("pause").addEventListener("click", togglePause);
  start(take, { status: showStatus, skipped: refresh });
  refreshSnapshots();
} else if (page.page === "passage") {
  start((event) => event.passage === page.passage && location.reload(), {});
}
