//! One host call: its guest's memory and the click that it belongs to.
use crate::service::{BUFFER_TOO_SMALL, Click, OK, Status, Watch};
use std::time::Instant;
use wasmtime::{Caller, Result, bail, format_err};

pub struct Frame<'a> {
    memory: &'a mut [u8],
    pub click: &'a mut Click,
}

/// Makes a host call: counts it, and watches it if that is asked for. name is
/// MODULE.NAME; that of WASI begins with "wasi".
pub fn call(
    mut caller: Caller<'_, Click>,
    name: &'static str,
    then: impl FnOnce(&mut Frame) -> Result<Status>,
) -> Result<Status> {
    let watch = caller.data().watch;
    let started = (watch == Watch::CallTime).then(Instant::now);
    let wasi = name.starts_with("wasi");
    if watch == Watch::Calls {
        let left = caller.get_fuel()?;
        let click = caller.data_mut();
        if !wasi && click.calls == 0 {
            click.first_fuel = left;
        }
        click.names.push(name);
    }
    let memory = caller.data().memory.ok_or_else(|| format_err!("{name}: the guest has no memory"))?;
    let (memory, click) = memory.data_and_store_mut(&mut caller);
    if wasi {
        click.wasi_calls += 1;
    } else {
        click.calls += 1;
    }
    let status = then(&mut Frame { memory, click });
    if let Some(at) = started {
        caller.data_mut().call_time += at.elapsed();
    }
    status
}

impl<'a> Frame<'a> {
    pub fn bytes(&self, at: u32, n: u32) -> Result<&[u8]> {
        let (at, n) = (at as usize, n as usize);
        match self.memory.get(at..at.saturating_add(n)) {
            Some(b) => Ok(b),
            None => bail!("{n} bytes at {at} are not within the guest's memory"),
        }
    }

    pub fn bytes_mut(&mut self, at: u32, n: u32) -> Result<&mut [u8]> {
        let (at, n) = (at as usize, n as usize);
        match self.memory.get_mut(at..at.saturating_add(n)) {
            Some(b) => Ok(b),
            None => bail!("{n} bytes at {at} are not within the guest's memory"),
        }
    }

    pub fn text(&self, at: u32, n: u32) -> Result<String> {
        Ok(String::from_utf8_lossy(self.bytes(at, n)?).into_owned())
    }

    pub fn u32(&self, at: u32) -> Result<u32> {
        Ok(u32::from_le_bytes(self.bytes(at, 4)?.try_into()?))
    }

    pub fn put(&mut self, at: u32, value: u32) -> Result<()> {
        self.write(at, &value.to_le_bytes())
    }

    pub fn put64(&mut self, at: u32, value: u64) -> Result<()> {
        self.write(at, &value.to_le_bytes())
    }

    pub fn write(&mut self, at: u32, bytes: &[u8]) -> Result<()> {
        self.bytes_mut(at, bytes.len() as u32)?.copy_from_slice(bytes);
        Ok(())
    }

    /// Gives bytes into a buffer of the guest's, and their number.
    pub fn give(&mut self, bytes: &[u8], at: u32, size: u32, number: u32) -> Result<Status> {
        self.put(number, bytes.len() as u32)?;
        if bytes.len() > size as usize {
            return Ok(BUFFER_TOO_SMALL);
        }
        self.write(at, bytes)?;
        Ok(OK)
    }

    /// Gives a number, a handle for example.
    pub fn number(&mut self, value: u32, at: u32) -> Result<Status> {
        self.put(at, value)?;
        Ok(OK)
    }
}

/// The element that a handle names.
pub fn at<T>(list: &mut [T], handle: u32) -> Result<&mut T> {
    match list.get_mut(handle as usize) {
        Some(x) => Ok(x),
        None => bail!("no handle {handle}"),
    }
}

/// Adds an element and returns its handle.
pub fn add<T>(list: &mut Vec<T>, element: T) -> u32 {
    list.push(element);
    list.len() as u32 - 1
}
