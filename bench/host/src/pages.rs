//! Which pages of a guest's memory are mapped, from /proc/self/pagemap.
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

pub const PAGE: usize = 4096;
/// The window that a read fault maps around itself, if the pages are in memory
/// (fault_around_bytes in mm/memory.c).
const WINDOW: usize = 16;

/// Windows read, and pages written, of one click.
#[derive(Default, Clone, Copy)]
pub struct Mapped {
    /// Windows of 64 KiB in which a page of the image is mapped as it was.
    pub windows: u32,
    /// Pages of 4 KiB that the click has for itself.
    pub written: u32,
}

const PRESENT: u64 = 1 << 63;
/// The page is a file's, or shared memory.
const FILE: u64 = 1 << 61;

/// Reads how a range of this process's memory is mapped.
pub fn mapped(base: usize, size: usize) -> io::Result<Mapped> {
    let mut entries = vec![0; size / PAGE * 8];
    File::open("/proc/self/pagemap")?.read_exact_at(&mut entries, (base / PAGE * 8) as u64)?;
    let entries: Vec<u64> =
        entries.chunks_exact(8).map(|b| u64::from_le_bytes(b.try_into().unwrap())).collect();
    let mut out = Mapped::default();
    let first = base / PAGE;
    let mut last_window = None;
    for (i, e) in entries.iter().enumerate().filter(|(_, e)| *e & PRESENT != 0) {
        if e & FILE == 0 {
            out.written += 1;
        } else if last_window != Some((first + i) / WINDOW) {
            last_window = Some((first + i) / WINDOW);
            out.windows += 1;
        }
    }
    Ok(out)
}

/// What this thread has been through so far.
pub struct Usage {
    /// Minor page faults.
    pub faults: i64,
    /// How often it was stopped for another thread.
    pub interruptions: i64,
}

pub fn usage() -> Usage {
    // SAFETY: a rusage is plain numbers, and the kernel fills it.
    unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_THREAD, &mut usage);
        Usage { faults: usage.ru_minflt, interruptions: usage.ru_nivcsw }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A private mapping of shared memory, as a guest's memory is.
    #[test]
    fn windows_and_pages() {
        let size = 64 * PAGE;
        // SAFETY: the mappings are this test's own and within bounds.
        unsafe {
            let fd = libc::memfd_create(c"pages".as_ptr(), 0);
            assert!(fd >= 0);
            let image = vec![1u8; size];
            assert_eq!(libc::write(fd, image.as_ptr().cast(), size), size as isize);
            let p = libc::mmap(
                std::ptr::null_mut(),
                size,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE,
                fd,
                0,
            );
            assert_ne!(p, libc::MAP_FAILED);
            let base = p.cast::<u8>();
            let none = mapped(p as usize, size).unwrap();
            assert_eq!((none.windows, none.written), (0, 0));
            let before = usage().faults;
            base.add(33 * PAGE).write_volatile(2);
            let after = mapped(p as usize, size).unwrap();
            assert_eq!((after.windows, after.written), (0, 1));
            base.add(3 * PAGE).read_volatile();
            let after = mapped(p as usize, size).unwrap();
            assert!(after.windows >= 1, "a window, or two if the mapping begins within one");
            assert_eq!(after.written, 1);
            assert!(usage().faults - before >= 2);
            libc::munmap(p, size);
            libc::close(fd);
        }
    }
}
