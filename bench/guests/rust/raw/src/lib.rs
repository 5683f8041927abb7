//! A signed redirect on raw host calls: no runtime and no allocation, all that
//! a click writes in one buffer, and the same host calls as clickedge. It shows
//! how little such a click can take.
#![no_std]

mod calls;
mod text;

use calls::{abi, body, config, downstream, log, req, resp, secret, wasi};
use core::ptr::addr_of_mut;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use text::{Line, Room, contains, decode};

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

/// All that a click writes besides its stack. An instance makes one click.
static mut ROOM: Room = Room::new();

/// What a click has read.
struct Click {
    start: u64,
    trace: &'static [u8],
    version: &'static [u8],
    url: &'static [u8],
    method: &'static [u8],
    names: &'static [u8],
}

struct Link {
    kid: &'static [u8],
    id: &'static [u8],
    destination: &'static [u8],
    host: &'static [u8],
}

fn now() -> u64 {
    let mut time = 0;
    // SAFETY: the host writes one u64.
    unsafe { wasi::clock_time_get(0, 1000, &mut time) };
    time
}

/// Reads the variables that the log has.
fn environment(room: &mut Room) -> (&'static [u8], &'static [u8]) {
    let (mut number, mut size) = (0, 0);
    let mut list = [0u32; 32];
    // SAFETY: the sizes are asked for first, and held against the room.
    let text = unsafe {
        wasi::environ_sizes_get(&mut number, &mut size);
        if number > list.len() {
            return (b"", b"");
        }
        room.fill(|p, left, n| {
            *n = size;
            if size > left { 1 } else { wasi::environ_get(list.as_mut_ptr(), p) }
        })
    };
    let (mut trace, mut version) = (&b""[..], &b""[..]);
    for pair in text.split(|&b| b == 0) {
        if let Some(v) = pair.strip_prefix(b"FASTLY_TRACE_ID=") {
            trace = v;
        } else if let Some(v) = pair.strip_prefix(b"FASTLY_SERVICE_VERSION=") {
            version = v;
        }
    }
    (trace, version)
}

/// The secret of a key; empty if there is none.
fn key(room: &mut Room, kid: &[u8]) -> &'static [u8] {
    const STORE: &[u8] = b"clickedge-keys";
    let (mut store, mut handle) = (0, 0);
    // SAFETY: the host reads and writes within what it is given.
    unsafe {
        if secret::open(STORE.as_ptr(), STORE.len(), &mut store) != 0
            || secret::get(store, kid.as_ptr(), kid.len(), &mut handle) != 0
        {
            return b"";
        }
        room.fill(|p, size, n| secret::plaintext(handle, p, size, n))
    }
}

/// The host of a destination, if every browser reads it so and it is listed.
fn destination_host(to: &'static [u8]) -> Option<&'static [u8]> {
    let rest = to.strip_prefix(b"https://")?;
    let end = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let host = &rest[..end];
    let plain = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-' || *b == b'.';
    let printable = |b: &u8| (0x21..0x7f).contains(b) && *b != b'\\';
    let listed = host == b"example.com" || host.ends_with(b".example.com");
    (listed && host.iter().all(plain) && rest.iter().all(printable)).then_some(host)
}

/// Verifies https://HOST/to/KID[.iID].uDESTINATION.TAG.
fn verify(room: &mut Room, url: &'static [u8], path: &'static [u8]) -> Result<Link, &'static [u8]> {
    let fields = path.strip_prefix(b"/to/").ok_or(&b"malformed"[..])?;
    let dot = fields.iter().rposition(|&b| b == b'.').ok_or(&b"malformed"[..])?;
    let (mut kid, mut id, mut to) = (&b""[..], &b""[..], &b""[..]);
    for (i, field) in fields[..dot].split(|&b| b == b'.').enumerate() {
        match (i, field.first()) {
            (0, _) => kid = field,
            (_, Some(b'i')) => id = &field[1..],
            (_, Some(b'u')) => to = &field[1..],
            _ => return Err(b"malformed"),
        }
    }
    let secret = key(room, kid);
    if secret.is_empty() {
        return Err(b"unknown_key");
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| &b"unknown_key"[..])?;
    mac.update(&url[..url.len() - (fields.len() - dot)]);
    let tag = decode(room, &fields[dot + 1..]).ok_or(&b"bad_encoding"[..])?;
    if tag.len() != 16 {
        return Err(b"bad_tag");
    }
    mac.verify_truncated_left(tag).map_err(|_| &b"bad_tag"[..])?;
    let destination = decode(room, to).ok_or(&b"bad_encoding"[..])?;
    let host = destination_host(destination).ok_or(&b"bad_destination"[..])?;
    Ok(Link { kid, id, destination, host })
}

