//! Host calls of stores, cache and log.
use crate::frame::{Frame, add, at, call};
use crate::service::{BAD_HANDLE, Body, Click, NONE, OK, Status};
use std::sync::MutexGuard;
use wasmtime::{Caller, Linker, Result};

type C<'a> = Caller<'a, Click>;

/// A handle of something that is not there (typenames.witx).
const INVALID: u32 = 0xffff_fffe;
/// There is one store of each kind, and one log endpoint.
const ONLY: u32 = 1;

pub fn link(l: &mut Linker<Click>) -> Result<()> {
    link_config(l)?;
    link_secrets(l)?;
    link_log(l)?;
    link_cache(l)?;
    link_kv(l)?;
    l.func_wrap("fastly_compute_runtime", "get_vcpu_ms", |c: C, w: u32| {
        call(c, "fastly_compute_runtime.get_vcpu_ms", |f| {
            f.put64(w, 1)?;
            Ok(OK)
        })
    })?;
    l.func_wrap("fastly_backend", "exists", |c: C, p: u32, n: u32, w: u32| {
        call(c, "fastly_backend.exists", |f| {
            f.bytes(p, n)?;
            f.number(1, w)
        })
    })?;
    Ok(())
}

/// Opens the only store.
fn open(f: &mut Frame, p: u32, n: u32, w: u32) -> Result<Status> {
    f.bytes(p, n)?;
    f.number(ONLY, w)
}

fn link_config(l: &mut Linker<Click>) -> Result<()> {
    const M: &str = "fastly_config_store";
    l.func_wrap(M, "open", |c: C, p: u32, n: u32, w: u32| {
        call(c, "fastly_config_store.open", |f| open(f, p, n, w))
    })?;
    l.func_wrap(M, "get", |c: C, _s: u32, kp: u32, kn: u32, p: u32, n: u32, w: u32| {
        call(c, "fastly_config_store.get", |f| {
            let (lane, key) = (f.click.lane.clone(), f.text(kp, kn)?);
            match lane.service.config.get(&key) {
                Some(value) => f.give(value.as_bytes(), p, n, w),
                None => {
                    f.put(w, 0)?;
                    Ok(NONE)
                }
            }
        })
    })?;
    Ok(())
}

fn link_secrets(l: &mut Linker<Click>) -> Result<()> {
    const M: &str = "fastly_secret_store";
    l.func_wrap(M, "open", |c: C, p: u32, n: u32, w: u32| {
        call(c, "fastly_secret_store.open", |f| open(f, p, n, w))
    })?;
    l.func_wrap(M, "get", |c: C, _s: u32, kp: u32, kn: u32, w: u32| {
        call(c, "fastly_secret_store.get", |f| {
            let (lane, key) = (f.click.lane.clone(), f.text(kp, kn)?);
            match lane.service.secrets.get(&key) {
                Some(secret) => {
                    let h = add(&mut f.click.found, Some(secret.as_bytes().to_vec()));
                    f.number(h, w)
                }
                None => {
                    f.put(w, INVALID)?;
                    Ok(NONE)
                }
            }
        })
    })?;
    l.func_wrap(M, "plaintext", |c: C, s: u32, p: u32, n: u32, w: u32| {
        call(c, "fastly_secret_store.plaintext", |f| match at(&mut f.click.found, s)?.clone() {
            Some(secret) => f.give(&secret, p, n, w),
            None => Ok(BAD_HANDLE),
        })
    })?;
    Ok(())
}

fn link_log(l: &mut Linker<Click>) -> Result<()> {
    const M: &str = "fastly_log";
    l.func_wrap(M, "endpoint_get", |c: C, p: u32, n: u32, w: u32| {
        call(c, "fastly_log.endpoint_get", |f| open(f, p, n, w))
    })?;
    l.func_wrap(M, "write", |c: C, _e: u32, p: u32, n: u32, w: u32| {
        call(c, "fastly_log.write", |f| {
            let line = f.bytes(p, n)?.to_vec();
            f.click.logs.push(line);
            f.number(n, w)
        })
    })?;
    Ok(())
}

