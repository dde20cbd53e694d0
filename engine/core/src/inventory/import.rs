//! What a row of a file of lines means: its columns, and the reasons to refuse it. Reading the file and storing the rows
//! are other rooms' work.

use std::collections::BTreeMap;

use crate::{
    iso::{is_country, is_currency},
    number::{E164, PartyNumber, Region, normalise},
};

const MAX_REGION: usize = 100;
const MAX_PROVIDER: usize = 60;
/// As much as the inventory's column holds, in hundredths.
const MAX_COST: i64 = 999_999_999_999;

/// A line that can be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRow {
    pub number: E164,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub region: Option<String>,
    /// In hundredths of the currency's unit.
    pub monthly_cost: i64,
    /// ISO 4217.
    pub currency: String,
    pub provider: String,
    pub voice: bool,
    pub sms: bool,
}

/// Why a row is refused, in words for the person who made the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineRowError {
    #[error("has {found} fields, the header {expected}")]
    FieldCount { found: usize, expected: usize },
    #[error("column {0} is not UTF-8 text")]
    NotUtf8(String),
    #[error("column {0} holds a null character")]
    Null(String),
    #[error("no number")]
    NoNumber,
    #[error("`{0}` is not a telephone number; write it with its country code (+…)")]
    Number(String),
    #[error("no country")]
    NoCountry,
    #[error("country `{0}` is no code of ISO 3166-1, such as FR")]
    Country(String),
    #[error("monthly_cost `{0}` is not a number from 0 to 9999999999.99 with at most two places")]
    Cost(String),
    #[error("currency `{0}` is no code of ISO 4217, such as EUR")]
    Currency(String),
    #[error("`{0}` is neither yes nor no")]
    Flag(String),
    #[error("column {column} is longer than {limit} characters")]
    TooLong { column: &'static str, limit: usize },
}

/// Why a file cannot be imported at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineHeaderError {
    #[error("the header is not UTF-8 text")]
    NotUtf8,
    #[error("the first line must name the columns, `number` among them")]
    NoNumber,
    #[error("the header names column `{0}` twice")]
    Twice(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Number,
    Country,
    Region,
    Cost,
    Currency,
    Provider,
    Voice,
    Sms,
    Unknown,
}

/// The columns of a file, in its order.
#[derive(Clone, Debug)]
pub struct LineColumns {
    columns: Vec<(Column, String)>,
}

impl LineColumns {
    /// Reads the header.
    pub fn from_header<'a>(fields: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, LineHeaderError> {
        let mut columns: Vec<(Column, String)> = Vec::new();
        for field in fields {
            let name = std::str::from_utf8(field).map_err(|_| LineHeaderError::NotUtf8)?;
            let name = name.trim_start_matches('\u{feff}').trim();
            let column = column(name);
            if column != Column::Unknown && columns.iter().any(|(known, _)| *known == column) {
                return Err(LineHeaderError::Twice(name.to_owned()));
            }
            columns.push((column, name.to_owned()));
        }
        if columns.iter().any(|(column, _)| *column == Column::Number) {
            Ok(Self { columns })
        } else {
            Err(LineHeaderError::NoNumber)
        }
    }

    /// Columns that are not imported.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().filter(|(column, _)| *column == Column::Unknown).map(|(_, name)| name.as_str())
    }

    /// Reads a row. `region` is where numbers without a country code are read, and the country of rows that name none.
    pub fn row<'a>(
        &self,
        fields: impl IntoIterator<Item = &'a [u8]>,
        region: Region,
    ) -> Result<LineRow, LineRowError> {
        let fields: Vec<&[u8]> = fields.into_iter().collect();
        if fields.len() != self.columns.len() {
            return Err(LineRowError::FieldCount { found: fields.len(), expected: self.columns.len() });
        }
        let mut values: BTreeMap<Column, &str> = BTreeMap::new();
        for ((column, name), field) in self.columns.iter().zip(fields) {
            if *column == Column::Unknown {
                continue;
            }
            let value = std::str::from_utf8(field).map_err(|_| LineRowError::NotUtf8(name.clone()))?.trim();
            if value.contains('\0') {
                return Err(LineRowError::Null(name.clone()));
            }
            if !value.is_empty() {
                values.insert(*column, value);
            }
        }
        let value = |column: Column| values.get(&column).copied();
        let number = value(Column::Number).ok_or(LineRowError::NoNumber)?;
        let PartyNumber::E164(number) = normalise(number, region) else {
            return Err(LineRowError::Number(shown(number)));
        };
        let country = match value(Column::Country) {
            Some(country) => {
                let capitals = country.to_ascii_uppercase();
                is_country(&capitals)
                    .then_some(capitals)
                    .ok_or_else(|| LineRowError::Country(shown(country)))?
            }
            None if region != Region::UNKNOWN => region.to_string(),
            None => return Err(LineRowError::NoCountry),
        };
        let currency = match value(Column::Currency) {
            Some(currency) => {
                let capitals = currency.to_ascii_uppercase();
                is_currency(&capitals)
                    .then_some(capitals)
                    .ok_or_else(|| LineRowError::Currency(shown(currency)))?
            }
            None => "USD".to_owned(),
        };
        Ok(LineRow {
            number,
            country,
            region: value(Column::Region)
                .map(|text| within(text, MAX_REGION, "region").map(str::to_owned))
                .transpose()?,
            monthly_cost: value(Column::Cost)
                .map_or(Ok(0), |text| hundredths(text).ok_or_else(|| LineRowError::Cost(shown(text))))?,
            currency,
            provider: within(value(Column::Provider).unwrap_or("twilio"), MAX_PROVIDER, "provider")?
                .to_owned(),
            voice: value(Column::Voice).map_or(Ok(true), flag)?,
            sms: value(Column::Sms).map_or(Ok(false), flag)?,
        })
    }
}

