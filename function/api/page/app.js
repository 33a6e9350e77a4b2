/*
 * The page at `/`: pictures in, tags out. There is no framework and no build step.
 *
 * Pictures are sent one after the other. On Lambda, each concurrent request starts one more instance, which has to load
 * the model first. So the second picture would wait longer in parallel than in the queue.
 */

// All URLs are relative, so the page works below a stage. If the page is opened as /prod, without the slash at the end,
// "tag" would mean /tag.
if (!location.pathname.endsWith("/")) {
  history.replaceState(null, "", `${location.pathname}/${location.search}`);
}

const MAX_SIDE = 2048; // pixels; the model uses a few hundred
const COMFORTABLE_BYTES = 4_000_000;
const MAX_BYTES = 4_500_000; // as in settings.py
const MAX_LABELS = 100; // as in options.py
const MAX_LABEL_CHARACTERS = 200; // as in options.py
const THUMBNAIL_SIDE = 480;
const SLOW_MS = 3000;
const MAX_LOG_LINES = 30;

const DEMO_MODEL = "models/demo";
const NOTHING_FOUND = "No tag fits. The picture seems to show something else.";
const DEMO_FOUND_NOTHING =
  "No tag fits. The demo model knows drawings only. To tag photos, serve the real model on a machine with a network: " +
  "make run MODEL_ID=openai/clip-vit-base-patch32";
const BUSY = new Set([429, 502, 503, 504]);
const LOCKED = new Set([401, 403]);
const NEEDS_KEY = "The service refused access. If it needs an API key, enter the key under “API key”, then try again.";
const MESSAGES = {
  401: NEEDS_KEY,
  403: NEEDS_KEY, // API Gateway's status without a key
  413: "The picture is too large for the service.",
  429: "Too many requests. Try again in a moment.",
};

const byId = (id) => document.getElementById(id);
const clone = (id) => byId(id).content.firstElementChild.cloneNode(true);
const percent = new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
// The no-break space keeps a number and its unit on one line.
const withUnit = (number, digits, unit) => `${number.toFixed(digits)}\u00a0${unit}`;
const megabytes = (bytes) => (bytes < 100_000 ? withUnit(Math.ceil(bytes / 1000), 0, "kB") : withUnit(bytes / 1e6, 1, "MB"));
const duration = (ms) => (ms < 1000 ? withUnit(ms, ms < 10 ? 1 : 0, "ms") : withUnit(ms / 1000, 1, "s"));

/** An error whose message is shown to the user. */
class UserError extends Error {
  constructor(message, canRetry = false) {
    super(message);
    this.canRetry = canRetry;
  }
}

// --- pictures ---------------------------------------------------------------------------------------------------

/** Returns the file as an image with its EXIF orientation applied, or null if this browser cannot decode it. */
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
  context.fillStyle = "white"; // behind transparent pixels, as in the service
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.9));
  return { blob, width: canvas.width, height: canvas.height };
}

let preparing = Promise.resolve();

/** Returns a file's `thumbnail` (or null) and the result of `fitting`. Files are decoded one at a time, because many
 * decoded photos would fill a phone's memory. */
function prepare(file) {
  const prepared = preparing.then(async () => {
    const image = await decode(file);
    const thumbnail = image && (await shrink(image, THUMBNAIL_SIDE)).blob;
    return { thumbnail, ...(await fitting(file, image)) };
  });
  preparing = prepared.catch(() => {});
  return prepared;
}

/** Returns the `blob` to send for a file, and a `note` if it is not the file itself. */
async function fitting(file, image) {
  if (!image) {
    return { blob: file, note: "" };
  }
  const isLarge = Math.max(image.naturalWidth, image.naturalHeight) > MAX_SIDE;
  if (!isLarge && file.size <= COMFORTABLE_BYTES) return { blob: file, note: "" };
  const { blob, width, height } = await shrink(image, MAX_SIDE);
  const before = `${image.naturalWidth} × ${image.naturalHeight}, ${megabytes(file.size)}`;
  return { blob, note: `Made smaller before sending: ${before} to ${width} × ${height}, ${megabytes(blob.size)}.` };
}

