//! What a row of a contact file means: its columns, and the reasons to refuse it. Reading the file and storing the
//! rows are other rooms' work.

mod column;

use std::{borrow::Cow, collections::BTreeMap};

use chrono::NaiveDate;
use serde_json::{Map, Value};

use self::column::{Column, column};
use super::{
    ContactKind,
    custom::{self, Field},
    place::{self, MAX_ADDRESS, MAX_CITY, MAX_STATE, Place},
    standing::Standing,
    tax_id,
};
use crate::number::{E164, PartyNumber, Region, normalise};

const MAX_NAME: usize = 200;
const MAX_EMAIL: usize = 320;
const MAX_LABEL: usize = 60;
const MAX_RAW_NUMBER: usize = 100;
const MAX_NUMBERS: usize = 50;
/// Beside the first.
const MAX_EMAILS: usize = 19;

/// The fields of the tenant's own, by kind of contact.
pub type OwnFields = BTreeMap<ContactKind, Vec<Field>>;

/// A row that can be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRow {
    pub kind: ContactKind,
    pub name: String,
    /// Name of the organization, of an organization's contact.
    pub organization: Option<String>,
    pub gender: Option<&'static str>,
    pub email: Option<String>,
    /// Addresses besides, each once.
    pub other_emails: Vec<String>,
    /// The first is the primary one.
    pub phones: Vec<ImportPhone>,
    /// Of an individual.
    pub dob: Option<NaiveDate>,
    /// Of an organization.
    pub tax_id: Option<String>,
    /// Of all but e-mail contacts.
    pub place: Place,
    pub standing: Standing,
    pub custom: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportPhone {
    pub e164: E164,
    pub raw: String,
    pub label: Option<String>,
}

/// Why a row is refused, in words for the person who made the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    #[error("has {found} fields, the header {expected}")]
    FieldCount { found: usize, expected: usize },
    #[error("column {column} is not UTF-8 text")]
    NotUtf8 { column: String },
    #[error("column {column} holds a null character")]
    Null { column: String },
    #[error("no name")]
    NoName,
    #[error("column {column} is longer than {limit} characters")]
    TooLong { column: String, limit: usize },
    #[error("kind `{0}` is none of individual, organization, organization_contact, email_contact")]
    Kind(String),
    #[error("gender `{0}` is none of Male, Female, Other")]
    Gender(String),
    #[error("`{0}` is not an e-mail address")]
    Email(String),
    #[error("an e-mail contact needs an e-mail address")]
    NoEmail,
    #[error("a contact of an organization needs the organization's name in column organization")]
    NoOrganization,
    #[error("`{0}` is not a telephone number in this region; write it with its country code (+…)")]
    Phone(String),
    #[error("more than {MAX_NUMBERS} numbers")]
    TooManyNumbers,
    #[error("more than {MAX_EMAILS} further e-mail addresses")]
    TooManyEmails,
    #[error("`{0}` is not a date of birth such as 1984-02-29")]
    Dob(String),
    #[error("country `{0}` is no code of ISO 3166-1, such as DE")]
    Country(String),
    #[error("column {column} has more than one line")]
    Lines { column: String },
    #[error("tax_id {0}")]
    TaxId(tax_id::NoTaxId),
    #[error("an organization needs a tax_id here")]
    NoTaxId,
    #[error("status `{0}` is none of pending, active, suspended, inactive")]
    Status(String),
    #[error("column custom holds no JSON object")]
    Custom,
    #[error("field {key} {detail}")]
    Field { key: String, detail: String },
}

/// Why a file cannot be imported at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    #[error("the first line must name the columns, and there is none")]
    Empty,
    #[error("the header is not UTF-8 text")]
    NotUtf8,
    #[error("the header names no column `name` (or `full_name`)")]
    NoName,
    #[error("the header names column `{0}` twice")]
    Twice(String),
    #[error("`{0}` is nothing that a column can hold")]
    NoMeaning(String),
    #[error("the mapping names column `{0}`, which the file has not")]
    NoColumn(String),
}

/// What a column is said to hold when it is not to be imported.
pub const IGNORE: &str = "ignore";

