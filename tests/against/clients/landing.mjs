// A redirect URI on this machine, and the browser that BROWSER names.

import { spawn } from "node:child_process";
import { createServer } from "node:http";

export function openBrowser(url) {
  spawn(process.env.BROWSER, [url], { stdio: "ignore" });
}

export function landing() {
  return new Promise((ready) => {
    const server = createServer();
    const answer = new Promise((arrived) => {
      server.on("request", (request, response) => {
        response.writeHead(200, { connection: "close" }).end();
        server.close();
        arrived(new URL(request.url, `http://${request.headers.host}`));
      });
    });
    server.listen(0, "127.0.0.1", () =>
      ready({ uri: `http://localhost:${server.address().port}/`, answer }),
    );
  });
}
