// A front that speaks HTTP/2 and HTTP/1.1 over TLS, and hands each request on to a practice tenant.
//
//   node http2_front.mjs KEY CERTIFICATE ORIGIN      prints its port

import { readFileSync } from "node:fs";
import { request } from "node:http";
import { createSecureServer } from "node:http2";

const [key, cert, origin] = process.argv.slice(2);
const { hostname, port } = new URL(origin);
const own = new Set(["connection", "keep-alive", "transfer-encoding", "host"]);

function carried(headers) {
  return Object.entries(headers).filter(([name]) => !name.startsWith(":") && !own.has(name));
}

const front = createSecureServer(
  { key: readFileSync(key), cert: readFileSync(cert), allowHTTP1: true },
  (asked, answer) => {
    const headers = Object.fromEntries(carried(asked.headers));
    headers.host = asked.headers[":authority"] ?? asked.headers.host;
    const onward = request({ hostname, port, method: asked.method, path: asked.url, headers });
    onward.on("response", (got) => {
      answer.writeHead(got.statusCode, Object.fromEntries(carried(got.headers)));
      got.pipe(answer);
    });
    asked.pipe(onward);
  },
);
front.listen(0, "127.0.0.1", () => console.log(front.address().port));