/// The columns of a file, in its order.
#[derive(Clone, Debug)]
pub struct Columns {
    columns: Vec<(Column, String)>,
    own: OwnFields,
    tax_id_required: bool,
}

impl Columns {
    /// Reads the header.
    pub fn from_header<'a>(fields: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, HeaderError> {
        Self::mapped(fields, &BTreeMap::new())
    }

    /// Reads the header of a file whose columns hold what `mapping` says of their names (`phone2`, `ignore`, …); those it
    /// does not name hold what their names say.
    pub fn mapped<'a>(
        fields: impl IntoIterator<Item = &'a [u8]>,
        mapping: &BTreeMap<String, String>,
    ) -> Result<Self, HeaderError> {
        let mut columns: Vec<(Column, String)> = Vec::new();
        for field in fields {
            let name = std::str::from_utf8(field).map_err(|_| HeaderError::NotUtf8)?;
            let name = name.trim_start_matches('\u{feff}').trim();
            let column = match mapping.get(name).map(String::as_str) {
                None => column(name),
                Some(IGNORE) => Column::Unknown,
                Some(meaning) => match column(meaning) {
                    Column::Unknown => return Err(HeaderError::NoMeaning(meaning.to_owned())),
                    known => known,
                },
            };
            if column != Column::Unknown && columns.iter().any(|(known, _)| *known == column) {
                return Err(HeaderError::Twice(name.to_owned()));
            }
            columns.push((column, name.to_owned()));
        }
        if columns.iter().all(|(_, name)| name.is_empty()) {
            return Err(HeaderError::Empty);
        }
        if let Some(absent) = mapping.keys().find(|name| !columns.iter().any(|(_, known)| known == *name)) {
            return Err(HeaderError::NoColumn(absent.clone()));
        }
        if !columns.iter().any(|(column, _)| *column == Column::Name) {
            return Err(HeaderError::NoName);
        }
        Ok(Self { columns, own: OwnFields::new(), tax_id_required: false })
    }

    /// With the tenant's own fields, by which the values of columns `custom.KEY` are judged.
    pub fn knowing(mut self, own: OwnFields) -> Self {
        self.own = own;
        self
    }

    /// Where the tenant wants organizations with a tax id only.
    pub const fn requiring_tax_id(mut self, required: bool) -> Self {
        self.tax_id_required = required;
        self
    }

    /// The columns of any header by its names, and what each would hold, so that whoever is told why a header does not do
    /// can say what its columns hold.
    pub fn guessed<'a>(
        fields: impl IntoIterator<Item = &'a [u8]>,
        mapping: &BTreeMap<String, String>,
    ) -> Vec<(String, Option<String>)> {
        let guess = |field: &[u8]| {
            let name = String::from_utf8_lossy(field).trim_start_matches('\u{feff}').trim().to_owned();
            let holds = mapping.get(&name).map_or_else(|| column(&name), |meaning| column(meaning)).meaning();
            (name, holds)
        };
        fields.into_iter().map(guess).collect()
    }

    /// How many fields a row has.
    #[expect(clippy::len_without_is_empty, reason = "a header without columns is refused")]
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Columns that are not imported.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().filter(|(column, _)| *column == Column::Unknown).map(|(_, name)| name.as_str())
    }

    /// Reads a row.
    pub fn row<'a>(
        &self,
        fields: impl IntoIterator<Item = &'a [u8]>,
        region: Region,
    ) -> Result<ImportRow, RowError> {
        let fields: Vec<&[u8]> = fields.into_iter().collect();
        if fields.len() != self.columns.len() {
            return Err(RowError::FieldCount { found: fields.len(), expected: self.columns.len() });
        }
        let mut values: BTreeMap<&Column, &str> = BTreeMap::new();
        for ((column, name), field) in self.columns.iter().zip(fields) {
            if *column == Column::Unknown {
                continue;
            }
            let value =
                std::str::from_utf8(field).map_err(|_| RowError::NotUtf8 { column: name.clone() })?.trim();
            if value.contains('\0') {
                return Err(RowError::Null { column: name.clone() });
            }
            let value = plain(value);
            if !value.is_empty() {
                values.insert(column, value);
            }
        }
        let value = |column: Column| values.get(&column).copied();
        let kind = match value(Column::Kind) {
            None => ContactKind::Individual,
            Some(word) => kind(word).ok_or_else(|| RowError::Kind(shown(word)))?,
        };
        let name = value(Column::Name).ok_or(RowError::NoName)?;
        let organization = value(Column::Organization).filter(|_| kind == ContactKind::OrganizationContact);
        if kind == ContactKind::OrganizationContact && organization.is_none() {
            return Err(RowError::NoOrganization);
        }
        // Whoever has addresses has a first one.
        let mut other_emails = other_emails(value(Column::OtherEmails), value(Column::Email))?;
        let email = match value(Column::Email) {
            None if !other_emails.is_empty() => Some(other_emails.remove(0)),
            email => email.map(str::to_owned),
        };
        if let Some(email) = &email {
            within(email, MAX_EMAIL, "email")?;
            if !is_email(email) {
                return Err(RowError::Email(shown(email)));
            }
        } else if kind == ContactKind::EmailContact {
            return Err(RowError::NoEmail);
        }
        let individual = kind == ContactKind::Individual;
        let dob = match value(Column::Dob).filter(|_| individual) {
            None => None,
            Some(date) => Some(date.parse().map_err(|_| RowError::Dob(shown(date)))?),
        };
        let tax_id = match value(Column::TaxId).filter(|_| kind == ContactKind::Organization) {
            None if self.tax_id_required && kind == ContactKind::Organization => {
                return Err(RowError::NoTaxId);
            }
            None => None,
            Some(text) => Some(tax_id::read(text).map_err(RowError::TaxId)?.to_owned()),
        };
        let place = if kind == ContactKind::EmailContact { Place::default() } else { read_place(&values)? };
        let standing = match value(Column::Status) {
            None => Standing::default(),
            Some(word) => {
                Standing::parse(&word.to_lowercase()).ok_or_else(|| RowError::Status(shown(word)))?
            }
        };
        let gender = match value(Column::Gender) {
            None => None,
            Some(word) => Some(gender(word).ok_or_else(|| RowError::Gender(shown(word)))?),
        };
        Ok(ImportRow {
            kind,
            name: within(name, MAX_NAME, "name")?.to_owned(),
            organization: organization
                .map(|name| within(name, MAX_NAME, "organization").map(str::to_owned))
                .transpose()?,
            // Organizations and addresses have none.
            gender: gender
                .filter(|_| matches!(kind, ContactKind::Individual | ContactKind::OrganizationContact)),
            email,
            other_emails,
            phones: phones(&values, region)?,
            dob,
            tax_id,
            place,
            standing,
            custom: self.custom(kind, &values)?,
        })
    }

    /// The values of the tenant's own fields: those that have columns, and those of the column `custom`.
    fn custom(
        &self,
        kind: ContactKind,
        values: &BTreeMap<&Column, &str>,
    ) -> Result<Map<String, Value>, RowError> {
        let fields = self.own.get(&kind).map(Vec::as_slice).unwrap_or_default();
        let mut custom = match values.get(&Column::Custom) {
            None => Map::new(),
            Some(text) => serde_json::from_str(text).map_err(|_| RowError::Custom)?,
        };
        for (column, text) in values {
            let Column::Own(key) = column else { continue };
            // A column may be meant for the rows of another kind.
            if let Some(field) = fields.iter().find(|field| field.key == *key) {
                let refused = |detail| RowError::Field { key: key.clone(), detail };
                custom.insert(key.clone(), field.read(text).map_err(refused)?);
            } else if !self.own.values().flatten().any(|field| field.key == *key) {
                let detail = "is no field of any kind of contact".to_owned();
                return Err(RowError::Field { key: key.clone(), detail });
            }
        }
        custom::check(fields, &custom, true).map_err(|faults| {
            let fault = faults.into_iter().next();
            fault.map_or(RowError::Custom, |fault| RowError::Field { key: fault.key, detail: fault.detail })
        })
    }
}

