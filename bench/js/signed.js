/// <reference types="@fastly/js-compute" />
// The check of a signed link, https://<host>/to/<kid>[.e…][.i…].u<destination>.<tag>, and one line of log. What core holds
// a destination's grammar to is left out.
import { SecretStore } from "fastly:secret-store";
import { Logger } from "fastly:logger";

const hosts = /^(.*\.)?example\.com$/;

const decode = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

function sameBytes(a, b) {
  if (b.length !== 16) return false;
  let different = 0;
  for (let i = 0; i < b.length; i++) different |= a[i] ^ b[i];
  return different === 0;
}

async function destination(url) {
  const path = url.pathname;
  if (!path.startsWith("/to/")) return null;
  const end = path.lastIndexOf(".");
  const fields = path.slice("/to/".length, end).split(".");
  const secret = await new SecretStore("clickedge-keys").get(fields[0]);
  if (secret === null) return null;
  const key = await crypto.subtle.importKey("raw", secret.rawBytes(), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const text = new TextEncoder().encode("https://" + url.hostname + path.slice(0, end));
  const tag = new Uint8Array(await crypto.subtle.sign("HMAC", key, text));
  if (!sameBytes(tag, decode(path.slice(end + 1)))) return null;
  const field = fields.at(-1);
  const to = field.startsWith("u") ? new TextDecoder().decode(decode(field.slice(1))) : "";
  return hosts.test(new URL(to).hostname) ? to : null;
}

async function answer(event) {
  const url = new URL(event.request.url);
  const to = await destination(url);
  const response = to === null
    ? new Response("bad link\n", { status: 403 })
    : new Response(null, { status: 302, headers: { location: to, "cache-control": "no-store", "x-robots-tag": "noindex" } });
  new Logger("clicks").log(JSON.stringify({
    v: 1, time: new Date().toISOString(), host: url.hostname, kind: "click", method: event.request.method,
    action: to === null ? "refuse" : "redirect", code: to === null ? "bad_tag" : "ok", status: response.status,
  }));
  return response;
}

addEventListener("fetch", (event) => event.respondWith(answer(event)));
