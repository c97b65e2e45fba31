//! Instants on the wire. Milliseconds since 1970 inside; three encodings are read, one is written.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// Numbers at or above this are milliseconds, smaller ones are seconds: the year 5138 in one, 1973 in the other.
const MILLISECONDS_FROM: f64 = 1e11;

/// An instant in milliseconds since 1970-01-01 UTC. Written as whole milliseconds, the one form that every
/// SDK reads in an invocation event; read from milliseconds, seconds (with a fraction) or RFC 3339 text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since 1970.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Reads RFC 3339 text, with `T` or a blank between date and time; `None` when it is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        parse_text(text)
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Seconds since 1970 with their fraction: the form of the HTTP API's bodies.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn as_epoch_seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// This instant plus `duration`, saturating at the ends of time.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long from `earlier` to this instant; zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => Self(i64::try_from(after.as_millis()).unwrap_or(i64::MAX)),
            Err(before) => Self(i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis)),
        }
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        let distance = Duration::from_millis(timestamp.0.unsigned_abs());
        let moved = if timestamp.0 >= 0 {
            SystemTime::UNIX_EPOCH.checked_add(distance)
        } else {
            SystemTime::UNIX_EPOCH.checked_sub(distance)
        };
        moved.unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

/// RFC 3339 in UTC with milliseconds, for people.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, millis) = (self.0.div_euclid(86_400_000), self.0.rem_euclid(86_400_000));
        let (year, month, day) = civil_from_days(days);
        let (seconds, fraction) = (millis / 1000, millis % 1000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:03}Z")
    }
}

/// Days since 1970 to a date of the proleptic Gregorian calendar, by eras of 400 years that start in March.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// `2025-12-18 10:53:45.863776+00:00`, with `T` or a blank, with `Z` or an offset.
fn parse_text(text: &str) -> Option<Timestamp> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<i64>().ok())?;
    let number = |from: usize, to: usize| digits(text.get(from..to)?);
    let separators = [(4, "-"), (7, "-"), (13, ":"), (16, ":")];
    if separators.iter().any(|(at, separator)| text.get(*at..*at + 1) != Some(*separator)) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
    if !is_date || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = text.get(19..)?;
    let zone_at = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (fraction, zone) = rest.split_at(zone_at);
    let fraction_millis = match fraction.strip_prefix('.') {
        Some(fraction) => digits(&fraction.chars().chain("000".chars()).take(3).collect::<String>())?,
        None if fraction.is_empty() => 0,
        None => return None,
    };
    let offset_minutes = match zone {
        "" | "Z" | "z" => 0,
        offset => {
            let (sign, distance) = match offset.strip_prefix('-') {
                Some(distance) => (-1, distance),
                None => (1, offset.strip_prefix('+')?),
            };
            let distance = distance.replace(':', "");
            sign * (digits(distance.get(0..2)?)? * 60 + digits(distance.get(2..)?)?)
        }
    };
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    Some(Timestamp((seconds - offset_minutes * 60) * 1000 + fraction_millis))
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyForm;
        impl Visitor<'_> for AnyForm {
            type Value = Timestamp;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("milliseconds or seconds since 1970, or RFC 3339 text")
            }
            #[allow(clippy::cast_possible_truncation)]
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Timestamp, E> {
                let millis = if number.abs() >= MILLISECONDS_FROM { number } else { number * 1000.0 };
                Ok(Timestamp(millis.round() as i64))
            }
            #[allow(clippy::cast_precision_loss)]
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Timestamp, E> {
                self.visit_f64(number as f64)
            }
            #[allow(clippy::cast_precision_loss)]
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Timestamp, E> {
                self.visit_f64(number as f64)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                parse_text(text).ok_or_else(|| E::custom(format_args!("`{text}` is not a time")))
            }
        }
        deserializer.deserialize_any(AnyForm)
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn every_encoding_of_one_instant_reads_the_same() {
        let instant = Timestamp::from_millis(1_766_055_225_863);
        for text in [
            "1766055225863",
            "1766055225.863",
            "\"2025-12-18 10:53:45.863776+00:00\"",
            "\"2025-12-18T10:53:45.863Z\"",
            "\"2025-12-18T12:53:45.863+02:00\"",
        ] {
            assert_eq!(serde_json::from_str::<Timestamp>(text).unwrap(), instant, "{text}");
        }
        assert_eq!(instant.to_string(), "2025-12-18T10:53:45.863Z");
        for text in
            ["soon", "2025-12-18", "2025-13-18T10:53:45Z", "2025-12-18T10:53:45 o'clock", "2025-12-18T10:53:45+"]
        {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }
}
