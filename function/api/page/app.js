/*
 * The page at `/`: pictures in, tags out. No framework and no build step: what is here is what runs.
 *
 * Pictures are sent one after the other. On Lambda every request that comes while another is answered starts one more
 * instance, which loads the model first: side by side, the second picture would wait longer than in the queue.
 */

// Every address here is relative, so that the page works below a stage. Opened as /prod, without the slash, "tag"
// would mean /tag.
if (!location.pathname.endsWith("/")) {
  history.replaceState(null, "", `${location.pathname}/${location.search}`);
}

const MAX_SIDE = 2048; // pixels; the model looks at a few hundred
const COMFORTABLE_BYTES = 4_000_000;
const MAX_BYTES = 4_500_000; // as in settings.py
const MAX_LABELS = 100; // as in schemas.py
const MAX_LABEL_CHARACTERS = 200; // as in schemas.py
const THUMBNAIL_SIDE = 480;
const SLOW_MS = 3000;
const MAX_LOG_LINES = 30;

const DEMO_MODEL = "models/demo";
const NOTHING_FOUND = "No tag fits: it looks more like something else.";
const BUSY = new Set([429, 502, 503, 504]);
const LOCKED = new Set([401, 403]);
const WANTS_KEY = "The service did not let this in. If it wants an API key, put it into “API key”, then try again.";
const WITHOUT_DETAIL = {
  401: WANTS_KEY,
  403: WANTS_KEY, // what API Gateway says without a key
  413: "The picture is too large for the service.",
  429: "Too many requests at once. Try again in a moment.",
};

const byId = (id) => document.getElementById(id);
const clone = (id) => byId(id).content.firstElementChild.cloneNode(true);
const percent = new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
// A number and its unit stay on one line.
const withUnit = (number, digits, unit) => `${number.toFixed(digits)}\u00a0${unit}`;
const megabytes = (bytes) => (bytes < 100_000 ? withUnit(Math.ceil(bytes / 1000), 0, "kB") : withUnit(bytes / 1e6, 1, "MB"));
const duration = (ms) => (ms < 1000 ? withUnit(ms, ms < 10 ? 1 : 0, "ms") : withUnit(ms / 1000, 1, "s"));

/** What went wrong, in words for the person in front of the page. */
class Trouble extends Error {
  constructor(message, canRetry = false) {
    super(message);
    this.canRetry = canRetry;
  }
}

// --- pictures ---------------------------------------------------------------------------------------------------

