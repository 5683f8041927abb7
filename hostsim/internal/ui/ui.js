"use strict";
// Texts become text nodes, and nothing else: what they say was chosen by
// clients, guests and origins.
const most = 500;
const list = document.getElementById("list"), detail = document.getElementById("detail");
const search = document.getElementById("search"), count = document.getElementById("count");
let entries = [], selected = null;

function make(tag, name, ...children) {
	const e = document.createElement(tag);
	if (name) e.className = name;
	e.append(...children.filter(c => c !== null && c !== undefined).map(c => c instanceof Node ? c : document.createTextNode(String(c))));
	return e;
}

function time(us) {
	return us >= 1000000 ? (us / 1000000).toFixed(2) + " s" : us >= 1000 ? (us / 1000).toFixed(1) + " ms" : us + " µs";
}

function tone(x) { return x.ok && x.status < 500 && x.status > 0 ? "good" : "bad"; }

// A request is found by everything that is shown of it.
function words(x) {
	const parts = [x.method, x.host, x.target, x.status, x.ending, x.message, x.stdout, x.stderr, ...x.header.flat(), ...x.faults];
	for (const c of x.calls) parts.push(c.name, c.args, c.results, c.status);
	for (const s of x.sent) parts.push(s.backend, s.method, s.target, s.status, s.error, s.body, ...s.header.flat());
	for (const l of x.logs) parts.push(l.endpoint, l.text);
	return parts.join("\n").toLowerCase();
}

function add(x) {
	for (const key of ["header", "calls", "sent", "logs", "faults"]) x[key] = x[key] || [];
	for (const s of x.sent) s.header = s.header || [];
	const row = make("div", "row", make("span", tone(x), x.status || "–"), make("span", "what", x.method + " " + x.target), make("span", "time", time(x.us)),
		make("span", "where", x.at + "  " + x.host));
	row.setAttribute("role", "option");
	row.id = "x" + x.id + "-" + entries.length + "-" + Date.now();
	const entry = { x, row, words: words(x) };
	row.addEventListener("click", () => open(entry, true));
	entries.unshift(entry);
	list.prepend(row);
	if (entries.length > most) entries.pop().row.remove();
	filter(entry);
	tally();
}

function filter(entry) {
	entry.row.hidden = !search.value.toLowerCase().split(/\s+/).every(word => entry.words.includes(word));
}

function visible() { return entries.filter(e => !e.row.hidden); }

function tally() {
	const n = visible().length;
	count.textContent = n === entries.length ? n + (n === 1 ? " request" : " requests") : n + " of " + entries.length;
}

function open(entry, show) {
	if (selected) selected.row.setAttribute("aria-selected", "false");
	selected = entry;
	entry.row.setAttribute("aria-selected", "true");
	list.setAttribute("aria-activedescendant", entry.row.id);
	entry.row.scrollIntoView({ block: "nearest" });
	draw(entry.x);
	if (show) {
		document.body.classList.add("open");
		detail.scrollTop = 0;
	}
}

function back() {
	document.body.classList.remove("open");
	list.focus();
}

function fields(pairs) {
	const table = make("table", "");
	for (const [name, value] of pairs) table.append(make("tr", "", make("td", "", name), make("td", "", value)));
	return table;
}

function part(title, ...content) {
	if (content.length) detail.append(make("h3", "", title), ...content);
}

function draw(x) {
	const button = make("button", "", "Back");
	button.id = "back";
	button.addEventListener("click", back);
	detail.replaceChildren(button, make("h2", "", x.method + " " + x.target),
		make("p", "", make("span", tone(x), x.status ? x.status + " " : "no answer, "), make("span", "", x.ending + ", " + time(x.us)),
			make("span", "faint", "  request " + x.id + ", sandbox " + x.sandbox)));
	if (x.message) detail.append(make("pre", "bad", x.message));
	part("Faults on purpose", ...x.faults.map(f => make("p", "bad", f)));
	waterfall(x);
	part("Backends", ...x.sent.map(backend));
	part("Log", ...x.logs.map(l => make("pre", "", l.endpoint + " :: " + l.text)));
	if (x.stdout) part("stdout", make("pre", "", x.stdout));
	if (x.stderr) part("stderr", make("pre", "", x.stderr));
	part("Request", fields(x.header));
}

function backend(s) {
	const box = make("div", "", make("p", "", make("b", "", s.backend), " " + s.method + " " + s.target + " ",
		make("span", s.error ? "bad" : "good", s.error || s.status), " " + time(s.us)), fields(s.header));
	if (s.body) box.append(make("pre", "", s.body));
	if (s.size > s.body.length) box.append(make("p", "faint", s.size + " bytes in all"));
	return box;
}

// Calls and backend requests, each at its place in the time of the request.
function waterfall(x) {
	const total = Math.max(x.us, 1), fall = make("div", "fall");
	const rows = x.calls.map(c => ({ ...c, text: c.name.replace(/^fastly_/, "") + "(" + c.args + ")", after: c.status + " " + c.results, kind: c.status === "ok" ? "" : "bad" }));
	for (const s of x.sent) rows.push({ start: s.start, us: s.us, text: s.backend + ": " + s.method + " " + s.target, after: s.error || s.status, kind: s.error ? "sent bad" : "sent" });
	rows.sort((a, b) => a.start - b.start);
	for (const r of rows) {
		const bar = make("div", "bar"), track = make("div", "track", bar);
		bar.style.left = Math.min(99, 100 * r.start / total) + "%";
		bar.style.width = Math.max(0, Math.min(100 - 100 * r.start / total, 100 * r.us / total)) + "%";
		fall.append(make("div", "call " + r.kind, make("code", "", r.text + " → " + r.after), track, make("span", "time", time(r.us))));
	}
	if (x.all_calls > x.calls.length) fall.append(make("p", "faint", "and " + (x.all_calls - x.calls.length) + " more calls"));
	if (rows.length) part("Host calls and backend requests", fall);
}

function move(step) {
	const rows = visible();
	if (!rows.length) return;
	const at = rows.indexOf(selected);
	open(rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + step))], false);
}

search.addEventListener("input", () => {
	entries.forEach(filter);
	tally();
});

document.getElementById("clear").addEventListener("click", () => {
	entries.forEach(e => e.row.remove());
	entries = [];
	selected = null;
	detail.replaceChildren();
	document.body.classList.remove("open");
	tally();
});

document.addEventListener("keydown", e => {
	if (e.ctrlKey || e.metaKey || e.altKey) return;
	const typing = e.target === search;
	if (e.key === "Escape") {
		if (typing && search.value) {
			search.value = "";
			search.dispatchEvent(new Event("input"));
		} else back();
	} else if (typing && e.key !== "ArrowDown") {
		return;
	} else if (e.key === "/") search.focus();
	else if (e.key === "j" || e.key === "ArrowDown" && !document.body.classList.contains("open")) {
		if (typing) list.focus();
		move(1);
	} else if (e.key === "k" || e.key === "ArrowUp" && !document.body.classList.contains("open")) move(-1);
	else if (e.key === "Enter" && selected && e.target === list) {
		open(selected, true);
		detail.focus();
	} else return;
	e.preventDefault();
});

const events = new EventSource("events");
events.onmessage = e => add(JSON.parse(e.data));
events.onerror = () => { count.textContent = "not connected"; };
events.onopen = tally;