/// Where the contact of a row is.
fn read_place(values: &BTreeMap<&Column, &str>) -> Result<Place, RowError> {
    let line = |column: Column, limit: usize, name: &str| -> Result<Option<String>, RowError> {
        let Some(text) = values.get(&column) else { return Ok(None) };
        if !place::is_one_line(text) {
            return Err(RowError::Lines { column: name.to_owned() });
        }
        Ok(Some(within(text, limit, name)?.to_owned()))
    };
    Ok(Place {
        address: values
            .get(&Column::Address)
            .map(|address| within(address, MAX_ADDRESS, "address").map(str::to_owned))
            .transpose()?,
        city: line(Column::City, MAX_CITY, "city")?,
        state: line(Column::State, MAX_STATE, "state")?,
        country: values
            .get(&Column::Country)
            .map(|word| place::country(word).ok_or_else(|| RowError::Country(shown(word))))
            .transpose()?,
    })
}

/// Addresses in one field, between `;` or `|`, without the first one and without repetitions.
fn other_emails(field: Option<&str>, first: Option<&str>) -> Result<Vec<String>, RowError> {
    let mut emails: Vec<String> = Vec::new();
    for email in field.iter().flat_map(|field| field.split([';', '|', '\n'])).map(str::trim) {
        let known = |other: &str| other.to_lowercase() == email.to_lowercase();
        if email.is_empty() || first.is_some_and(known) || emails.iter().any(|other| known(other)) {
            continue;
        }
        within(email, MAX_EMAIL, "other_emails")?;
        if !is_email(email) {
            return Err(RowError::Email(shown(email)));
        }
        if emails.len() == MAX_EMAILS {
            return Err(RowError::TooManyEmails);
        }
        emails.push(email.to_owned());
    }
    Ok(emails)
}

