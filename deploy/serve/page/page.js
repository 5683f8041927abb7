"use strict";
// The server makes all of the page, here it is put in its place: a form or a
// link brings a page, and the parts that have changed replace those that are
// there. Text of links never becomes markup: it comes escaped.
const at = id => document.getElementById(id);
const body = document.body, list = at("list"), news = at("news"), pause = at("pause");
const most = Number(body.dataset.most);
let waiting = [], came = 0;

const parsed = text => new DOMParser().parseFromString(text, "text/html");

// take puts parts of another page in the place of those of this one.
function take(page, ids) {
	const open = new Set(Array.from(document.querySelectorAll("#links details[open] summary"), s => s.textContent));
	for (const id of ids) {
		const next = page.getElementById(id);
		if (next && at(id)) at(id).replaceWith(document.adoptNode(next));
	}
	for (const s of document.querySelectorAll("#links summary")) if (open.has(s.textContent)) s.parentElement.open = true;
}

function show(id) {
	at(id).focus({ preventScroll: true });
	at(id).scrollIntoView({ block: "nearest" });
}

function trouble(text) {
	news.textContent = text;
}

async function get(url, options) {
	const answer = await fetch(url, options);
	return parsed(await answer.text());
}

document.addEventListener("submit", async event => {
	const form = event.target;
	if (form.getAttribute("method") !== "post") return;
	event.preventDefault();
	const button = event.submitter;
	if (button && button.getAttribute("aria-busy") === "true") return;
	if (button) button.setAttribute("aria-busy", "true");
	const focus = form.dataset.then;
	try {
		const page = await get(form.getAttribute("action"), { method: "POST", body: new URLSearchParams(new FormData(form)) });
		if (!page.getElementById(focus)) throw new Error("the answer is not this page");
		take(page, form.dataset.takes.split(" "));
		show(focus);
	} catch (error) {
		trouble("That did not work: " + error.message + ". Is serve still running?");
	}
	if (button) button.removeAttribute("aria-busy");
});

document.addEventListener("click", async event => {
	const link = event.target.closest("a[data-open], a[data-close]");
	if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
	event.preventDefault();
	if (link.dataset.open) open(link.dataset.open);
	else close();
});

// opened is the number of the request that is shown.
let opened = "";

async function open(id) {
	try {
		take(await get("/requests/" + id), ["request"]);
	} catch (error) {
		trouble("The request cannot be shown: " + error.message);
		return;
	}
	mark(id);
	show("request");
}

function mark(id) {
	for (const row of list.querySelectorAll(".open")) {
		row.classList.remove("open");
		row.querySelector("a").removeAttribute("aria-current");
	}
	opened = id;
	const row = at("row-" + id);
	if (!row) return;
	row.classList.add("open");
	row.querySelector("a").setAttribute("aria-current", "true");
}

function close() {
	const row = at("row-" + opened);
	at("request").hidden = true;
	mark("");
	if (row) row.querySelector("a").focus();
	else show("requests");
}

document.addEventListener("keydown", event => {
	if (event.key === "Escape" && !at("request").hidden && at("request").contains(document.activeElement)) close();
});

function add(row) {
	list.prepend(row);
	while (list.children.length > most) list.lastElementChild.remove();
}

// tell says how many have come, at most once a second: a screen reader reads it.
let telling = 0;
function tell() {
	if (telling) return;
	telling = setTimeout(() => {
		telling = 0;
		const first = list.firstElementChild;
		if (waiting.length) news.textContent = waiting.length + " more while paused.";
		else if (first) news.textContent = came + " new since the page was opened. The latest: " + first.querySelector(".first").textContent;
	}, 1000);
}

function arrived(event) {
	const row = document.adoptNode(parsed(event.data).querySelector("li"));
	if (at(row.id)) return;
	came++;
	if (pause.getAttribute("aria-pressed") === "true") {
		waiting.push(row);
		if (waiting.length > most) waiting.shift();
	} else add(row);
	tell();
}

pause.hidden = false;
pause.addEventListener("click", () => {
	const on = pause.getAttribute("aria-pressed") !== "true";
	pause.setAttribute("aria-pressed", String(on));
	if (on) return;
	for (const row of waiting) add(row);
	waiting = [];
	tell();
});

// refresh shows what another window or a change of sites.json has switched, but
// never while somebody fills in a form there.
async function refresh() {
	const busy = id => at(id).contains(document.activeElement);
	const filled = Array.from(at("switches").querySelectorAll("input:not([type=hidden])")).some(i =>
		i.type === "checkbox" ? i.checked !== i.defaultChecked : i.type !== "radio" && i.value !== i.defaultValue);
	if (busy("switches") || busy("links") || filled) return;
	try {
		take(await get(location.pathname + location.search), ["said", "links", "switches"]);
	} catch (error) {
		trouble("The switches cannot be shown: " + error.message);
	}
}

const events = new EventSource("/events?run=" + encodeURIComponent(body.dataset.run) + "&after=" + encodeURIComponent(body.dataset.latest));
events.addEventListener("request", arrived);
events.addEventListener("changed", refresh);
events.addEventListener("restarted", () => { events.close(); location.reload(); });
events.onerror = () => trouble("Not connected: serve does not answer. The list goes on when it does.");
events.onopen = () => { body.dataset.live = "true"; if (news.textContent.startsWith("Not connected")) news.textContent = "Connected again."; };