/// What is kept for all clicks of the lane. A lane has one thread.
fn with_kept<T>(f: &Frame, then: impl FnOnce(MutexGuard<crate::service::Kept>) -> T) -> T {
    then(f.click.lane.kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
}

/// The offsets of user metadata in cache_write_options (cache.witx).
const METADATA: u32 = 56;

fn link_cache(l: &mut Linker<Click>) -> Result<()> {
    const M: &str = "fastly_cache";
    l.func_wrap(M, "lookup", |c: C, kp: u32, kn: u32, _mask: u32, _options: u32, w: u32| {
        call(c, "fastly_cache.lookup", |f| {
            let key = f.bytes(kp, kn)?.to_vec();
            let entry = with_kept(f, |kept| kept.cache.get(&key).cloned());
            let h = add(&mut f.click.found, entry);
            f.number(h, w)
        })
    })?;
    l.func_wrap(M, "get_user_metadata", |c: C, h: u32, p: u32, n: u32, w: u32| {
        call(c, "fastly_cache.get_user_metadata", |f| match at(&mut f.click.found, h)?.clone() {
            Some(metadata) => f.give(&metadata, p, n, w),
            None => Ok(NONE),
        })
    })?;
    l.func_wrap(M, "insert", |c: C, kp: u32, kn: u32, _mask: u32, options: u32, w: u32| {
        call(c, "fastly_cache.insert", |f| {
            let key = f.bytes(kp, kn)?.to_vec();
            let (p, n) = (f.u32(options + METADATA)?, f.u32(options + METADATA + 4)?);
            let metadata = f.bytes(p, n)?.to_vec();
            with_kept(f, |mut kept| kept.cache.insert(key, metadata));
            let h = add(&mut f.click.bodies, Body::default());
            f.number(h, w)
        })
    })?;
    l.func_wrap("fastly_purge", "purge_surrogate_key", |c: C, p: u32, n: u32, _mask: u32, _options: u32| {
        call(c, "fastly_purge.purge_surrogate_key", |f| f.bytes(p, n).map(|_| OK))
    })?;
    Ok(())
}

/// kv_error (typenames.witx).
const KV_OK: u32 = 1;
const KV_NOT_FOUND: u32 = 3;

fn link_kv(l: &mut Linker<Click>) -> Result<()> {
    const M: &str = "fastly_kv_store";
    l.func_wrap(M, "open", |c: C, p: u32, n: u32, w: u32| {
        call(c, "fastly_kv_store.open", |f| open(f, p, n, w))
    })?;
    l.func_wrap(M, "lookup", |c: C, _s: u32, kp: u32, kn: u32, _mask: u32, _options: u32, w: u32| {
        call(c, "fastly_kv_store.lookup", |f| {
            let key = f.bytes(kp, kn)?.to_vec();
            let value = with_kept(f, |kept| kept.store.get(&key).cloned());
            let h = add(&mut f.click.found, value);
            f.number(h, w)
        })
    })?;
    l.func_wrap(
        M,
        "lookup_wait_v2",
        |c: C, h: u32, body: u32, _p: u32, _n: u32, written: u32, generation: u32, error: u32| {
            call(c, "fastly_kv_store.lookup_wait_v2", |f| {
                let Some(bytes) = at(&mut f.click.found, h)?.clone() else {
                    return f.number(KV_NOT_FOUND, error);
                };
                let b = add(&mut f.click.bodies, Body { bytes, ..Body::default() });
                f.put(body, b)?;
                f.put(written, 0)?;
                f.put64(generation, 1)?;
                f.number(KV_OK, error)
            })
        },
    )?;
    l.func_wrap(
        M,
        "insert",
        |c: C, _s: u32, kp: u32, kn: u32, body: u32, _mask: u32, _options: u32, w: u32| {
            call(c, "fastly_kv_store.insert", |f| {
                let key = f.bytes(kp, kn)?.to_vec();
                let value = at(&mut f.click.bodies, body)?.bytes.clone();
                with_kept(f, |mut kept| kept.store.insert(key, value));
                f.number(0, w)
            })
        },
    )?;
    l.func_wrap(M, "insert_wait", |c: C, _pending: u32, error: u32| {
        call(c, "fastly_kv_store.insert_wait", |f| f.number(KV_OK, error))
    })?;
    Ok(())
}