/// Without the apostrophe by which an export keeps a spreadsheet from computing what begins like a formula.
fn plain(value: &str) -> &str {
    match value.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
        _ => value,
    }
}

fn kind(word: &str) -> Option<ContactKind> {
    let word = word.to_lowercase().replace([' ', '-'], "_");
    ContactKind::ALL.into_iter().find(|kind| kind.name() == word)
}

fn gender(word: &str) -> Option<&'static str> {
    Some(match word.to_lowercase().as_str() {
        "male" | "m" => "Male",
        "female" | "f" => "Female",
        "other" | "o" | "x" => "Other",
        _ => return None,
    })
}

fn phones(values: &BTreeMap<&Column, &str>, region: Region) -> Result<Vec<ImportPhone>, RowError> {
    let mut phones: Vec<ImportPhone> = Vec::new();
    let label = |number: u8| -> Result<Option<String>, RowError> {
        values
            .get(&Column::Label(number))
            .map(|label| within(label, MAX_LABEL, "label").map(str::to_owned))
            .transpose()
    };
    let mut add = |raw: &str, label: Option<String>| -> Result<(), RowError> {
        let raw = raw.trim();
        if raw.is_empty() {
            return Ok(());
        }
        within(raw, MAX_RAW_NUMBER, "phone")?;
        let PartyNumber::E164(e164) = normalise(raw, region) else { return Err(RowError::Phone(shown(raw))) };
        if phones.iter().any(|phone| phone.e164 == e164) {
            return Ok(());
        }
        if phones.len() == MAX_NUMBERS {
            return Err(RowError::TooManyNumbers);
        }
        phones.push(ImportPhone { e164, raw: raw.to_owned(), label });
        Ok(())
    };
    for (column, value) in values {
        if let Column::Phone(number) = column {
            // A field of one number may still hold several.
            for raw in split(value) {
                add(&raw, label(*number)?)?;
            }
        }
    }
    if let Some(value) = values.get(&Column::Phones) {
        for raw in split(value) {
            add(&raw, label(1)?)?;
        }
    }
    Ok(phones)
}

/// Several numbers in one field, between `;` or `|`. A parameter of a tel: URI stays with its number.
fn split(field: &str) -> Vec<Cow<'_, str>> {
    let mut numbers: Vec<Cow<'_, str>> = Vec::new();
    for part in field.split([';', '|', '\n']) {
        let name = part.split('=').next().unwrap_or_default().trim();
        let parameter = part.contains('=') && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
        match numbers.last_mut() {
            Some(number) if parameter => *number = Cow::Owned(format!("{number};{part}")),
            _ => numbers.push(Cow::Borrowed(part)),
        }
    }
    numbers
}

