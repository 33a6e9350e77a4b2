// axios: a Buffer and a stream without a content type, and forms. A Buffer in a form gets no file name.
import { createReadStream, readFileSync } from "node:fs";
import axios from "axios";
import FormData from "form-data";

const [url, path, ...labels] = process.argv.slice(2);
const tags = async (...request) => (await axios.post(url, ...request)).data;

const form = new FormData();
form.append("file", createReadStream(path));
labels.forEach((label) => form.append("candidate_labels[]", label));

console.log(JSON.stringify({
  buffer: await tags(readFileSync(path)),
  stream: await tags(createReadStream(path)),
  typed: await tags(readFileSync(path), { headers: { "Content-Type": "image/jpeg" } }),
  json: await tags({ inputs: readFileSync(path).toString("base64") }),
  ownInQuery: await tags(readFileSync(path), { params: { candidate_labels: labels } }),
  ownInForm: await tags(form, { headers: form.getHeaders() }),
  ownInPostForm: (await axios.postForm(url, { file: readFileSync(path), candidate_labels: labels })).data,
}));
