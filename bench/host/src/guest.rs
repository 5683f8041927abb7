//! Guests on wasmtime: engines as a host of many guests configures them, and
//! one click in an instance of its own.
use crate::pages::{self, Mapped};
use crate::service::{Click, Lane, UNSUPPORTED, Watch};
use crate::{http, stores, wasi};
use std::sync::Arc;
use std::time::Instant;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, InstancePre, Linker, Module, OptLevel,
    PoolingAllocationConfig, Result, Store, Val, format_err,
};

/// What an engine is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Counting fuel: one per instruction, of which wasmtime's documentation
    /// says which are free.
    Count,
    /// Timing: all pages of a click are discarded after it.
    Fresh,
    /// Timing: this many bytes of a memory stay mapped, and what a click wrote
    /// there is put back.
    Resident(usize),
}

/// More fuel than any click uses.
const FUEL: u64 = 1 << 60;

const INSTANCES: u32 = 16;
const MEMORY: usize = 256 << 20;
const TABLE: usize = 200_000;
const INSTANCE: usize = 8 << 20;

/// An engine with a pool of instances, whose memories are mapped copy-on-write
/// from the module's image.
pub fn engine(purpose: Purpose) -> Result<Engine> {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_core_instances(INSTANCES).total_memories(INSTANCES).total_tables(2 * INSTANCES);
    pool.max_memory_size(MEMORY).table_elements(TABLE).max_core_instance_size(INSTANCE);
    if let Purpose::Resident(bytes) = purpose {
        pool.linear_memory_keep_resident(bytes).table_keep_resident(bytes);
        pool.pagemap_scan(Enabled::Auto);
    }
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config.memory_init_cow(true);
    config.consume_fuel(purpose == Purpose::Count);
    // The count is the same, and compiling is faster.
    config.cranelift_opt_level(if purpose == Purpose::Count { OptLevel::None } else { OptLevel::Speed });
    Engine::new(&config)
}

/// A compiled module, linked.
pub struct Guest {
    engine: Engine,
    counts: bool,
    pre: InstancePre<Click>,
}

impl Guest {
    pub fn new(engine: &Engine, module: &Module, purpose: Purpose) -> Result<Guest> {
        let mut linker = Linker::new(engine);
        linker.allow_shadowing(true);
        link_unsupported(&mut linker, module)?;
        http::link(&mut linker)?;
        stores::link(&mut linker)?;
        wasi::link(&mut linker)?;
        let pre = linker.instantiate_pre(module)?;
        Ok(Guest { engine: engine.clone(), counts: purpose == Purpose::Count, pre })
    }

    /// Makes one click in an instance of its own.
    pub fn click(&self, lane: &Arc<Lane>, watch: Watch) -> Result<Done> {
        let before = pages::usage();
        let start = Instant::now();
        let mut store = Store::new(&self.engine, Click::new(lane.clone(), watch));
        if self.counts {
            store.set_fuel(FUEL)?;
        }
        let instance = self.pre.instantiate(&mut store)?;
        let memory =
            instance.get_memory(&mut store, "memory").ok_or_else(|| format_err!("no exported memory"))?;
        store.data_mut().memory = Some(memory);
        let entry = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
        let ready = Instant::now();
        let ready_usage = pages::usage();
        let request = Instant::now();
        let ended = entry.call(&mut store, ());
        let answered = Instant::now();
        let answered_usage = pages::usage();
        let fuel = if self.counts { FUEL - store.get_fuel()? } else { 0 };
        let mapped = if self.counts {
            pages::mapped(memory.data_ptr(&store) as usize, memory.data_size(&store))?
        } else {
            Mapped::default()
        };
        let memory_bytes = memory.data_size(&store);
        let kept_usage = pages::usage();
        let dropping = Instant::now();
        let click = store.into_data();
        let end = Instant::now();
        let after = pages::usage();
        if let Err(trap) = ended
            && click.exit != Some(0)
        {
            return Err(trap.context(String::from_utf8_lossy(&click.stderr).into_owned()));
        }
        Ok(Done {
            micros: [ready - start, answered - request, end - dropping].map(|d| d.as_secs_f64() * 1e6),
            faults: [
                ready_usage.faults - before.faults,
                answered_usage.faults - ready_usage.faults,
                after.faults - kept_usage.faults,
            ],
            interrupted: after.interruptions > before.interruptions,
            fuel,
            first_fuel: if click.first_fuel == 0 { fuel } else { FUEL - click.first_fuel },
            mapped,
            memory_bytes,
            click,
        })
    }
}

/// A click that is over.
pub struct Done {
    /// Of each stage: instantiate, request and drop.
    pub micros: [f64; 3],
    pub faults: [i64; 3],
    /// Whether another thread had the processor in between.
    pub interrupted: bool,
    pub fuel: u64,
    /// Fuel used before the first host call, WASI not counted; where that is not
    /// watched, all.
    pub first_fuel: u64,
    pub mapped: Mapped,
    pub memory_bytes: usize,
    pub click: Click,
}

/// Makes every call answer that it is not supported, as a host does that lacks
/// it. What is implemented here is linked over it.
fn link_unsupported(linker: &mut Linker<Click>, module: &Module) -> Result<()> {
    for import in module.imports() {
        let Some(ty) = import.ty().func().cloned() else { continue };
        let wasi = import.module().starts_with("wasi");
        let name = format!("{}.{}", import.module(), import.name());
        linker.func_new(import.module(), import.name(), ty, move |mut caller, _, results| {
            let click: &mut Click = caller.data_mut();
            click.unsupported.push(name.clone());
            if wasi {
                click.wasi_calls += 1;
            } else {
                click.calls += 1;
            }
            if let Some(r) = results.first_mut() {
                *r = Val::I32(if wasi { wasi::NOSYS } else { UNSUPPORTED } as i32);
            }
            Ok(())
        })?;
    }
    Ok(())
}