fn within<'a>(value: &'a str, limit: usize, column: &str) -> Result<&'a str, RowError> {
    if value.chars().count() > limit {
        return Err(RowError::TooLong { column: column.to_owned(), limit });
    }
    Ok(value)
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    !local.is_empty()
        && !local.contains('@')
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// As much of a value as a reason quotes.
fn shown(value: &str) -> String {
    value.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(header: &str) -> Result<Columns, HeaderError> {
        Columns::from_header(header.split(',').map(str::as_bytes))
    }

    fn row(header: &str, row: &str) -> Result<ImportRow, RowError> {
        columns(header).unwrap().row(row.split(',').map(str::as_bytes), "FR".parse().unwrap())
    }

    #[test]
    fn a_row_says_who_and_which_numbers() {
        let header = "kind,full_name,organization,gender,email,phone,label,phone2,label 2,phones";
        let read = row(header, "Organization-Contact, Ann Lee ,Acme,f,ann@acme.example,06 12 34 56 78,work,+44 20 7183 8750,London,0612345678|01 99 00 00 01;tel:+33199000002;ext=5").unwrap();
        assert_eq!(read.kind, ContactKind::OrganizationContact);
        assert_eq!((read.name.as_str(), read.organization.as_deref()), ("Ann Lee", Some("Acme")));
        assert_eq!((read.gender, read.email.as_deref()), (Some("Female"), Some("ann@acme.example")));
        let phones: Vec<(String, Option<&str>)> =
            read.phones.iter().map(|phone| (phone.e164.to_string(), phone.label.as_deref())).collect();
        assert_eq!(
            phones,
            [
                ("+33612345678".to_owned(), Some("work")),
                ("+442071838750".to_owned(), Some("London")),
                ("+33199000001".to_owned(), Some("work")),
                ("+33199000002".to_owned(), Some("work")),
            ]
        );
    }

    #[test]
    fn what_an_export_has_written_is_read_again() {
        let read = row("name,phones", "'=Ann,'+33639980001 | +33639980002").unwrap();
        assert_eq!((read.name.as_str(), read.phones.len()), ("=Ann", 2));
        assert_eq!(row("name", "'t Hart").unwrap().name, "'t Hart");
    }

    #[test]
    fn fields_of_the_tenants_own_and_all_else_that_is_known_of_a_person() {
        use crate::directory::custom::FieldType;
        let field =
            |key: &str, kind, required| Field { key: key.to_owned(), kind, choices: Vec::new(), required };
        let own = OwnFields::from([
            (
                ContactKind::Individual,
                vec![field("seats", FieldType::Number, false), field("vip", FieldType::Boolean, true)],
            ),
            (ContactKind::Organization, vec![field("vat", FieldType::Text, false)]),
        ]);
        let read = |header: &str, line: &str| {
            let columns = columns(header).unwrap().knowing(own.clone());
            columns.row(line.split(',').map(str::as_bytes), Region::UNKNOWN)
        };
        let header =
            "name,date of birth,address,status,email,other_emails,custom.seats,custom.vip,custom.vat";
        let ann = read(
            header,
            "Ann,1984-02-29,1 Elm St,Suspended,a@x.example,b@x.example;A@x.example|B@x.example,4,yes,",
        )
        .unwrap();
        assert_eq!(ann.dob, NaiveDate::from_ymd_opt(1984, 2, 29));
        assert_eq!((ann.place.address.as_deref(), ann.standing), (Some("1 Elm St"), Standing::Suspended));
        assert_eq!(ann.other_emails, ["b@x.example"]);
        assert_eq!(Value::Object(ann.custom), serde_json::json!({"seats": 4, "vip": true}));
        let acme = read("kind,name,dob,custom.vat,custom.vip", "organization,Acme,1984-02-29,FR1,").unwrap();
        assert_eq!((acme.dob, Value::Object(acme.custom)), (None, serde_json::json!({"vat": "FR1"})));
        let exported = read("name,custom", "Ann,{\"vip\":false}").unwrap();
        assert_eq!(Value::Object(exported.custom), serde_json::json!({"vip": false}));

        let detail = |key: &str, detail: &str| RowError::Field { key: key.into(), detail: detail.into() };
        for (header, line, fault) in [
            ("name,dob,custom.vip", "Ann,29.02.1984,no", RowError::Dob("29.02.1984".into())),
            ("name,status,custom.vip", "Ann,gone,no", RowError::Status("gone".into())),
            ("name,other_emails,custom.vip", "Ann,b@,no", RowError::Email("b@".into())),
            ("name,custom", "Ann,[]", RowError::Custom),
            ("name", "Ann", detail("vip", "is required")),
            ("name,custom.vip", "Ann,maybe", detail("vip", "must be true or false")),
            (
                "name,custom.vip,custom.shoe",
                "Ann,no,43",
                detail("shoe", "is no field of any kind of contact"),
            ),
        ] {
            assert_eq!(read(header, line), Err(fault), "{header}: {line}");
        }
    }

    #[test]
    fn where_somebody_is_and_what_the_tax_office_knows_them_by() {
        let part = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let place = |address: &str, city: &str, state: &str, country: &str| Place {
            address: part(address),
            city: part(city),
            state: part(state),
            country: part(country),
        };
        for header in [
            "kind,name,organization,address,city,state,country,tax id",
            "Kind,Name,Organisation,Anschrift,Ort,Bundesland,Land,USt-IdNr.",
        ] {
            let read = |line: &str| row(header, line).unwrap();
            let acme = read("organization,Acme,,Weg 1,Köln,NRW,de, DE 1 ");
            assert_eq!((acme.place, acme.tax_id), (place("Weg 1", "Köln", "NRW", "DE"), part("DE 1")));
            let ann = read("organization_contact,Ann,Acme,,Köln,,DE,DE1");
            assert_eq!((ann.place, ann.tax_id), (place("", "Köln", "", "DE"), None));
            let bob = read("individual,Bob,,Weg 2,,,,");
            assert_eq!((bob.place, bob.tax_id), (place("Weg 2", "", "", ""), None));
        }
        let mail = row("kind,name,email,city,country", "email_contact,M,m@x.example,Köln,nowhere").unwrap();
        assert_eq!(mail.place, Place::default(), "who is known by mail alone is nowhere");
        let long = "x".repeat(201);
        for (header, line, fault) in [
            ("name,country", "Bob,Germany", RowError::Country("Germany".into())),
            ("name,city", &*format!("Bob,{long}"), RowError::TooLong { column: "city".into(), limit: 200 }),
            ("name,state", &*format!("Bob,{long}"), RowError::TooLong { column: "state".into(), limit: 200 }),
            ("name,city", "Bob,Ly\non", RowError::Lines { column: "city".into() }),
            (
                "kind,name,tax_id",
                &*format!("organization,Acme,{long}"),
                RowError::TaxId(tax_id::NoTaxId::Length),
            ),
        ] {
            assert_eq!(row(header, line), Err(fault), "{header}: {line}");
        }
        let wanted = columns("kind,name,tax_id").unwrap().requiring_tax_id(true);
        let read = |line: &str| wanted.row(line.split(',').map(str::as_bytes), Region::UNKNOWN);
        assert_eq!(read("organization,Acme,"), Err(RowError::NoTaxId));
        assert!(read("organization,Acme,DE1").is_ok() && read("individual,Bob,").is_ok());
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let read = row("name,phone", "Bob,").unwrap();
        assert_eq!(read.kind, ContactKind::Individual);
        assert!(read.phones.is_empty() && read.gender.is_none() && read.email.is_none());
        assert_eq!(
            row("kind,name,gender", "organization,Acme,M").unwrap().gender,
            None,
            "an organization has none"
        );
    }

    #[test]
    fn reasons_to_refuse_a_row() {
        let long = "x".repeat(201);
        let address = format!("{}@example.com", "x".repeat(320));
        let many: Vec<String> = (0..51).map(|n| format!("+336123456{n:02}")).collect();
        for (header, line, expected) in [
            ("name,phone", "Bob", RowError::FieldCount { found: 1, expected: 2 }),
            ("name,phone", "Bob,1,2", RowError::FieldCount { found: 3, expected: 2 }),
            ("name,phone", " ,0612345678", RowError::NoName),
            ("name", &*long, RowError::TooLong { column: "name".into(), limit: 200 }),
            (
                "name,email",
                &*format!("Bob,{address}"),
                RowError::TooLong { column: "email".into(), limit: 320 },
            ),
            ("name,kind", "Bob,dog", RowError::Kind("dog".into())),
            ("name,gender", "Bob,unsure", RowError::Gender("unsure".into())),
            ("name,email", "Bob,bob@", RowError::Email("bob@".into())),
            ("name,email", "Bob,b ob@example.com", RowError::Email("b ob@example.com".into())),
            ("name,kind", "Bob,email_contact", RowError::NoEmail),
            ("name,kind", "Bob,organization_contact", RowError::NoOrganization),
            ("name,phone", "Bob,12", RowError::Phone("12".into())),
            ("name,phone", "Bob,0612345678;nonsense", RowError::Phone("nonsense".into())),
            ("name,phone", "Bob,anonymous", RowError::Phone("anonymous".into())),
            ("name,phones", &*format!("Bob,{}", many.join("|")), RowError::TooManyNumbers),
            ("name,phone", "B\0b,0612345678", RowError::Null { column: "name".into() }),
        ] {
            assert_eq!(row(header, line), Err(expected), "{line}");
        }
        let broken = columns("name,phone").unwrap().row([&b"B\xff"[..], b""], Region::UNKNOWN);
        assert_eq!(broken, Err(RowError::NotUtf8 { column: "name".into() }));
    }

    #[test]
    fn columns_hold_what_the_mapping_says() {
        let mapping = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, meaning)| ((*name).to_owned(), (*meaning).to_owned())).collect()
        };
        let header = |pairs: &[(&str, &str)]| {
            Columns::mapped("Nom,Mobile,phone".split(',').map(str::as_bytes), &mapping(pairs))
        };
        let guessed = |pairs: &[(&str, &str)]| -> Vec<String> {
            let guessed = Columns::guessed("Nom,Mobile,phone".split(',').map(str::as_bytes), &mapping(pairs));
            guessed.into_iter().map(|(_, meaning)| meaning.unwrap_or_default()).collect()
        };
        assert!(header(&[("Nom", "name"), ("Mobile", "phone2")]).is_ok());
        assert_eq!(guessed(&[("Nom", "name"), ("Mobile", "phone2")]), ["name", "phone2", "phone"]);
        assert_eq!(guessed(&[]), ["", "", "phone"], "of a header that does not do as well");
        let read = header(&[("Nom", "full name"), ("phone", IGNORE)]).unwrap();
        assert_eq!(read.unknown().collect::<Vec<_>>(), ["Mobile", "phone"]);
        for (pairs, fault) in [
            (&[("Mobile", "phone")][..], HeaderError::Twice("phone".into())),
            (&[("Nom", "shoe")], HeaderError::NoMeaning("shoe".into())),
            (&[("Nom", "name"), ("Fax", "phone3")], HeaderError::NoColumn("Fax".into())),
            (&[("Nom", IGNORE)], HeaderError::NoName),
        ] {
            assert_eq!(header(pairs).unwrap_err(), fault);
        }
    }

    #[test]
    fn headers() {
        assert_eq!(columns("").unwrap_err(), HeaderError::Empty);
        assert_eq!(columns("phone,email").unwrap_err(), HeaderError::NoName);
        assert_eq!(columns("name,phone,Phone 1").unwrap_err(), HeaderError::Twice("Phone 1".into()));
        assert_eq!(Columns::from_header([&b"\xff"[..]]).unwrap_err(), HeaderError::NotUtf8);
        let read = columns("\u{feff}Full Name,Shoe size,phone,phone 21").unwrap();
        assert_eq!(read.unknown().collect::<Vec<_>>(), ["Shoe size", "phone 21"]);
    }
}
