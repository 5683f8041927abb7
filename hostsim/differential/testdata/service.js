/// <reference types="@fastly/js-compute" />
import { env } from "fastly:env";
import { Logger } from "fastly:logger";

// A service for the comparison: a few paths of its own, everything else passed on to the backend "origin".
addEventListener("fetch", (event) => event.respondWith(answer(event)));

async function answer(event) {
  const { pathname } = new URL(event.request.url);
  switch (pathname) {
    case "/js/echo":
      return new Response(await event.request.text(), { headers: { "x-method": event.request.method } });
    case "/js/redirect":
      return new Response(null, { status: 302, headers: { location: "https://www.example.com/a?b=c" } });
    case "/js/headers":
      return Response.json([...event.request.headers]);
    case "/js/log":
      new Logger("access").log("a line");
      return new Response("region " + env("FASTLY_REGION"));
    case "/js/stream":
      return new Response(pieces(), { headers: { "content-type": "text/plain" } });
    case "/js/throw":
      throw new Error("on purpose");
  }
  return fetch(event.request, { backend: "origin" });
}

function pieces() {
  const encoder = new TextEncoder();
  let left = 5;
  return new ReadableStream({
    pull(controller) {
      if (left-- === 0) return controller.close();
      controller.enqueue(encoder.encode(`piece ${left}\n`));
    },
  });
}
