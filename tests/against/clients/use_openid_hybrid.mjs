// npm's openid-client: ID tokens from the sign-in page, alone or beside a code, by form_post.
//
//   node use_openid_hybrid.mjs NODE_MODULES ISSUER CLIENT SECRET hybrid|id_token PATH

import { openBrowser, landing } from "./landing.mjs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, issuer, clientId, secret, way, path] = process.argv.slice(2);
const client = await import(pathToFileURL(join(modules, "openid-client/build/index.js")).href);

const config = await client.discovery(new URL(issuer), clientId, secret);
client.enableNonRepudiationChecks(config); // checks the ID token's signature as well
if (way === "hybrid") client.useCodeIdTokenResponseType(config);
else client.useIdTokenResponseType(config);
const door = await landing(path);
const [state, nonce] = [client.randomState(), client.randomNonce()];
const verifier = client.randomPKCECodeVerifier();
const challenge = {
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
};
const url = client.buildAuthorizationUrl(config, {
  redirect_uri: door.uri,
  scope: "openid profile https://graph.microsoft.com/User.Read",
  response_mode: "form_post",
  state,
  nonce,
  ...(way === "hybrid" ? challenge : {}),
});
openBrowser(url.href);
const answer = await door.answer;
let claims, token;
if (way === "hybrid") {
  const tokens = await client.authorizationCodeGrant(config, answer, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
  [claims, token] = [tokens.claims(), tokens.access_token];
} else {
  claims = await client.implicitAuthentication(config, answer, nonce, { expectedState: state });
}
console.log(JSON.stringify({ username: claims.preferred_username, access_token: token ?? null }));
