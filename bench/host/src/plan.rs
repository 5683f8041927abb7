//! What the host is asked to do, as JSON: guests, clicks, and the service that
//! they run in.
use serde::Deserialize;
use std::collections::HashMap;
use std::path::PathBuf;

/// The whole run.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// How often every lane has its turn, after one that does not count.
    pub turns: usize,
    /// Clicks of one lane in a turn. The first ones warm the processor's caches
    /// and do not count.
    pub clicks: usize,
    pub warm_clicks: usize,
    /// Bytes of a memory that may stay mapped from one click to the next, in the
    /// second measurement of lanes that ask for it.
    pub resident_bytes: usize,
    pub service: Service,
    pub guests: Vec<Guest>,
    pub lanes: Vec<Lane>,
}

/// What host calls answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// NAME=VALUE, in order.
    pub environment: Vec<String>,
    pub secrets: HashMap<String, String>,
    pub config: HashMap<String, String>,
    /// What the ESP answers.
    pub esp: Answer,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
}

/// A module.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guest {
    pub name: String,
    pub file: PathBuf,
}

/// A click in a guest.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lane {
    pub name: String,
    pub guest: String,
    pub request: Request,
    /// Requests that come before, once: what they leave in cache and KV store
    /// stays.
    #[serde(default)]
    pub before: Vec<Request>,
    pub want: Want,
    /// Measure it a second time, with pages kept resident.
    #[serde(default)]
    pub resident: bool,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub method: String,
    /// The whole URL.
    pub uri: String,
    pub headers: Vec<(String, String)>,
}

/// The right answer; a guest that gives another one is not measured.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Want {
    pub status: u16,
    /// "": none is looked for.
    pub location: String,
    /// A part of the one log line; "": none is looked for.
    pub logged: String,
}