/** Returns the file as an image, turned as its EXIF says, or null if this browser cannot show it (often: HEIC). */
async function decode(file) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await image.decode();
    return image;
  } catch {
    return null;
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

/** Returns `image` as a JPEG with sides of at most `side` pixels. */
async function shrink(image, side) {
  const scale = Math.min(1, side / Math.max(image.naturalWidth, image.naturalHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "white"; // where the picture is transparent, as the service does
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.9));
  return { blob, width: canvas.width, height: canvas.height };
}

let preparing = Promise.resolve();

/** Returns a file's `thumbnail`, null if there is none, and what `fitting` does: one file at a time, since a folder of
 * photos, decoded all at once, fills a phone's memory. */
function prepare(file) {
  const prepared = preparing.then(async () => {
    const image = await decode(file);
    const thumbnail = image && (await shrink(image, THUMBNAIL_SIDE)).blob;
    return { thumbnail, ...(await fitting(file, image)) };
  });
  preparing = prepared.catch(() => {});
  return prepared;
}

/** Returns what to send for a file: `blob`, and `note` if that is not the file itself. */
async function fitting(file, image) {
  if (!image) {
    if (file.size <= MAX_BYTES) return { blob: file, note: "" };
    throw new Trouble(
      `This file has ${megabytes(file.size)}; the service takes ${megabytes(MAX_BYTES)}, and this browser cannot ` +
        "open it to make it smaller. If it is a picture, save it as a JPEG and try again.",
    );
  }
  const isLarge = Math.max(image.naturalWidth, image.naturalHeight) > MAX_SIDE;
  if (!isLarge && file.size <= COMFORTABLE_BYTES) return { blob: file, note: "" };
  const { blob, width, height } = await shrink(image, MAX_SIDE);
  const before = `${image.naturalWidth} × ${image.naturalHeight}, ${megabytes(file.size)}`;
  return { blob, note: `Made smaller before sending: ${before} to ${width} × ${height}, ${megabytes(blob.size)}.` };
}

// --- the service ------------------------------------------------------------------------------------------------

/** Returns the options of the form, in the API's names: only those that are filled in. */
function chosenOptions() {
  const labels = [...new Set(labelsIn(byId("labels").value))];
  if (!labels.length) return {};
  const template = byId("template").value.trim();
  return { candidate_labels: labels.join(","), ...(template && { hypothesis_template: template }) };
}

function labelsIn(text) {
  return text.split(",").map((label) => label.trim()).filter(Boolean);
}

/** Says under the fields what the service would refuse; returns whether all is well. */
function optionsAreValid() {
  const labels = labelsIn(byId("labels").value);
  const template = byId("template").value.trim();
  const tooLong = labels.find((label) => label.length > MAX_LABEL_CHARACTERS);
  let complaint = "";
  if (labels.length > MAX_LABELS) complaint = `At most ${MAX_LABELS} labels, please; these are ${labels.length}.`;
  else if (tooLong) complaint = `“${tooLong.slice(0, 30)}…” is longer than ${MAX_LABEL_CHARACTERS} characters.`;
  byId("labels").setCustomValidity(complaint);
  const hasOnePlace = template.split("{}").length === 2;
  const isFine = !template || (hasOnePlace && template.length <= MAX_LABEL_CHARACTERS);
  if (!isFine) document.querySelector(".more").open = true; // a closed field cannot show what is wrong with it
  byId("template").setCustomValidity(isFine ? "" : "Put {} once, where the label goes: “a photo of {}.”");
  return byId("form").reportValidity();
}

/** Returns the tags, the milliseconds by phase, and how long the whole took. Throws a Trouble. */
async function requestTags(blob, name, options, signal) {
  const body = new FormData();
  body.append("file", blob, name);
  for (const [option, value] of Object.entries(options)) body.append(option, value);
  const started = performance.now();
  let response;
  try {
    response = await fetch("tag", { method: "POST", body, signal, headers: keyHeader() });
  } catch {
    if (!(await isReadable(blob))) throw new Trouble("This cannot be read: it may be a folder, or was moved away.");
    throw new Trouble("The service could not be reached. Check the connection, then try again.", true);
  }
  const answer = await response.json().catch(() => null);
  if (LOCKED.has(response.status)) byId("key-field").hidden = false;
  if (!response.ok || !Array.isArray(answer)) throw troubleOf(response.status, answer);
  const timing = timings(response.headers.get("Server-Timing") ?? "");
  return { tags: answer, timing, total: performance.now() - started };
}

/** Returns the header with the key, if one was asked for and given. */
function keyHeader() {
  const key = byId("key").value.trim();
  return key ? { "x-api-key": key } : {};
}

/** Says whether the bytes are there: a file is read only while it is sent, and fetch calls all its errors the same. */
function isReadable(blob) {
  return blob.slice(0, 1).arrayBuffer().then(() => true, () => false);
}

/** Errors of the service come with a `detail` made for people; those of a gateway in front of it do not. */
function troubleOf(status, answer) {
  const canRetry = BUSY.has(status) || LOCKED.has(status);
  const unsaid = canRetry
    ? "The service could not answer just now; it may still be starting. Try again in a moment."
    : `The service gave no answer that makes sense here (status ${status}).`;
  return new Trouble(answer?.detail ?? WITHOUT_DETAIL[status] ?? unsaid, canRetry);
}

/** Returns the phases of a Server-Timing header: [["decode", 3.1], ...]. */
function timings(header) {
  return [...header.matchAll(/([\w-]+);dur=([\d.]+)/g)].map(([, phase, ms]) => [phase, Number(ms)]);
}

// --- the command ------------------------------------------------------------------------------------------------

const shellQuoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** Returns the curl command that does what was just done with the file called `name`. */
function curlCommand(name, options) {
  // curl reads ; and , in a form's file name as its own syntax, unless the name is quoted.
  const file = /[;,"]/.test(name) ? `"${name.replace(/["\\]/g, "\\$&")}"` : name;
  const lines = [`curl ${shellQuoted(new URL("tag", location.href).href)}`, `--form ${shellQuoted(`file=@${file}`)}`];
  if (byId("key").value.trim()) lines.splice(1, 0, '--header "x-api-key: $API_KEY"'); // a secret is not for a screen
  for (const [option, value] of Object.entries(options)) {
    lines.push(`--form-string ${shellQuoted(`${option}=${value}`)}`);
  }
  return lines.join(" \\\n  ");
}

/** Copies the text of `code`; where the browser does not let a page do that, selects it. Returns what was done. */
async function copy(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return "Copied";
  } catch {
    getSelection().selectAllChildren(code);
    return "Selected: press Ctrl+C";
  }
}

// --- one picture's card -----------------------------------------------------------------------------------------

/** One picture, from its file to its tags. `isOnDisk`: whether the person has it as a file of that name. */
class Card {
  #abort = new AbortController();
  #prepared;

  constructor(file, isOnDisk) {
    this.file = file;
    this.name = file.name || "picture";
    this.isOnDisk = isOnDisk;
    this.element = clone("card");
    this.#part("h3").append(this.name);
    this.#part(".remove").setAttribute("aria-label", `Remove ${this.name}`);
    this.#part(".remove").addEventListener("click", () => removeCard(this));
    this.#part(".retry").addEventListener("click", () => enqueue([this]));
    this.#part(".copy").addEventListener("click", async (event) => {
      const button = event.target;
      button.textContent = await copy(this.#part("code"));
      announce(button.textContent);
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    this.#prepared = prepare(file);
    this.#prepared.then(({ thumbnail }) => this.#showThumbnail(thumbnail), () => this.#showThumbnail(null));
    this.wait();
  }

  #part(selector) {
    return this.element.querySelector(selector);
  }

  #state(kind, text) {
    this.element.dataset.state = kind;
    this.#part(".state").textContent = text;
  }

  /** Shows that the card's turn has yet to come. */
  wait() {
    this.#state("waiting", "Waiting for its turn.");
    this.#part(".groups").replaceChildren();
    this.#part(".facts").textContent = "";
    this.#part(".retry").hidden = true;
    this.#part(".command").hidden = true;
  }

  /** Stops what is under way. */
  stop() {
    this.#abort.abort();
    URL.revokeObjectURL(this.#part("img").src);
  }

  /** Asks for the picture's tags and shows them, or what went wrong. */
  async tag() {
    const options = chosenOptions();
    const patience = "Still at it: after a pause, the model has to be loaded first.";
    const slow = setTimeout(() => {
      this.#state("busy", patience);
      announce(`${this.name}: ${patience}`);
    }, SLOW_MS);
    this.#state("busy", "Looking at it …");
    this.element.setAttribute("aria-busy", "true");
    try {
      const { blob, note } = await this.#prepared;
      this.#show(await requestTags(blob, this.name, options, this.#abort.signal), note);
      this.#showCommand(options);
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#fail(error);
    } finally {
      clearTimeout(slow);
      this.element.removeAttribute("aria-busy");
    }
  }

  #showThumbnail(blob) {
    this.element.dataset.picture = blob ? "shown" : "none";
    if (blob) this.#part("img").src = URL.createObjectURL(blob);
  }

  #show({ tags, timing, total }, note) {
    const groups = byGroup(tags);
    this.#part(".groups").replaceChildren(...[...groups].map(([name, members]) => groupElement(name, members)));
    this.#state("done", tags.length ? "" : NOTHING_FOUND);
    const phases = timing.filter(([phase]) => phase !== "wait" && phase !== "score");
    const spent = [...phases, ["round\u00a0trip", total]].map(([phase, ms]) => `${phase}\u00a0${duration(ms)}`);
    this.#part(".facts").textContent = `${spent.join(" · ")}${note && `\n${note}`}`;
    announce(`${this.name}: ${tags.length ? `${summary(groups)}.` : NOTHING_FOUND}`);
  }

  #showCommand(options) {
    this.#part(".command").hidden = false;
    this.#part("code").textContent = curlCommand(this.name, options);
    const hint = this.#part(".command .hint");
    hint.replaceChildren();
    if (!this.isOnDisk) {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(this.file);
      link.download = this.name;
      link.textContent = "Save the picture";
      hint.append(link, " first: curl reads it from a file.");
    } else if (this.file.size > MAX_BYTES) {
      hint.textContent = `curl sends the file as it is, and over ${megabytes(MAX_BYTES)} the service refuses it.`;
    }
  }

  #fail(error) {
    const isExpected = error instanceof Trouble;
    if (!isExpected) console.error(error);
    const message = isExpected ? error.message : "Something went wrong in this page. Reload it and try again.";
    this.#state("failed", message);
    this.#part(".retry").hidden = !error.canRetry;
    announce(`${this.name}: ${message}`);
  }
}

let groupOrder = []; // as in labels.toml, once the service has said it

/** Returns the tags as a map of groups, best first in each; a fur that scores higher than its pet still comes after. */
function byGroup(tags) {
  const names = new Set([...groupOrder, ...tags.map((tag) => tag.group)]);
  const groups = [...names].map((name) => [name, tags.filter((tag) => tag.group === name)]);
  return new Map(groups.filter(([, members]) => members.length));
}

function groupElement(name, tags) {
  const element = clone("group");
  const title = name === "custom" ? "Your labels" : name.charAt(0).toUpperCase() + name.slice(1);
  element.querySelector("h4").textContent = title;
  element.querySelector("ol").append(...tags.map(tagElement));
  return element;
}

function tagElement({ label, score }) {
  const element = clone("tag");
  element.querySelector(".label").textContent = label;
  element.querySelector(".score").textContent = percent.format(score);
  element.querySelector(".bar > span").style.width = `${score * 100}%`;
  return element;
}

/** Returns the best of each group in one line, for those who listen. */
function summary(groups) {
  return [...groups.values()].map(([best]) => `${best.label} ${percent.format(best.score)}`).join(", ");
}

// --- the queue --------------------------------------------------------------------------------------------------

let cards = [];
let waiting = [];
let finished = 0;
let isRunning = false;

function enqueue(newcomers) {
  newcomers.forEach((card) => card.wait());
  waiting.push(...newcomers.filter((card) => !waiting.includes(card)));
  if (!isRunning) void run();
}

async function run() {
  isRunning = true;
  finished = 0;
  while (waiting.length) {
    const card = waiting.shift();
    showProgress(1 + waiting.length);
    await card.tag();
    finished += 1;
  }
  isRunning = false;
  showProgress(0);
}

/** Shows how far the queue is, `left` pictures from its end; one picture alone needs no bar beside its own. */
function showProgress(left) {
  const total = finished + left;
  byId("progress").hidden = !left || total < 2;
  byId("progress-text").textContent = `Picture ${finished + 1} of ${total}`;
  byId("bar").max = total;
  byId("bar").value = finished;
}

/** Says something to those who listen. A log, since a line that is replaced within a second is not read out. */
function announce(text) {
  const line = document.createElement("p");
  line.textContent = text;
  byId("log").append(line);
  while (byId("log").childElementCount > MAX_LOG_LINES) byId("log").firstElementChild.remove();
}

/** Takes files that were dropped, pasted or chosen: the newest come first. */
function take(files, isOnDisk = true) {
  if (!files.length || !optionsAreValid()) return;
  const newcomers = [...files].map((file) => new Card(file, isOnDisk));
  cards = [...newcomers, ...cards];
  byId("cards").prepend(...newcomers.map((card) => card.element));
  showWhetherEmpty();
  enqueue(newcomers);
  const { top } = byId("results").getBoundingClientRect();
  if (top < 0 || top > innerHeight / 2) byId("results").scrollIntoView();
}

function removeCard(card) {
  const next = card.element.nextElementSibling ?? card.element.previousElementSibling;
  card.stop();
  card.element.remove();
  cards = cards.filter((other) => other !== card);
  waiting = waiting.filter((other) => other !== card);
  showWhetherEmpty();
  (next?.querySelector(".remove") ?? byId("files")).focus(); // the button that had the focus is gone
  announce(`${card.name} removed.`);
}

function showWhetherEmpty() {
  byId("results").hidden = byId("submit").hidden = !cards.length;
}

// --- ways in ----------------------------------------------------------------------------------------------------

for (const input of [byId("files"), byId("camera")]) {
  input.addEventListener("change", () => {
    take(input.files, input === byId("files"));
    input.value = ""; // so that the same file can be chosen again
  });
}

for (const button of document.querySelectorAll("[data-name]")) {
  button.addEventListener("click", () => {
    const base64 = button.querySelector("img").src.split(",")[1];
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    take([new File([bytes], button.dataset.name, { type: "image/webp" })], false);
  });
}

// The whole page takes what is dropped, or the browser would leave it to show the picture.
let dragged = 0;
const bringsFiles = (event) => event.dataTransfer.types.some((type) => type === "Files" || type === "text/uri-list");
const showDragged = (count) => {
  dragged = count;
  document.body.classList.toggle("dragging", dragged > 0);
};
addEventListener("dragenter", (event) => { if (bringsFiles(event)) showDragged(dragged + 1); });
addEventListener("dragleave", (event) => { if (bringsFiles(event)) showDragged(Math.max(0, dragged - 1)); });
addEventListener("dragover", (event) => { if (bringsFiles(event)) event.preventDefault(); });
addEventListener("drop", (event) => {
  if (!bringsFiles(event)) return;
  event.preventDefault();
  showDragged(0);
  if (event.dataTransfer.files.length) take(event.dataTransfer.files);
  else announce("That brought only an address. Save the picture first, or copy and paste it.");
});

addEventListener("paste", (event) => {
  if (!event.clipboardData.files.length) return;
  event.preventDefault();
  take(event.clipboardData.files, false);
});

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (cards.length) enqueue(cards);
  else byId("files").focus();
});
byId("form").addEventListener("input", optionsForgiven);
byId("submit").addEventListener("click", (event) => { if (!optionsAreValid()) event.preventDefault(); });
byId("clear").addEventListener("click", () => [...cards].forEach(removeCard));

/** A complaint goes as soon as somebody types: it is looked at again when it matters. */
function optionsForgiven() {
  byId("labels").setCustomValidity("");
  byId("template").setCustomValidity("");
}

// --- at the start -----------------------------------------------------------------------------------------------

/** Shows who answers and what is looked for; one request after the other, see the top. The page works without. */
async function introduce() {
  try {
    const health = await (await fetch("health")).json();
    byId("demo").hidden = health.model !== DEMO_MODEL;
    const model = document.createElement("p");
    model.append(`Model ${health.model}, version ${health.version}.`);
    byId("footer").append(model);
    const { groups } = await (await fetch("labels")).json();
    groupOrder = groups.map((group) => group.name);
    byId("known").textContent = groups.flatMap((group) => group.labels).join(", ");
  } catch (error) {
    console.warn("The service does not say what it is:", error);
  }
}

byId("files").multiple = true; // without this script, the form sends one picture
byId("files").required = false;
byId("submit").textContent = "Tag again";
showWhetherEmpty();
void introduce();
