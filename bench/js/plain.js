/// <reference types="@fastly/js-compute" />
// A plain redirect: no link is read, nothing is checked or logged.
addEventListener("fetch", (event) => event.respondWith(new Response(null, {
  status: 302,
  headers: { location: "https://www.example.com/spring?utm_source=mail&utm_campaign=42" },
})));
