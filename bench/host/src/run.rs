//! The run: every lane is counted once and then timed, in turn with all others,
//! so that other load of the machine affects all alike. The order is another
//! one in each turn: a lane is slower after one that is unlike it.
use crate::guest::{self, Done, Guest, Purpose};
use crate::plan::{self, Plan, Want};
use crate::service::{Kept, Lane, Watch};
use crate::spread::Spread;
use serde::Serialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use wasmtime::{Module, Result, bail, ensure, error::Context as _, format_err};

/// What was measured.
#[derive(Serialize)]
pub struct Report {
    pub wasmtime: &'static str,
    /// Whether pages kept resident are found by what was written (PAGEMAP_SCAN,
    /// Linux 6.7), rather than copied back all.
    pub pagemap_scan: bool,
    pub guests: Vec<Compiled>,
    pub lanes: Vec<Measured>,
}

#[derive(Serialize)]
pub struct Compiled {
    pub name: String,
    pub compile_ms: f64,
}

/// One lane.
#[derive(Serialize)]
pub struct Measured {
    pub name: String,
    pub fuel: u64,
    pub first_fuel: u64,
    pub host_calls: u32,
    pub wasi_calls: u32,
    pub calls: Vec<&'static str>,
    pub windows: u32,
    pub pages_written: u32,
    pub memory_bytes: usize,
    /// Within host calls, without the way there and back.
    pub call_us: Spread,
    pub fresh: Times,
    pub resident: Option<Times>,
}

/// Times in microseconds, by stage.
#[derive(Serialize)]
pub struct Times {
    pub instantiate: Spread,
    pub request: Spread,
    pub drop: Spread,
    pub total: Spread,
    /// Minor faults of all stages, and of each.
    pub faults: Spread,
    pub faults_by_stage: [f64; 3],
    /// The median of total in each turn; 0 for a turn without a click that
    /// counts.
    pub turns: Vec<f64>,
    /// The share of clicks that do not count, since they were interrupted.
    pub interrupted: f64,
}

/// What a lane has been found to take so far.
#[derive(Default)]
struct Samples {
    micros: Vec<[f64; 3]>,
    faults: Vec<[i64; 3]>,
    turns: Vec<f64>,
    clicks: usize,
}

impl Samples {
    /// Adds the clicks of a turn, but those in which another thread had the
    /// processor for a while.
    fn add(&mut self, turn: &[Done]) {
        let whole = || turn.iter().filter(|d| !d.interrupted);
        self.turns.push(Spread::of(whole().map(|d| d.micros.iter().sum())).median);
        self.micros.extend(whole().map(|d| d.micros));
        self.faults.extend(whole().map(|d| d.faults));
        self.clicks += turn.len();
    }

    fn times(&self) -> Times {
        let stage = |i: usize| Spread::of(self.micros.iter().map(|m| m[i]));
        let faults = |i: usize| Spread::of(self.faults.iter().map(|f| f[i] as f64)).median;
        Times {
            instantiate: stage(0),
            request: stage(1),
            drop: stage(2),
            total: Spread::of(self.micros.iter().map(|m| m.iter().sum())),
            faults: Spread::of(self.faults.iter().map(|f| f.iter().sum::<i64>() as f64)),
            faults_by_stage: [faults(0), faults(1), faults(2)],
            turns: self.turns.clone(),
            interrupted: 1.0 - self.micros.len() as f64 / self.clicks.max(1) as f64,
        }
    }
}

/// A lane under way.
struct Running<'a> {
    plan: &'a plan::Lane,
    lane: Arc<Lane>,
    fresh: Guest,
    resident: Option<Guest>,
    counted: Done,
    samples: [Samples; 2],
    call_us: Vec<f64>,
}

/// Carries out a plan.
pub fn run(plan: Plan) -> Result<Report> {
    ensure!(plan.clicks > plan.warm_clicks, "every click of a turn would only warm up");
    let modules = Modules::compile(&plan)?;
    let service = Arc::new(plan.service);
    let mut lanes = Vec::new();
    for p in &plan.lanes {
        lanes.push(modules.open(p, &service).with_context(|| p.name.clone())?);
    }
    let clock = clock_micros();
    let mut order: Vec<usize> = (0..lanes.len()).collect();
    for turn in 0..=plan.turns {
        shuffle(&mut order, turn as u64);
        for &i in &order {
            let lane = &mut lanes[i];
            lane.turn(plan.clicks, plan.warm_clicks, turn > 0, clock)
                .with_context(|| lane.plan.name.clone())?;
        }
    }
    Ok(Report {
        wasmtime: wasmtime_version(),
        pagemap_scan: wasmtime::PoolingAllocationConfig::is_pagemap_scan_available(),
        guests: modules.compiled,
        lanes: lanes.into_iter().map(Running::measured).collect(),
    })
}

/// The version of wasmtime that this was built with.
fn wasmtime_version() -> &'static str {
    const NAME: &str = "name = \"wasmtime\"\nversion = \"";
    let lock = include_str!("../Cargo.lock");
    lock.split_once(NAME).and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default()
}

/// The modules, compiled for each purpose.
struct Modules {
    purposes: [Purpose; 3],
    by_name: HashMap<String, [Module; 3]>,
    compiled: Vec<Compiled>,
}