// --- the service ------------------------------------------------------------------------------------------------

/** Returns the options that are filled in, with the names of the API. */
function chosenOptions() {
  const labels = [...new Set(labelsIn(byId("labels").value))];
  if (!labels.length) return {};
  const template = byId("template").value.trim();
  return { candidate_labels: labels.join(","), ...(template && { hypothesis_template: template }) };
}

function labelsIn(text) {
  return text.split(",").map((label) => label.trim()).filter(Boolean);
}

/** Checks the fields, shows errors below them, and returns whether they are valid. */
function optionsAreValid() {
  const labels = labelsIn(byId("labels").value);
  const template = byId("template").value.trim();
  const tooLong = labels.find((label) => label.length > MAX_LABEL_CHARACTERS);
  let complaint = "";
  if (labels.length > MAX_LABELS) complaint = `Use at most ${MAX_LABELS} labels. There are ${labels.length}.`;
  else if (tooLong) complaint = `“${tooLong.slice(0, 30)}…” is longer than ${MAX_LABEL_CHARACTERS} characters.`;
  byId("labels").setCustomValidity(complaint);
  const hasOnePlace = template.split("{}").length === 2;
  const isFine = !template || (hasOnePlace && template.length <= MAX_LABEL_CHARACTERS);
  if (!isFine) document.querySelector(".more").open = true; // a closed field cannot show its error
  byId("template").setCustomValidity(isFine ? "" : "Put {} once, where the label goes: “a photo of {}.”");
  return byId("form").reportValidity();
}

/** Returns the tags, the model, the milliseconds of each phase, and the total time. Throws a UserError. */
async function requestTags(blob, name, options, signal) {
  const started = performance.now();
  let response;
  try {
    response = await (blob.size > MAX_BYTES ? sendByBucket : send)(blob, name, options, signal);
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (!(await isReadable(blob))) throw new UserError("This file cannot be read. It may be a folder, or it has moved.");
    throw new UserError("The service could not be reached. Check the connection, then try again.", true);
  }
  const answer = await response.json().catch(() => null);
  if (LOCKED.has(response.status)) byId("key-field").hidden = false;
  if (!response.ok || !Array.isArray(answer)) throw errorOf(response.status, answer);
  const timing = timings(response.headers.get("Server-Timing") ?? "");
  return { tags: answer, model: response.headers.get("X-Model"), timing, total: performance.now() - started };
}

function send(blob, name, options, signal) {
  const body = new FormData();
  body.append("file", blob, name);
  for (const [option, value] of Object.entries(options)) body.append(option, value);
  return fetch("tag", { method: "POST", body, signal, headers: keyHeader() });
}

/** Sends a file that is too large for a request through the service's bucket, if it has one. */
async function sendByBucket(blob, name, options, signal) {
  const offer = await fetch("uploads", { method: "POST", signal, headers: keyHeader() });
  if ([401, 403, 429].includes(offer.status)) return offer; // an answer of API Gateway
  const { url, fields, inputs, max_bytes: maxBytes } = await offer.json().catch(() => ({}));
  if (!offer.ok || blob.size > maxBytes) throw tooLarge(blob, offer.ok ? maxBytes : MAX_BYTES);
  const body = new FormData();
  for (const [field, value] of Object.entries(fields)) body.append(field, value);
  body.append("Content-Type", blob.type.startsWith("image/") ? blob.type : "image/unknown");
  body.append("file", blob, name);
  const upload = await fetch(url, { method: "POST", body, signal });
  if (!upload.ok) throw new UserError("The picture could not be uploaded. Try again in a moment.", true);
  const headers = { "Content-Type": "application/json", ...keyHeader() };
  return fetch("tag", { method: "POST", headers, body: JSON.stringify({ inputs, parameters: options }), signal });
}

