//! WASI preview 1, as far as guests need it. Clocks and randomness repeat, so
//! that every click of a lane is alike.
use crate::frame::{Frame, call};
use crate::service::Click;
use wasmtime::{Caller, Linker, Result, bail};

type C<'a> = Caller<'a, Click>;

const M: &str = "wasi_snapshot_preview1";

// errno (WASI/legacy/preview1/docs.md).
const SUCCESS: u32 = 0;
const BADF: u32 = 8;
const INVAL: u32 = 28;
pub const NOSYS: u32 = 52;

/// 1 March 2026, noon: the wall clock at the beginning.
const NOON: u64 = 1_772_366_400_000_000_000;
/// How far the clocks advance with each reading, in nanoseconds.
const TICK: u64 = 10_000;

pub fn link(l: &mut Linker<Click>) -> Result<()> {
    l.func_wrap(M, "proc_exit", |mut c: C, code: i32| -> Result<()> {
        c.data_mut().exit = Some(code);
        bail!("proc_exit {code}")
    })?;
    l.func_wrap(M, "sched_yield", |c: C| call(c, "wasi.sched_yield", |_| Ok(SUCCESS)))?;
    l.func_wrap(M, "args_sizes_get", |c: C, n: u32, size: u32| {
        call(c, "wasi.args_sizes_get", |f| sizes(f, &[], n, size))
    })?;
    l.func_wrap(M, "args_get", |c: C, list: u32, text: u32| {
        call(c, "wasi.args_get", |f| strings(f, &[], list, text))
    })?;
    l.func_wrap(M, "environ_sizes_get", |c: C, n: u32, size: u32| {
        call(c, "wasi.environ_sizes_get", |f| {
            let lane = f.click.lane.clone();
            sizes(f, &lane.service.environment, n, size)
        })
    })?;
    l.func_wrap(M, "environ_get", |c: C, list: u32, text: u32| {
        call(c, "wasi.environ_get", |f| {
            let lane = f.click.lane.clone();
            strings(f, &lane.service.environment, list, text)
        })
    })?;
    l.func_wrap(M, "random_get", |c: C, p: u32, n: u32| {
        call(c, "wasi.random_get", |f| {
            for (i, b) in f.bytes_mut(p, n)?.iter_mut().enumerate() {
                *b = (i * 167 + 41) as u8;
            }
            Ok(SUCCESS)
        })
    })?;
    link_clock(l)?;
    link_files(l)
}

/// The texts' number, and the bytes that they take with a NUL behind each.
fn sizes(f: &mut Frame, list: &[String], n: u32, size: u32) -> Result<u32> {
    f.put(n, list.len() as u32)?;
    f.put(size, list.iter().map(|s| s.len() as u32 + 1).sum())?;
    Ok(SUCCESS)
}

fn strings(f: &mut Frame, list: &[String], mut at: u32, mut text: u32) -> Result<u32> {
    for s in list {
        f.put(at, text)?;
        f.write(text, s.as_bytes())?;
        f.write(text + s.len() as u32, &[0])?;
        (at, text) = (at + 4, text + s.len() as u32 + 1);
    }
    Ok(SUCCESS)
}

fn link_clock(l: &mut Linker<Click>) -> Result<()> {
    l.func_wrap(M, "clock_time_get", |c: C, id: u32, _precision: u64, w: u32| {
        call(c, "wasi.clock_time_get", |f| {
            f.click.clock += TICK;
            let now = f.click.clock + if id == 0 { NOON } else { 0 };
            f.put64(w, now)?;
            Ok(SUCCESS)
        })
    })?;
    l.func_wrap(M, "clock_res_get", |c: C, _id: u32, w: u32| {
        call(c, "wasi.clock_res_get", |f| {
            f.put64(w, 1000)?;
            Ok(SUCCESS)
        })
    })?;
    // Every clock has expired at once: no guest waits here.
    l.func_wrap(M, "poll_oneoff", |c: C, subscriptions: u32, events: u32, n: u32, w: u32| {
        call(c, "wasi.poll_oneoff", |f| {
            for i in 0..n {
                let s = f.bytes(subscriptions + 48 * i, 48)?.to_vec();
                let mut event = [0; 32];
                event[..8].copy_from_slice(&s[..8]);
                event[10] = s[8];
                if s[8] == 0 {
                    f.click.clock += u64::from_le_bytes(s[24..32].try_into()?);
                }
                f.write(events + 32 * i, &event)?;
            }
            f.put(w, n)?;
            Ok(SUCCESS)
        })
    })?;
    Ok(())
}

/// There are no files: only the standard streams, of which standard error is
/// kept.
fn link_files(l: &mut Linker<Click>) -> Result<()> {
    l.func_wrap(M, "fd_write", |c: C, _fd: u32, vectors: u32, n: u32, w: u32| {
        call(c, "wasi.fd_write", |f| {
            let mut total = 0;
            for i in 0..n {
                let (p, size) = (f.u32(vectors + 8 * i)?, f.u32(vectors + 8 * i + 4)?);
                let text = f.bytes(p, size)?.to_vec();
                f.click.stderr.extend(text);
                total += size;
            }
            f.put(w, total)?;
            Ok(SUCCESS)
        })
    })?;
    l.func_wrap(M, "fd_read", |c: C, _fd: u32, _vectors: u32, _n: u32, w: u32| {
        call(c, "wasi.fd_read", |f| {
            f.put(w, 0)?;
            Ok(SUCCESS)
        })
    })?;
    l.func_wrap(M, "fd_fdstat_get", |c: C, fd: u32, w: u32| {
        call(c, "wasi.fd_fdstat_get", |f| {
            if fd > 2 {
                return Ok(BADF);
            }
            f.bytes_mut(w, 24)?.fill(0);
            f.write(w, &[2])?;
            f.put64(w + 8, 1 << 6 | 1 << 1)?;
            Ok(SUCCESS)
        })
    })?;
    l.func_wrap(M, "fd_fdstat_set_flags", |c: C, _fd: u32, _flags: u32| {
        call(c, "wasi.fd_fdstat_set_flags", |_| Ok(SUCCESS))
    })?;
    l.func_wrap(M, "fd_close", |c: C, _fd: u32| call(c, "wasi.fd_close", |_| Ok(SUCCESS)))?;
    l.func_wrap(M, "fd_seek", |c: C, _fd: u32, _offset: i64, _whence: u32, _w: u32| {
        call(c, "wasi.fd_seek", |_| Ok(INVAL))
    })?;
    l.func_wrap(M, "fd_prestat_get", |c: C, _fd: u32, _w: u32| call(c, "wasi.fd_prestat_get", |_| Ok(BADF)))?;
    l.func_wrap(M, "fd_prestat_dir_name", |c: C, _fd: u32, _p: u32, _n: u32| {
        call(c, "wasi.fd_prestat_dir_name", |_| Ok(BADF))
    })?;
    Ok(())
}