impl Modules {
    fn compile(plan: &Plan) -> Result<Modules> {
        let purposes = [Purpose::Count, Purpose::Fresh, Purpose::Resident(plan.resident_bytes)];
        let engines = [guest::engine(purposes[0])?, guest::engine(purposes[1])?, guest::engine(purposes[2])?];
        let mut out = Modules { purposes, by_name: HashMap::new(), compiled: Vec::new() };
        for g in &plan.guests {
            let at = || format!("{}: {}", g.name, g.file.display());
            let wasm = std::fs::read(&g.file).with_context(at)?;
            let counting = Module::new(&engines[0], &wasm).with_context(at)?;
            let start = Instant::now();
            let fresh = Module::new(&engines[1], &wasm).with_context(at)?;
            out.compiled
                .push(Compiled { name: g.name.clone(), compile_ms: start.elapsed().as_secs_f64() * 1e3 });
            // SAFETY: the bytes come from the same process and the same version.
            let resident =
                unsafe { Module::deserialize(&engines[2], fresh.serialize()?) }.with_context(at)?;
            out.by_name.insert(g.name.clone(), [counting, fresh, resident]);
        }
        Ok(out)
    }

    fn guest(&self, name: &str, purpose: usize) -> Result<Guest> {
        let modules = self.by_name.get(name).ok_or_else(|| format_err!("no guest {name:?}"))?;
        Guest::new(modules[purpose].engine(), &modules[purpose], self.purposes[purpose])
    }

    /// Opens a lane: makes the clicks that come before, and counts one.
    fn open<'a>(&self, p: &'a plan::Lane, service: &Arc<plan::Service>) -> Result<Running<'a>> {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let counting = self.guest(&p.guest, 0)?;
        for r in &p.before {
            counting.click(&Lane::new(service, r, &kept), Watch::Nothing)?;
        }
        let lane = Lane::new(service, &p.request, &kept);
        // The image's pages come into memory with the first click.
        check(&p.want, &counting.click(&lane, Watch::Nothing)?)?;
        let counted = counting.click(&lane, Watch::Calls)?;
        check(&p.want, &counted)?;
        Ok(Running {
            plan: p,
            lane,
            fresh: self.guest(&p.guest, 1)?,
            resident: if p.resident { Some(self.guest(&p.guest, 2)?) } else { None },
            counted,
            samples: Default::default(),
            call_us: Vec::new(),
        })
    }
}

/// Fails if an answer is wrong.
fn check(want: &Want, done: &Done) -> Result<()> {
    let Some(sent) = &done.click.sent else { bail!("the guest answered nothing") };
    let location = sent.value("location").unwrap_or("");
    if sent.status != want.status || location != want.location && !want.location.is_empty() {
        let lacks = done.click.unsupported.join(", ");
        let stderr = String::from_utf8_lossy(&done.click.stderr);
        bail!(
            "status {}, location {location:?}, want {}, {:?}; calls that the host lacks: [{lacks}] {stderr}",
            sent.status,
            want.status,
            want.location
        );
    }
    let logs: Vec<_> = done.click.logs.iter().map(|l| String::from_utf8_lossy(l)).collect();
    let logged = logs.len() == 1 && logs[0].contains(&want.logged);
    if !logged && !want.logged.is_empty() {
        bail!("log {logs:?}, want one line with {:?}", want.logged);
    }
    Ok(())
}

/// Puts a list into another order, the same one for the same number.
fn shuffle(list: &mut [usize], number: u64) {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1; // xorshift64
    for i in (1..list.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        list.swap(i, (state >> 32) as usize % (i + 1));
    }
}

/// The time that a reading of the clock adds to what is measured with it.
fn clock_micros() -> f64 {
    Spread::of((0..10_000).map(|_| Instant::now().elapsed().as_secs_f64() * 1e6)).median
}

impl Running<'_> {
    fn turn(&mut self, clicks: usize, warm: usize, counts: bool, clock: f64) -> Result<()> {
        let guests = [Some(&self.fresh), self.resident.as_ref()];
        for (guest, samples) in guests.into_iter().zip(&mut self.samples) {
            let Some(guest) = guest else { continue };
            let mut done = Vec::with_capacity(clicks);
            for _ in 0..clicks {
                done.push(guest.click(&self.lane, Watch::Nothing)?);
            }
            for d in &done {
                check(&self.plan.want, d)?;
            }
            if counts {
                samples.add(&done[warm..]);
            }
        }
        // With pages resident, so that no page fault of the host's counts.
        let watched = self.resident.as_ref().unwrap_or(&self.fresh).click(&self.lane, Watch::CallTime)?;
        if counts {
            let calls = (watched.click.calls + watched.click.wasi_calls) as f64;
            self.call_us.push((watched.click.call_time.as_secs_f64() * 1e6 - calls * clock).max(0.0));
        }
        Ok(())
    }

    fn measured(self) -> Measured {
        let c = self.counted;
        Measured {
            name: self.plan.name.clone(),
            fuel: c.fuel,
            first_fuel: c.first_fuel,
            host_calls: c.click.calls,
            wasi_calls: c.click.wasi_calls,
            calls: c.click.names,
            windows: c.mapped.windows,
            pages_written: c.mapped.written,
            memory_bytes: c.memory_bytes,
            call_us: Spread::of(self.call_us.into_iter()),
            fresh: self.samples[0].times(),
            resident: self.resident.map(|_| self.samples[1].times()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lane_has_its_turn_in_another_order() {
        let mut list: Vec<usize> = (0..30).collect();
        let mut after = vec![std::collections::HashSet::new(); 30];
        for turn in 0..100 {
            shuffle(&mut list, turn);
            let mut sorted = list.clone();
            sorted.sort();
            assert_eq!(sorted, (0..30).collect::<Vec<_>>());
            for pair in list.windows(2) {
                after[pair[1]].insert(pair[0]);
            }
        }
        assert!(after.iter().all(|before| before.len() > 20));
    }
}