function tooLarge(blob, maxBytes) {
  return new UserError(
    `This file has ${megabytes(blob.size)}. The limit is ${megabytes(maxBytes)}, and this browser cannot make it ` +
      "smaller. If it is a picture, save it as a JPEG and try again.",
  );
}

/** Returns the header with the API key, if the user has entered one. */
function keyHeader() {
  const key = byId("key").value.trim();
  return key ? { "x-api-key": key } : {};
}

/** Returns whether the file can be read. fetch has the same error for an unreadable file as for a lost connection. */
function isReadable(blob) {
  return blob.slice(0, 1).arrayBuffer().then(() => true, () => false);
}

/** Returns the error to show. Errors of the service have a `detail` for people; errors of API Gateway do not. */
function errorOf(status, answer) {
  const canRetry = BUSY.has(status) || LOCKED.has(status);
  const fallback = canRetry
    ? "The service is busy or still starting. Try again in a moment."
    : `The service sent an unexpected answer (status ${status}).`;
  return new UserError(answer?.detail ?? MESSAGES[status] ?? fallback, canRetry);
}

/** Returns the phases of a Server-Timing header: [["decode", 3.1], ...]. */
function timings(header) {
  return [...header.matchAll(/([\w-]+);dur=([\d.]+)/g)].map(([, phase, ms]) => [phase, Number(ms)]);
}

// --- the command ------------------------------------------------------------------------------------------------

const shellQuoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** Returns the curl command for the request with the file `name`. */
function curlCommand(name, options) {
  // Unless the name is quoted, curl interprets ; and , in the file name of a form.
  const file = /[;,"]/.test(name) ? `"${name.replace(/["\\]/g, "\\$&")}"` : name;
  const lines = [`curl ${shellQuoted(new URL("tag", location.href).href)}`, `--form ${shellQuoted(`file=@${file}`)}`];
  if (byId("key").value.trim()) lines.splice(1, 0, '--header "x-api-key: $API_KEY"'); // the key itself is not shown
  for (const [option, value] of Object.entries(options)) {
    lines.push(`--form-string ${shellQuoted(`${option}=${value}`)}`);
  }
  return lines.join(" \\\n  ");
}

/** Copies the text of `code`, or selects it if the browser forbids copying. Returns which of the two it did. */
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

/** One picture with its tags. `isOnDisk` is true if the user has it as a file with that name. */
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

  /** Shows that the picture is in the queue. */
  wait() {
    this.#state("waiting", "Waiting for its turn.");
    this.#part(".groups").replaceChildren();
    this.#part(".facts").textContent = "";
    this.#part(".retry").hidden = true;
    this.#part(".command").hidden = true;
  }

  /** Cancels the request. */
  stop() {
    this.#abort.abort();
    URL.revokeObjectURL(this.#part("img").src);
  }

  /** Requests the picture's tags and shows them, or the error. */
  async tag() {
    const options = chosenOptions();
    const patience = "Still waiting: after a pause, the service has to load the model first.";
    const slow = setTimeout(() => {
      this.#state("busy", patience);
      announce(`${this.name}: ${patience}`);
    }, SLOW_MS);
    this.#state("busy", "Tagging …");
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

  #show({ tags, model, timing, total }, note) {
    const nothing = model === DEMO_MODEL ? DEMO_FOUND_NOTHING : NOTHING_FOUND;
    this.#part(".groups").replaceChildren(...groupElements(tags));
    this.#state("done", tags.length ? "" : nothing);
    const phases = timing.filter(([phase]) => phase !== "wait" && phase !== "score");
    const spent = [...phases, ["round\u00a0trip", total]].map(([phase, ms]) => `${phase}\u00a0${duration(ms)}`);
    this.#part(".facts").textContent = `${spent.join(" · ")}${note && `\n${note}`}`;
    announce(`${this.name}: ${tags.length ? `${summary(tags)}.` : nothing}`);
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
      hint.textContent = `curl sends the original file, and the service refuses files over ${megabytes(MAX_BYTES)}.`;
    }
  }

  #fail(error) {
    const isExpected = error instanceof UserError;
    if (!isExpected) console.error(error);
    const message = isExpected ? error.message : "This page has failed. Reload it and try again.";
    this.#state("failed", message);
    this.#part(".retry").hidden = !error.canRetry;
    announce(`${this.name}: ${message}`);
  }
}

let groupOrder = []; // the order of labels.toml, once /labels has answered

/** Returns the tags by group, best first. Groups are in the order of labels.toml, whatever their scores. */
function byGroup(tags) {
  const names = new Set([...groupOrder, ...tags.map((tag) => tag.group)]);
  const groups = [...names].map((name) => [name, tags.filter((tag) => tag.group === name)]);
  return new Map(groups.filter(([, members]) => members.length));
}

/** Returns the groups of the tags that belong to the label `owner`, or, without `owner`, to no other label. */
function groupElements(tags, owner) {
  const groups = byGroup(tags.filter((tag) => tag.of === owner));
  return [...groups].map(([name, members]) => groupElement(name, members, tags));
}

function groupElement(name, members, tags) {
  const element = clone("group");
  const title = name === "custom" ? "Your labels" : name.charAt(0).toUpperCase() + name.slice(1);
  element.querySelector("h4").textContent = title;
  element.querySelector("ol").append(...members.map((tag) => tagElement(tag, tags)));
  return element;
}

/** Returns one tag, with the groups that belong to its label below it: a cat with its fur types. */
function tagElement({ label, score }, tags) {
  const element = clone("tag");
  element.querySelector(".label").textContent = label;
  element.querySelector(".score").textContent = percent.format(score);
  element.querySelector(".bar > span").style.width = `${score * 100}%`;
  element.append(...groupElements(tags, label));
  return element;
}

/** Returns the best tag of each group in one line, for screen readers. */
function summary(tags) {
  return [...byGroup(tags).values()].map(([best]) => `${best.label} ${percent.format(best.score)}`).join(", ");
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

/** Shows the progress when `left` pictures are still in the queue. A single picture gets no progress bar. */
function showProgress(left) {
  const total = finished + left;
  byId("progress").hidden = !left || total < 2;
  byId("progress-text").textContent = `Picture ${finished + 1} of ${total}`;
  byId("bar").max = total;
  byId("bar").value = finished;
}

/** Announces a text to screen readers. Lines are appended, because a line that is replaced quickly is not read out. */
function announce(text) {
  const line = document.createElement("p");
  line.textContent = text;
  byId("log").append(line);
  while (byId("log").childElementCount > MAX_LOG_LINES) byId("log").firstElementChild.remove();
}

/** Adds files that were dropped, pasted or chosen, newest first, and tags them. */
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
  (next?.querySelector(".remove") ?? byId("files")).focus(); // the button with the focus was removed
  announce(`${card.name} removed.`);
}

function showWhetherEmpty() {
  byId("results").hidden = byId("submit").hidden = !cards.length;
}

// --- input ------------------------------------------------------------------------------------------------------

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

// The whole page accepts drops, because otherwise the browser would leave the page and show the picture.
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
  else announce("That was only a link. Save the picture first, or copy and paste it.");
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
byId("form").addEventListener("input", hideOptionErrors);
byId("submit").addEventListener("click", (event) => { if (!optionsAreValid()) event.preventDefault(); });
byId("clear").addEventListener("click", () => [...cards].forEach(removeCard));

/** Hides the errors of the fields as soon as the user types. They are checked again before a request. */
function hideOptionErrors() {
  byId("labels").setCustomValidity("");
  byId("template").setCustomValidity("");
}

// --- start ------------------------------------------------------------------------------------------------------

/** Shows the model and the labels. The page works without this; the two requests are sequential, see the top. */
async function showModelAndLabels() {
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
    console.warn("The model and the labels are unknown:", error);
  }
}

byId("files").multiple = true; // without this script, the form sends one picture
byId("files").required = false;
byId("submit").textContent = "Tag again";
showWhetherEmpty();
void showModelAndLabels();
