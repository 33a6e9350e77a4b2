// undici: a Buffer and a stream without a content type, and a form.
import { createReadStream, openAsBlob, readFileSync } from "node:fs";
import { FormData, fetch, request } from "undici";

const [url, path, ...labels] = process.argv.slice(2);
const tags = async (body, headers = {}) => (await request(url, { method: "POST", body, headers })).body.json();

const form = new FormData();
form.append("image", await openAsBlob(path), "Kätzchen.jpg");
form.append("candidate_labels", JSON.stringify(labels));

console.log(JSON.stringify({
  buffer: await tags(readFileSync(path)),
  stream: await tags(createReadStream(path)),
  fetch: await (await fetch(url, { method: "POST", body: readFileSync(path) })).json(),
  ownInForm: await tags(form),
}));
