// Hugging Face's JavaScript SDK, with the service's URL in place of a model.
import { openAsBlob } from "node:fs";
import { InferenceClient } from "@huggingface/inference";

const [url, path, ...labels] = process.argv.slice(2);
const client = new InferenceClient(undefined, { endpointUrl: url });
const image = await openAsBlob(path);
const typed = await openAsBlob(path, { type: "image/jpeg" });
const own = { candidate_labels: labels };

console.log(JSON.stringify({
  blob: await client.imageClassification({ data: image }),
  typed: await client.imageClassification({ inputs: typed }),
  own: await client.zeroShotImageClassification({ inputs: image, parameters: own }),
  ownOfImage: await client.zeroShotImageClassification({ inputs: { image }, parameters: own }),
  ownOfEndpoint: await new InferenceClient().endpoint(url).zeroShotImageClassification({ inputs: typed, parameters: own }),
}));
