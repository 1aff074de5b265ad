//! Amounts of resources: `500m`, `1.5Gi`, `2e3`; stored in the one canonical form of each.

use std::{cmp::Ordering, fmt, ops};

use serde_json::Value;

const NANO: i128 = 1_000_000_000;
/// Amounts end at the largest 64-bit integer.
const MAX: i128 = i64::MAX as i128 * NANO;

const WRONG_FORMAT: &str = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const WRONG_NUMBER: &str = "unable to parse numeric part of quantity";
const WRONG_SUFFIX: &str = "unable to parse quantity's suffix";

const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/// Every third power of ten from -9 on.
const DECIMAL: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];

/// How an amount was written, and so how it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Binary,
    Decimal,
    Exponent,
}

/// An amount with nine decimals; what is smaller was rounded away from zero. Equal amounts are equal however written.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    nano: i128,
    format: Format,
}

impl Quantity {
    pub const ZERO: Self = Self { nano: 0, format: Format::Decimal };

    /// # Errors
    /// In upstream's words, without the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (negative, rest) = match text.as_bytes().first() {
            None => return Err(WRONG_FORMAT.into()),
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            Some(_) => (false, text),
        };
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, suffix) = rest.split_at(end);
        check_suffix(suffix)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') {
            return Err(WRONG_FORMAT.into());
        }
        if whole.is_empty() && fraction.is_empty() {
            return Err(WRONG_NUMBER.into());
        }
        let (scale, format) = Scale::of(suffix).ok_or(WRONG_SUFFIX)?;
        let nano = scale.nano(whole, fraction).min(MAX);
        let format = if format == Format::Binary && (1..NANO).contains(&nano) { Format::Decimal } else { format };
        Ok(Self { nano: if negative { -nano } else { nano }, format })
    }

    /// A whole number.
    pub fn whole(value: i64) -> Self {
        Self { nano: i128::from(value) * NANO, format: Format::Decimal }
    }

    /// Thousandths, rounded up.
    pub fn milli(&self) -> i128 {
        ceil(self.nano, NANO / 1000)
    }

    /// The least amount of whole thousandths that is not less.
    #[must_use]
    pub fn in_milli(self) -> Self {
        Self { nano: self.milli() * (NANO / 1000), ..self }
    }

    /// Whole units, rounded up.
    pub fn value(&self) -> i128 {
        ceil(self.nano, NANO)
    }

    pub fn is_zero(&self) -> bool {
        self.nano == 0
    }

    pub fn is_negative(&self) -> bool {
        self.nano < 0
    }

    /// Whether it has no decimals.
    pub fn is_whole(&self) -> bool {
        self.nano % NANO == 0
    }
}

/// Rewrites a JSON quantity (text or number) in canonical form; leaves alone what is not one, for validation to find.
pub fn canonicalize(value: &mut Value) {
    let text = match &*value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return,
    };
    if let Ok(quantity) = Quantity::parse(&text) {
        *value = quantity.to_string().into();
    }
}

/// Letters, then perhaps a sign, then digits.
fn check_suffix(suffix: &str) -> Result<(), String> {
    let rest = suffix.trim_start_matches(|c: char| "eEinumkKMGTP".contains(c));
    let digits = rest.strip_prefix(['-', '+']).unwrap_or(rest);
    if digits.bytes().all(|b| b.is_ascii_digit()) { Ok(()) } else { Err(WRONG_FORMAT.into()) }
}

/// What a suffix multiplies with, in billionths: `times / over`.
struct Scale {
    times: i128,
    over: i128,
}

impl Scale {
    fn of(suffix: &str) -> Option<(Self, Format)> {
        if let Some(power) = BINARY.iter().skip(1).position(|s| *s == suffix) {
            return Some((Self { times: NANO << (10 * (power + 1)), over: 1 }, Format::Binary));
        }
        if let Some(power) = DECIMAL.iter().position(|s| *s == suffix) {
            let exponent = 3 * i32::try_from(power).expect("ten suffixes") - 9;
            return Some((Self::ten_to(exponent), Format::Decimal));
        }
        let exponent = suffix.strip_prefix(['e', 'E'])?.parse::<i64>().ok()?;
        Some((Self::ten_to(exponent.clamp(-38, 38) as i32), Format::Exponent))
    }

    fn ten_to(exponent: i32) -> Self {
        let power = |n: i32| 10_i128.saturating_pow(n.unsigned_abs());
        match exponent + 9 {
            up @ 0.. => Self { times: power(up), over: 1 },
            down => Self { times: 1, over: power(down) },
        }
    }

    /// Digits before and after the point, scaled; never overflows, since amounts are capped anyway.
    fn nano(&self, whole: &str, fraction: &str) -> i128 {
        // ten decimals of the largest suffix still fit; whatever is behind them can only round up
        let (kept, lost) = fraction.split_at(fraction.len().min(10));
        let mut all = digits(whole);
        for byte in kept.bytes() {
            all = all.saturating_mul(10).saturating_add(i128::from(byte - b'0'));
        }
        let over = self.over.saturating_mul(10_i128.pow(kept.len() as u32));
        let (scaled, rest) = match all.checked_mul(self.times) {
            Some(product) => (product / over, product % over),
            None => (digits(whole).saturating_mul(self.times) / self.over, 0),
        };
        let rounded = rest != 0 || lost.bytes().any(|b| b != b'0');
        scaled.saturating_add(i128::from(rounded))
    }
}

fn digits(text: &str) -> i128 {
    text.bytes().fold(0, |sum: i128, byte| sum.saturating_mul(10).saturating_add(i128::from(byte - b'0')))
}

fn ceil(number: i128, unit: i128) -> i128 {
    number.div_euclid(unit) + i128::from(number.rem_euclid(unit) != 0)
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nano == 0 {
            return f.write_str("0");
        }
        // what is below 1024 has no binary suffix, and then reads best as a decimal
        if self.format == Format::Binary && self.nano.abs() >= 1024 * NANO {
            let mut number = self.value();
            let mut power = 0;
            while number % 1024 == 0 && power + 1 < BINARY.len() {
                number /= 1024;
                power += 1;
            }
            return write!(f, "{number}{}", BINARY[power]);
        }
        let (mut number, mut power) = (self.nano, 0);
        while number % 1000 == 0 && power + 1 < DECIMAL.len() {
            number /= 1000;
            power += 1;
        }
        match (self.format, 3 * power as i32 - 9) {
            (Format::Exponent, 0) => write!(f, "{number}"),
            (Format::Exponent, exponent) => write!(f, "{number}e{exponent}"),
            _ => write!(f, "{number}{}", DECIMAL[power]),
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nano == other.nano
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nano.cmp(&other.nano)
    }
}

/// The sum is written like the first that is not zero.
impl ops::Add for Quantity {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let format = if self.is_zero() { other.format } else { self.format };
        Self { nano: self.nano.saturating_add(other.nano).clamp(-MAX, MAX), format }
    }
}

impl ops::Neg for Quantity {
    type Output = Self;

    fn neg(self) -> Self {
        Self { nano: -self.nano, ..self }
    }
}

impl ops::Sub for Quantity {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl std::iter::Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |sum, amount| sum + amount)
    }
}

#[cfg(test)]
mod tests;
