//! What a bench says in the end: figures with their ranges, and the ratio to the peer of the same run.

use std::fmt;

/// One figure of several repeats. The median is the result; the range tells how much to believe it.
#[derive(Clone, Debug, Default)]
pub struct Figure(Vec<f64>);

impl Figure {
    pub fn new(values: Vec<f64>) -> Self {
        Self(values)
    }

    pub fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    pub fn repeats(&self) -> usize {
        self.0.len()
    }

    /// Not a number when nothing was measured.
    pub fn median(&self) -> f64 {
        percentile(&self.0, 50.0)
    }

    pub fn min(&self) -> f64 {
        self.0.iter().copied().fold(f64::NAN, f64::min)
    }

    pub fn max(&self) -> f64 {
        self.0.iter().copied().fold(f64::NAN, f64::max)
    }

    /// What was measured in the repeats, in their order.
    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// Repeat by repeat, so that what slows both sides of one repeat cancels out.
    pub fn over(&self, peer: &Self) -> Self {
        Self(self.0.iter().zip(&peer.0).map(|(ours, theirs)| ours / theirs).collect())
    }
}

/// `median (min–max)`, three significant digits.
impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}–{})", short(self.median()), short(self.min()), short(self.max()))
    }
}

/// Three significant digits, with a comma between thousands.
pub fn short(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let size = value.abs();
    match size {
        _ if size >= 1_000.0 => {
            let mut whole = format!("{:.0}", value.abs());
            let mut at = whole.len();
            while at > 3 {
                at -= 3;
                whole.insert(at, ',');
            }
            if value < 0.0 { format!("-{whole}") } else { whole }
        }
        _ if size >= 100.0 => format!("{value:.0}"),
        _ if size >= 10.0 => format!("{value:.1}"),
        _ if size >= 1.0 || size == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// The nearest-rank percentile of unsorted values; not a number when there are none.
pub fn percentile(values: &[f64], percent: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (percent / 100.0 * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
}

/// Which side of the target is good.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    AtMost(f64),
    AtLeast(f64),
    /// Shown beside, without a target.
    None,
}

impl Target {
    fn verdict(self, value: f64) -> String {
        match self {
            Self::AtMost(limit) => format!("≤ {}: {}", short(limit), word(value <= limit)),
            Self::AtLeast(limit) => format!("≥ {}: {}", short(limit), word(value >= limit)),
            Self::None => "–".to_owned(),
        }
    }
}

fn word(met: bool) -> &'static str {
    if met { "met" } else { "**missed**" }
}

/// The head of the table in RESULTS.md.
pub const HEAD: &str =
    "| Date | What | Ours | Limit or peer in the same run | Ratio | Target |\n|---|---|---|---|---|---|";

/// A row of RESULTS.md: ours against a peer, the target being on the ratio.
pub fn against(what: &str, unit: &str, ours: &Figure, peer: (&str, &Figure), target: Target) -> String {
    let (name, theirs) = peer;
    let ratio = ours.over(theirs);
    format!(
        "| {} | {what} | {ours} {unit} | {name}: {theirs} {unit} | {ratio} | {} |",
        today(),
        target.verdict(ratio.median())
    )
}

/// A row of RESULTS.md: a figure by itself, the target being on its value.
pub fn alone(what: &str, unit: &str, ours: &Figure, target: Target) -> String {
    format!("| {} | {what} | {ours} {unit} | – | – | {} |", today(), target.verdict(ours.median()))
}

fn today() -> String {
    chrono::Utc::now().format("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_repeat_by_repeat() {
        let ours = Figure::new(vec![2.0, 20.0, 6.0]);
        let peer = Figure::new(vec![1.0, 10.0, 2.0]);
        assert_eq!(ours.over(&peer).median(), 2.0);
        assert_eq!(format!("{}", ours.over(&peer)), "2.00 (2.00–3.00)");
        let row = against("x", "µs", &ours, ("peer", &peer), Target::AtMost(1.5));
        assert!(row.ends_with("| ≤ 1.50: **missed** |"), "{row}");
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!((percentile(&values, 50.0), percentile(&values, 99.0)), (50.0, 99.0));
        assert_eq!((percentile(&values, 0.0), percentile(&values, 100.0)), (1.0, 100.0));
        assert!(percentile(&[], 50.0).is_nan());
    }

    #[test]
    fn numbers_are_short() {
        let shown: Vec<String> = [0.0, 0.1234, 1.234, 12.34, 123.4, 1234.5, 1_234_567.0].map(short).into();
        assert_eq!(shown, ["0.00", "0.123", "1.23", "12.3", "123", "1,234", "1,234,567"]);
    }
}
