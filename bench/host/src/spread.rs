//! Medians and quartiles.
use serde::Serialize;

/// A sample: its median, and the quartiles on both sides of it.
#[derive(Serialize, Default, Debug, PartialEq, Clone, Copy)]
pub struct Spread {
    pub median: f64,
    pub p25: f64,
    pub p75: f64,
    pub n: usize,
}

impl Spread {
    pub fn of(values: impl Iterator<Item = f64>) -> Spread {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| match sorted.len() {
            0 => 0.0,
            n => sorted[(share * (n - 1) as f64).round() as usize],
        };
        Spread { median: at(0.5), p25: at(0.25), p75: at(0.75), n: sorted.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads() {
        assert_eq!(Spread::of([].into_iter()), Spread::default());
        let s = Spread::of([5.0, 1.0, 4.0, 2.0, 3.0].into_iter());
        assert_eq!(s, Spread { median: 3.0, p25: 2.0, p75: 4.0, n: 5 });
    }
}
