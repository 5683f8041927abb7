//! Room for text, base64url, and the line of log.

const SIZE: usize = 16 << 10;

/// Texts, one behind the other. In this order, a usual click writes the first
/// page only.
#[repr(C)]
pub struct Room {
    used: usize,
    bytes: [u8; SIZE],
}

impl Room {
    pub const fn new() -> Room {
        Room { bytes: [0; SIZE], used: 0 }
    }

    /// The free part. It does not move and is handed out once, so that it may
    /// outlive this borrow.
    fn free(&mut self) -> &'static mut [u8] {
        let free = &mut self.bytes[self.used..];
        // SAFETY: a room is static, and take moves used past what is kept.
        unsafe { core::slice::from_raw_parts_mut(free.as_mut_ptr(), free.len()) }
    }

    /// Has a host call write the next text: into this pointer and size, its
    /// length into n. A status but 0 makes it empty.
    pub fn fill(&mut self, call: impl FnOnce(*mut u8, usize, &mut usize) -> u32) -> &'static [u8] {
        let (free, mut n) = (self.free(), 0);
        if call(free.as_mut_ptr(), free.len(), &mut n) != 0 || n > free.len() {
            return b"";
        }
        self.used += n;
        &free[..n]
    }
}

pub fn contains(text: &[u8], what: &[u8]) -> bool {
    text.windows(what.len()).any(|w| w == what)
}

/// The value of each digit of base64url; 64 for what is none.
static DIGITS: [u8; 256] = {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut table = [64; 256];
    let mut i = 0;
    while i < 64 {
        table[ALPHABET[i] as usize] = i as u8;
        i += 1;
    }
    table
};

/// Decodes base64url without padding into the room.
pub fn decode(room: &mut Room, text: &[u8]) -> Option<&'static [u8]> {
    let size = text.len() * 3 / 4;
    let free = room.free();
    if text.len() % 4 == 1 || size + 3 > free.len() {
        return None;
    }
    for (i, four) in text.chunks(4).enumerate() {
        let mut bits = 0;
        for j in 0..4 {
            let digit = four.get(j).map_or(0, |&b| DIGITS[b as usize]);
            if digit == 64 {
                return None;
            }
            bits = bits << 6 | u32::from(digit);
        }
        free[3 * i..3 * i + 3].copy_from_slice(&bits.to_be_bytes()[1..]);
    }
    room.used += size;
    Some(&free[..size])
}

/// A line of JSON, behind the texts of a room.
pub struct Line {
    bytes: &'static mut [u8],
    used: usize,
}

impl Line {
    pub fn new(room: &mut Room) -> Line {
        Line { bytes: room.free(), used: 0 }
    }

    pub fn text(&self) -> &[u8] {
        &self.bytes[..self.used]
    }

    /// What does not fit is left out.
    pub fn raw(&mut self, text: &[u8]) -> &mut Line {
        if let Some(to) = self.bytes.get_mut(self.used..self.used + text.len()) {
            to.copy_from_slice(text);
            self.used += text.len();
        }
        self
    }

    pub fn quoted(&mut self, text: &[u8]) -> &mut Line {
        self.raw(b"\"");
        if text.iter().all(|b| (0x20..0x7f).contains(b) && !matches!(b, b'"' | b'\\')) {
            self.raw(text);
        } else {
            text.iter().for_each(|&b| self.escaped(b));
        }
        self.raw(b"\"")
    }

    fn escaped(&mut self, b: u8) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        match b {
            b'"' | b'\\' => self.raw(&[b'\\', b]),
            0x20..0x7f => self.raw(&[b]),
            _ => self.raw(&[b'\\', b'u', b'0', b'0', HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]),
        };
    }

    pub fn number(&mut self, n: u64) -> &mut Line {
        self.digits(n, 1)
    }

    fn digits(&mut self, mut n: u64, least: usize) -> &mut Line {
        let (mut text, mut at) = ([b'0'; 20], 20);
        while n > 0 {
            at -= 1;
            text[at] = b'0' + (n % 10) as u8;
            n /= 10;
        }
        self.raw(&text[at.min(20 - least)..])
    }

    /// Milliseconds since 1970, by RFC 3339.
    pub fn time(&mut self, ms: u64) -> &mut Line {
        let (days, in_day) = (ms / 86_400_000, ms % 86_400_000);
        let (year, month, day) = date(days);
        self.digits(year, 4).raw(b"-").digits(month, 2).raw(b"-").digits(day, 2).raw(b"T");
        self.digits(in_day / 3_600_000, 2).raw(b":").digits(in_day / 60_000 % 60, 2).raw(b":");
        self.digits(in_day / 1000 % 60, 2).raw(b".").digits(in_day % 1000, 3).raw(b"Z")
    }
}

/// Year, month and day of a day since 1970, counted in years that begin in
/// March, so that a leap day is the last one.
fn date(days: u64) -> (u64, u64, u64) {
    let from_year_0 = days + 719_468;
    let (era, day_of_era) = (from_year_0 / 146_097, from_year_0 % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}