/// Whether the config store overrides the sites; here it never does.
fn overridden(room: &mut Room) -> bool {
    const STORE: &[u8] = b"clickedge";
    const KEY: &[u8] = b"sites";
    let mut store = 0;
    // SAFETY: the host reads and writes within what it is given.
    unsafe {
        config::open(STORE.as_ptr(), STORE.len(), &mut store);
        !room.fill(|p, size, n| config::get(store, KEY.as_ptr(), KEY.len(), p, size, n)).is_empty()
    }
}

fn insert(response: u32, name: &[u8], value: &[u8]) {
    // SAFETY: the host only reads.
    unsafe { resp::header_insert(response, name.as_ptr(), name.len(), value.as_ptr(), value.len()) };
}

/// Answers, and returns the status.
fn answer(link: &Result<Link, &[u8]>) -> u32 {
    let (mut response, mut empty) = (0, 0);
    let status = if link.is_ok() { 302 } else { 403 };
    // SAFETY: the host writes handles.
    unsafe {
        resp::new(&mut response);
        resp::status_set(response, status);
        if let Ok(l) = link {
            insert(response, b"location", l.destination);
            insert(response, b"cache-control", b"no-store");
            insert(response, b"x-robots-tag", b"noindex");
        }
        body::new(&mut empty);
        resp::send_downstream(response, empty, 0);
    }
    status
}

fn verdict(room: &mut Room, request: u32, names: &[u8]) -> &'static [u8] {
    const AGENT: &[u8] = b"user-agent";
    let (mut analyzed, mut end) = (0, 0);
    // SAFETY: the host writes within what it is given.
    let agent = unsafe {
        downstream::downstream_bot_analyzed(request, &mut analyzed);
        room.fill(|p, size, n| {
            req::header_values_get(request, AGENT.as_ptr(), AGENT.len(), p, size, 0, &mut end, n)
        })
    };
    let crawls = [&b"bot"[..], b"crawl", b"spider", b"preview"].iter().any(|w| contains(agent, w));
    if crawls || !contains(names, b"accept-language") { b"machine" } else { b"person" }
}

fn log_line(
    room: &mut Room,
    click: &Click,
    link: &Result<Link, &[u8]>,
    host: &[u8],
    status: u32,
    verdict: &[u8],
) {
    let took = (now() - click.start) / 1000;
    let mut l = Line::new(room);
    l.raw(b"{\"v\":1,\"time\":\"").time(click.start / 1_000_000);
    l.raw(b"\",\"request\":").quoted(click.trace);
    l.raw(b",\"host\":").quoted(host);
    l.raw(b",\"esp\":\"customerio-eu\",\"kind\":\"click\",\"method\":").quoted(click.method);
    l.raw(b",\"action\":").quoted(if link.is_ok() { b"redirect" } else { b"refuse" });
    l.raw(b",\"code\":").quoted(link.as_ref().err().unwrap_or(&&b"ok"[..]));
    l.raw(b",\"status\":").number(u64::from(status));
    if let Ok(link) = link {
        l.raw(b",\"destination\":").quoted(link.host);
        l.raw(b",\"id\":").quoted(link.id);
        l.raw(b",\"kid\":").quoted(link.kid);
    }
    l.raw(b",\"verdict\":").quoted(verdict);
    l.raw(b",\"us\":").number(took);
    l.raw(b",\"version\":").quoted(click.version).raw(b"}\n");
    let line = l.text();
    let (mut endpoint, mut n) = (0, 0);
    // SAFETY: the host only reads the line.
    unsafe {
        log::endpoint_get(b"clicks".as_ptr(), 6, &mut endpoint);
        log::write(endpoint, line.as_ptr(), line.len(), &mut n);
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn _start() {
    // SAFETY: this is the only reference to ROOM, and an instance runs once.
    let room = unsafe { &mut *addr_of_mut!(ROOM) };
    let (mut request, mut request_body, mut end) = (0, 0, 0);
    let start = now();
    let (trace, version) = environment(room);
    // SAFETY: the host writes within what it is given.
    let (url, method, names) = unsafe {
        abi::init(1);
        req::body_downstream_get(&mut request, &mut request_body);
        (
            room.fill(|p, size, n| req::uri_get(request, p, size, n)),
            room.fill(|p, size, n| req::method_get(request, p, size, n)),
            room.fill(|p, size, n| req::header_names_get(request, p, size, 0, &mut end, n)),
        )
    };
    let click = Click { start, trace, version, url, method, names };
    overridden(room);
    let rest = click.url.strip_prefix(b"https://").unwrap_or(click.url);
    let slash = rest.iter().position(|&b| b == b'/').unwrap_or(rest.len());
    let (host, path) = rest.split_at(slash);
    let link = verify(room, click.url, path);
    let status = answer(&link);
    let verdict = verdict(room, request, click.names);
    log_line(room, &click, &link, host, status, verdict);
}
