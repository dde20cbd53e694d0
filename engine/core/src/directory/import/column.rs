//! What a column of a contact file holds, by its name: as a mapping says it, and as the headers of files are called, in English and
//! where somebody is in German too.

/// What the names of columns with fields of the tenant's own begin with.
const OWN: &str = "custom.";

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    Kind,
    Name,
    Organization,
    Gender,
    Email,
    /// Several numbers in one field.
    Phones,
    /// `phone` is the first, `phone2` the second.
    Phone(u8),
    Label(u8),
    /// Addresses beside `email`, several in one field.
    OtherEmails,
    Dob,
    Address,
    City,
    State,
    Country,
    TaxId,
    Status,
    /// Fields of the tenant's own as a JSON object, as exports have them.
    Custom,
    /// One field of the tenant's own, by its key.
    Own(String),
    Unknown,
}

impl Column {
    /// Its name in a mapping.
    pub(super) fn meaning(&self) -> Option<String> {
        let numbered =
            |word: &str, number: u8| if number == 1 { word.to_owned() } else { format!("{word}{number}") };
        Some(match self {
            Self::Kind => "kind".to_owned(),
            Self::Name => "name".to_owned(),
            Self::Organization => "organization".to_owned(),
            Self::Gender => "gender".to_owned(),
            Self::Email => "email".to_owned(),
            Self::Phones => "phones".to_owned(),
            Self::Phone(number) => numbered("phone", *number),
            Self::Label(number) => numbered("label", *number),
            Self::OtherEmails => "other_emails".to_owned(),
            Self::Dob => "dob".to_owned(),
            Self::Address => "address".to_owned(),
            Self::City => "city".to_owned(),
            Self::State => "state".to_owned(),
            Self::Country => "country".to_owned(),
            Self::TaxId => "tax_id".to_owned(),
            Self::Status => "status".to_owned(),
            Self::Custom => "custom".to_owned(),
            Self::Own(key) => format!("{OWN}{key}"),
            Self::Unknown => return None,
        })
    }
}

/// What a column of this name holds.
pub(super) fn column(name: &str) -> Column {
    let name = name.to_lowercase().replace([' ', '-'], "_");
    let numbered = |prefix: &str| {
        let rest = name.strip_prefix(prefix)?;
        let rest = rest.strip_prefix('_').unwrap_or(rest);
        if rest.is_empty() {
            Some(1)
        } else {
            rest.parse::<u8>().ok().filter(|number| (1..=20).contains(number))
        }
    };
    match name.as_str() {
        "kind" | "type" => Column::Kind,
        "name" | "full_name" => Column::Name,
        "organization" | "organisation" | "company" => Column::Organization,
        "gender" => Column::Gender,
        "email" | "e_mail" => Column::Email,
        "other_emails" => Column::OtherEmails,
        "dob" | "date_of_birth" | "birth_date" | "birthday" => Column::Dob,
        "address" | "postal_address" | "adresse" | "anschrift" => Column::Address,
        "city" | "town" | "ort" | "stadt" | "wohnort" => Column::City,
        "state" | "province" | "bundesland" | "kanton" => Column::State,
        // Not `country_code`, which is the beginning of a number as often.
        "country" | "land" | "länderkürzel" => Column::Country,
        "tax_id" | "tax_number" | "vat_id" | "vat_number" | "ust_id" | "ust_idnr" | "ust_idnr."
        | "ust_id_nr" | "ust_id_nr." | "steuernummer" | "steuer_id" => Column::TaxId,
        "status" => Column::Status,
        "custom" => Column::Custom,
        "phones" => Column::Phones,
        _ => numbered("phone")
            .map(Column::Phone)
            .or_else(|| numbered("label").map(Column::Label))
            .or_else(|| {
                name.strip_prefix(OWN).filter(|key| !key.is_empty()).map(|key| Column::Own(key.to_owned()))
            })
            .unwrap_or(Column::Unknown),
    }
}
