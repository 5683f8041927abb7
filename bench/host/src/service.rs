//! The world of one guest: the service, which all clicks share, and the state
//! of the click under way.
use crate::plan;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wasmtime::Memory;

/// fastly_status, as far as it is needed here (typenames.witx).
pub type Status = u32;
pub const OK: Status = 0;
pub const BAD_HANDLE: Status = 3;
pub const BUFFER_TOO_SMALL: Status = 4;
pub const UNSUPPORTED: Status = 5;
pub const NONE: Status = 10;

/// A request, response or answer of the ESP.
#[derive(Clone, Default)]
pub struct Message {
    pub status: u16,
    pub headers: Vec<(String, String)>,
}

impl Message {
    /// The names of the headers, each with a NUL behind it.
    pub fn names(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        for (name, _) in &self.headers {
            out.extend_from_slice(name.as_bytes());
            out.push(0);
        }
        out
    }

    /// The values of a header, each with a NUL behind it.
    pub fn values(&self, name: &str) -> Vec<u8> {
        let mut out = Vec::new();
        for (_, value) in self.headers.iter().filter(|h| h.0.eq_ignore_ascii_case(name)) {
            out.extend_from_slice(value.as_bytes());
            out.push(0);
        }
        out
    }

    pub fn value(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|h| h.0.eq_ignore_ascii_case(name)).map(|h| h.1.as_str())
    }

    pub fn remove(&mut self, name: &str) {
        self.headers.retain(|h| !h.0.eq_ignore_ascii_case(name));
    }

    pub fn append(&mut self, name: &str, value: &str) {
        self.headers.push((name.to_ascii_lowercase(), value.to_string()));
    }

    pub fn insert(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.append(name, value);
    }
}

/// What outlives a click: the cache and the KV store of one lane.
#[derive(Default)]
pub struct Kept {
    pub cache: HashMap<Vec<u8>, Vec<u8>>,
    pub store: HashMap<Vec<u8>, Vec<u8>>,
}

/// What all clicks of a lane share.
pub struct Lane {
    pub service: Arc<plan::Service>,
    pub method: String,
    pub uri: String,
    pub request: Message,
    pub kept: Arc<Mutex<Kept>>,
}

impl Lane {
    pub fn new(service: &Arc<plan::Service>, r: &plan::Request, kept: &Arc<Mutex<Kept>>) -> Arc<Lane> {
        Arc::new(Lane {
            service: service.clone(),
            method: r.method.clone(),
            uri: r.uri.clone(),
            request: Message { status: 0, headers: r.headers.clone() },
            kept: kept.clone(),
        })
    }
}

/// What is watched beside what host calls do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    Nothing,
    /// Fuel at the first host call, and the names of all.
    Calls,
    /// The time within host calls.
    CallTime,
}

/// One click.
pub struct Click {
    pub lane: Arc<Lane>,
    pub memory: Option<Memory>,
    pub watch: Watch,
    pub requests: Vec<Message>,
    pub responses: Vec<Message>,
    pub bodies: Vec<Body>,
    /// What cache lookups and KV lookups found, by handle.
    pub found: Vec<Option<Vec<u8>>>,
    pub sent: Option<Message>,
    pub logs: Vec<Vec<u8>>,
    pub stderr: Vec<u8>,
    pub exit: Option<i32>,
    /// Nanoseconds; advances with each reading, so that all clicks take alike.
    pub clock: u64,
    pub calls: u32,
    pub wasi_calls: u32,
    pub names: Vec<&'static str>,
    /// Calls that this host does not have.
    pub unsupported: Vec<String>,
    pub first_fuel: u64,
    pub call_time: Duration,
}

#[derive(Default)]
pub struct Body {
    pub bytes: Vec<u8>,
    pub read: usize,
}

impl Click {
    pub fn new(lane: Arc<Lane>, watch: Watch) -> Click {
        Click {
            lane,
            memory: None,
            watch,
            requests: Vec::new(),
            responses: Vec::new(),
            bodies: Vec::new(),
            found: Vec::new(),
            sent: None,
            logs: Vec::new(),
            stderr: Vec::new(),
            exit: None,
            clock: 0,
            calls: 0,
            wasi_calls: 0,
            names: Vec::new(),
            unsupported: Vec::new(),
            first_fuel: 0,
            call_time: Duration::ZERO,
        }
    }
}
