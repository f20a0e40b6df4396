// One token request that Polly.js records.
//
//   node record_polly.mjs NODE_MODULES FOLDER URL FORM

import { createRequire } from "node:module";
import http from "node:http";
import { join } from "node:path";

const [modules, recordingsDir, url, form] = process.argv.slice(2);
const require = createRequire(join(modules, "x.js"));
const { Polly } = require("@pollyjs/core");
Polly.register(require("@pollyjs/adapter-node-http"));
Polly.register(require("@pollyjs/persister-fs"));

const polly = new Polly("sign-in", {
  adapters: ["node-http"],
  persister: "fs",
  persisterOptions: { fs: { recordingsDir } },
  recordIfMissing: true,
  logLevel: "silent",
});
const headers = { "Content-Type": "application/x-www-form-urlencoded" };
await new Promise((done, failed) => {
  const asked = http.request(url, { method: "POST", headers }, (answer) => {
    answer.resume();
    answer.on("end", done);
  });
  asked.on("error", failed);
  asked.end(form);
});
await polly.stop();
