// A redirect URI on this machine, and the browser that BROWSER names.

import { spawn } from "node:child_process";
import { createServer } from "node:http";

export function openBrowser(url) {
  spawn(process.env.BROWSER, [url], { stdio: "ignore" });
}

// Its answer is an address, or what came by form_post.
export function landing(path = "/") {
  return new Promise((ready) => {
    const server = createServer();
    const answer = new Promise((arrived) => {
      server.on("request", async (request, response) => {
        const visit = await visited(request);
        response.writeHead(200, { connection: "close" }).end();
        server.close();
        arrived(visit);
      });
    });
    server.listen(0, "127.0.0.1", () =>
      ready({ uri: `http://localhost:${server.address().port}${path}`, answer }),
    );
  });
}

async function visited(request) {
  const url = new URL(request.url, `http://${request.headers.host}`);
  if (request.method !== "POST") return url;
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const headers = { "content-type": request.headers["content-type"] };
  return new Request(url, { method: "POST", headers, body: Buffer.concat(pieces) });
}
