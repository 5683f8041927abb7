//! A signed redirect as it is written with the fastly crate: HMAC, the list of
//! destinations, a verdict and one line of log. What core holds a destination's
//! grammar to is left to the url crate.
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, SecondsFormat, Utc};
use fastly::http::{StatusCode, Url, header};
use fastly::{Error, Request, Response, SecretStore, log::Endpoint};
use hmac::{Hmac, Mac};
use serde::Serialize;
use sha2::Sha256;
use std::env;
use std::io::Write;
use std::time::SystemTime;

const DESTINATIONS: [&str; 2] = ["example.com", "*.example.com"];

/// The fields of a link, https://HOST/to/KID[.eEXPIRY][.iID].uDESTINATION.TAG.
#[derive(Default)]
struct Link {
    kid: String,
    id: String,
    expiry: u64,
    destination: Option<Url>,
}

/// Reads the fields before the tag.
fn parse(fields: &str) -> Result<Link, &'static str> {
    let mut link = Link::default();
    for (i, field) in fields.split('.').enumerate() {
        match (i, field.as_bytes().first()) {
            (0, _) => link.kid = field.to_string(),
            (_, Some(b'e')) => link.expiry = field[1..].parse().map_err(|_| "malformed")?,
            (_, Some(b'i')) => link.id = field[1..].to_string(),
            (_, Some(b'u')) => {
                let bytes = URL_SAFE_NO_PAD.decode(&field[1..]).map_err(|_| "bad_encoding")?;
                let text = String::from_utf8(bytes).map_err(|_| "bad_destination")?;
                link.destination = Some(Url::parse(&text).map_err(|_| "bad_destination")?);
            }
            _ => return Err("malformed"),
        }
    }
    Ok(link)
}

fn is_listed(host: &str) -> bool {
    DESTINATIONS.iter().any(|d| match d.strip_prefix('*') {
        Some(domain) => host.ends_with(domain),
        None => host == *d,
    })
}

/// Verifies a link and returns where it leads.
fn verify(url: &Url, now: u64) -> Result<Link, &'static str> {
    let path = url.path().strip_prefix("/to/").ok_or("malformed")?;
    let (fields, tag) = path.rsplit_once('.').ok_or("malformed")?;
    let link = parse(fields)?;
    let tag = URL_SAFE_NO_PAD.decode(tag).map_err(|_| "bad_encoding")?;
    let store = SecretStore::open("clickedge-keys").map_err(|_| "unknown_key")?;
    let secret = store.get(&link.kid).ok_or("unknown_key")?.plaintext();
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret).map_err(|_| "unknown_key")?;
    mac.update(format!("https://{}/to/{fields}", url.host_str().unwrap_or_default()).as_bytes());
    mac.verify_truncated_left(&tag).map_err(|_| "bad_tag")?;
    if link.expiry != 0 && link.expiry < now {
        return Err("expired");
    }
    let host = link.destination.as_ref().and_then(Url::host_str).ok_or("bad_destination")?;
    if !is_listed(host) {
        return Err("unlisted_destination");
    }
    Ok(link)
}

/// A line of the click log.
#[derive(Serialize)]
struct Line<'a> {
    v: u8,
    time: String,
    request: String,
    host: &'a str,
    esp: &'a str,
    kind: &'a str,
    method: &'a str,
    action: &'a str,
    code: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "str::is_empty")]
    destination: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    kid: &'a str,
    verdict: &'a str,
    reasons: &'a str,
    us: u64,
    version: String,
}

const CRAWLERS: [&str; 8] =
    ["bot", "crawl", "spider", "preview", "fetch", "HeadlessChrome", "python-requests", "curl/"];

/// Whether a person clicked, and why that is thought.
fn judge(req: &Request) -> (&'static str, &'static str) {
    let agent = req.get_header_str(header::USER_AGENT).unwrap_or_default();
    if agent.is_empty() || CRAWLERS.iter().any(|c| agent.contains(c)) {
        return ("machine", "agent");
    }
    match req.get_header_str("sec-fetch-mode") {
        Some("navigate") if req.contains_header(header::ACCEPT_LANGUAGE) => ("person", "navigation"),
        _ => ("unknown", ""),
    }
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

#[fastly::main]
fn main(req: Request) -> Result<Response, Error> {
    let start = SystemTime::now();
    let now = DateTime::<Utc>::from(start);
    let url = req.get_url().clone();
    let link = verify(&url, now.timestamp() as u64);
    let (verdict, reasons) = judge(&req);
    let mut line = Line {
        v: 1,
        time: now.to_rfc3339_opts(SecondsFormat::Millis, true),
        request: variable("FASTLY_TRACE_ID"),
        host: url.host_str().unwrap_or_default(),
        esp: "customerio-eu",
        kind: "click",
        method: req.get_method_str(),
        action: "refuse",
        code: "ok",
        status: 403,
        destination: "",
        id: "",
        kid: "",
        verdict,
        reasons,
        us: 0,
        version: variable("FASTLY_SERVICE_VERSION"),
    };
    let response = match &link {
        Ok(l) => {
            let to = l.destination.as_ref().map(Url::as_str).unwrap_or_default();
            line.destination = l.destination.as_ref().and_then(Url::host_str).unwrap_or_default();
            (line.action, line.status, line.id, line.kid) = ("redirect", 302, &l.id, &l.kid);
            Response::from_status(StatusCode::FOUND)
                .with_header(header::LOCATION, to)
                .with_header(header::CACHE_CONTROL, "no-store")
                .with_header("x-robots-tag", "noindex")
        }
        Err(code) => {
            line.code = code;
            Response::from_status(StatusCode::FORBIDDEN).with_body("bad link\n")
        }
    };
    line.us = start.elapsed().map_or(0, |d| d.as_micros() as u64);
    let mut text = serde_json::to_string(&line)?;
    text.push('\n');
    Endpoint::from_name("clicks").write_all(text.as_bytes())?;
    Ok(response)
}
