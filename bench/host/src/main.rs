//! bench-host times clicks on wasmtime as a host of many guests runs them: a
//! fresh store and instance for each request, from a pool, with memory mapped
//! copy-on-write.
//!
//! It reads a plan ([`plan::Plan`]) from the file that is named, or from
//! standard input, and writes a report ([`run::Report`]) to standard output,
//! both as JSON.
mod frame;
mod guest;
mod http;
mod pages;
mod plan;
mod run;
mod service;
mod spread;
mod stores;
mod wasi;

use std::io::Read;
use std::process::ExitCode;
use wasmtime::{Result, bail};

fn main() -> ExitCode {
    match report() {
        Ok(json) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("bench-host: {e:?}");
            ExitCode::FAILURE
        }
    }
}

fn report() -> Result<String> {
    let mut args = std::env::args_os().skip(1);
    let mut text = String::new();
    match (args.next(), args.next()) {
        (None, _) => _ = std::io::stdin().read_to_string(&mut text)?,
        (Some(file), None) => text = std::fs::read_to_string(file)?,
        _ => bail!("usage: bench-host [PLAN.json]"),
    }
    Ok(serde_json::to_string(&run::run(serde_json::from_str(&text)?)?)?)
}