fn column(name: &str) -> Column {
    match name.to_lowercase().replace([' ', '-'], "_").as_str() {
        "number" | "phone_number" | "phone" | "e164" => Column::Number,
        "country" => Column::Country,
        "region" => Column::Region,
        "monthly_cost" | "cost" => Column::Cost,
        "currency" => Column::Currency,
        "provider" => Column::Provider,
        "voice" => Column::Voice,
        "sms" => Column::Sms,
        _ => Column::Unknown,
    }
}

/// `1`, `1.5`, `1.50`: never through a binary fraction.
fn hundredths(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 10 || part.len() > 2 || !digits(whole) || !digits(part) {
        return None;
    }
    let cost = whole.parse::<i64>().ok()? * 100 + format!("{part:0<2}").parse::<i64>().ok()?;
    (cost <= MAX_COST).then_some(cost)
}

fn flag(text: &str) -> Result<bool, LineRowError> {
    match text.to_lowercase().as_str() {
        "yes" | "y" | "true" | "1" => Ok(true),
        "no" | "n" | "false" | "0" => Ok(false),
        _ => Err(LineRowError::Flag(shown(text))),
    }
}

fn within<'a>(value: &'a str, limit: usize, column: &'static str) -> Result<&'a str, LineRowError> {
    if value.chars().count() > limit { Err(LineRowError::TooLong { column, limit }) } else { Ok(value) }
}

/// As much of a value as a reason quotes.
fn shown(value: &str) -> String {
    value.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(header: &str, line: &str) -> Result<LineRow, LineRowError> {
        let columns = LineColumns::from_header(header.split(',').map(str::as_bytes)).unwrap();
        columns.row(line.split(',').map(str::as_bytes), "FR".parse().unwrap())
    }

    #[test]
    fn a_row_says_all_or_has_defaults() {
        let whole = row(
            "Phone Number,country,region,monthly cost,currency,provider,sms,voice,note",
            "+1 415 555 0100, us ,California,1.5,usd,telnyx,yes,No,mine",
        )
        .unwrap();
        assert_eq!(
            whole,
            LineRow {
                number: "+14155550100".parse().unwrap(),
                country: "US".into(),
                region: Some("California".into()),
                monthly_cost: 150,
                currency: "USD".into(),
                provider: "telnyx".into(),
                voice: false,
                sms: true,
            }
        );
        let short = row("number", "01 99 00 00 01").unwrap();
        assert_eq!((short.number.to_string().as_str(), short.country.as_str()), ("+33199000001", "FR"));
        assert_eq!((short.monthly_cost, short.voice, short.sms), (0, true, false));
    }

    #[test]
    fn reasons_to_refuse_a_row() {
        let long = "x".repeat(101);
        for (header, line, expected) in [
            ("number,country", "+33199000001", LineRowError::FieldCount { found: 1, expected: 2 }),
            ("number,country", ",FR", LineRowError::NoNumber),
            ("number", "hello", LineRowError::Number("hello".into())),
            ("number", "201", LineRowError::Number("201".into())),
            ("number,country", "+33199000001,FRA", LineRowError::Country("FRA".into())),
            ("number,country", "+33199000001,xx", LineRowError::Country("xx".into())),
            ("number,currency", "+33199000001,ABC", LineRowError::Currency("ABC".into())),
            ("number,cost", "+33199000001,-1", LineRowError::Cost("-1".into())),
            ("number,cost", "+33199000001,1.234", LineRowError::Cost("1.234".into())),
            ("number,cost", "+33199000001,99999999999", LineRowError::Cost("99999999999".into())),
            ("number,cost", "+33199000001,.5", LineRowError::Cost(".5".into())),
            ("number,currency", "+33199000001,euro", LineRowError::Currency("euro".into())),
            ("number,sms", "+33199000001,perhaps", LineRowError::Flag("perhaps".into())),
            (
                "number,region",
                &*format!("+33199000001,{long}"),
                LineRowError::TooLong { column: "region", limit: 100 },
            ),
            ("number,region", "+33199000001,a\0b", LineRowError::Null("region".into())),
        ] {
            assert_eq!(row(header, line), Err(expected), "{line}");
        }
        assert_eq!(LineColumns::from_header([&b"country"[..]]).unwrap_err(), LineHeaderError::NoNumber);
        assert_eq!(
            LineColumns::from_header([&b"number"[..], b"e164"]).unwrap_err(),
            LineHeaderError::Twice("e164".into())
        );
    }

    #[test]
    fn a_region_that_is_unknown_names_no_country() {
        let columns = LineColumns::from_header([&b"number"[..]]).unwrap();
        let read = columns.row([&b"+33199000001"[..]], Region::UNKNOWN);
        assert_eq!(read, Err(LineRowError::NoCountry));
    }
}
