//! The fields that contacts share: telephone numbers in and out, gender, e-mail, date of birth, profiles, where they are.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use switchroom_api_base::{Errors, Patch, Problem, body::object};
use switchroom_core::{
    directory::{
        ContactKind, custom,
        place::{self, MAX_ADDRESS, MAX_CITY, MAX_STATE, Place},
        tax_id,
    },
    number::{PartyNumber, Region, normalise},
};
use switchroom_store::{
    TenantTx, contact_fields,
    emails::{Email, settle as settle_emails},
    phones::{Phone, PhoneFilter, settle},
    places::PlacePatch,
};
use utoipa::ToSchema;

/// Numbers of one contact; nobody has more, and a shared list of thousands would be a mistake.
const MAX_PHONES: usize = 50;
const MAX_EMAILS: usize = 20;
const MAX_LINKS: usize = 20;
/// Who offers profiles (IND-12), as they are compared.
const PLATFORMS: &[&str] =
    &["facebook", "instagram", "twitter", "x", "twitter/x", "linkedin", "whatsapp", "tiktok"];

/// A telephone number as it is sent in: text in any form, or with a label.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum PhoneInput {
    Text(String),
    Full(#[serde(deserialize_with = "object")] PhoneFields),
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneFields {
    #[schema(example = "06 12 34 56 78")]
    number: String,
    #[serde(default)]
    #[schema(example = "mobile")]
    label: Option<String>,
    /// One number of a contact is its primary one; the first, if none is marked.
    #[serde(default)]
    primary: Option<bool>,
}

/// A telephone number as it is sent out.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PhoneView {
    #[schema(example = "+33612345678")]
    pub e164: String,
    /// As it was typed.
    pub raw: String,
    pub label: Option<String>,
    pub primary: bool,
}

impl From<Phone> for PhoneView {
    fn from(phone: Phone) -> Self {
        Self { e164: phone.e164.to_string(), raw: phone.raw, label: phone.label, primary: phone.primary }
    }
}

pub(crate) fn phone_views(phones: Vec<Phone>) -> Vec<PhoneView> {
    phones.into_iter().map(PhoneView::from).collect()
}

/// The numbers, normalised. Lengths, marks and numbers that are none are told one by one.
pub(crate) fn phones(inputs: &[PhoneInput], region: Region) -> Result<Vec<Phone>, Problem> {
    let mut errors = Errors::default();
    let mut phones = Vec::with_capacity(inputs.len().min(MAX_PHONES));
    let mut marked = false;
    if inputs.len() > MAX_PHONES {
        errors.push("/phones", format!("must have at most {MAX_PHONES} numbers"));
    }
    for (index, input) in inputs.iter().take(MAX_PHONES).enumerate() {
        let (number, label, primary, pointer) = match input {
            PhoneInput::Text(number) => (number, None, false, format!("/phones/{index}")),
            PhoneInput::Full(fields) => (
                &fields.number,
                fields.label.as_deref().map(str::trim).filter(|label| !label.is_empty()),
                fields.primary.unwrap_or(false),
                format!("/phones/{index}/number"),
            ),
        };
        errors.optional_text(&format!("/phones/{index}/label"), label, 0, 60);
        if primary && marked {
            errors.push(format!("/phones/{index}/primary"), "only one number is the primary one");
        }
        marked |= primary;
        let raw = number.trim();
        if raw.chars().count() > 100 {
            errors.push(pointer, "must have at most 100 characters");
            continue;
        }
        match normalise(raw, region) {
            PartyNumber::E164(e164) => {
                phones.push(Phone { e164, raw: raw.to_owned(), label: label.map(str::to_owned), primary });
            }
            PartyNumber::Extension(_) | PartyNumber::Anonymous | PartyNumber::Invalid(_) => {
                errors.push(pointer, "is not a telephone number");
            }
        }
    }
    errors.into_result()?;
    Ok(settle(phones))
}

/// The list of a PATCH: absent = unchanged, null = emptied.
pub(crate) fn patched_phones(
    field: Patch<Vec<PhoneInput>>,
    region: Region,
) -> Result<Option<Vec<Phone>>, Problem> {
    match field {
        Patch::Absent => Ok(None),
        Patch::Null => Ok(Some(Vec::new())),
        Patch::Value(inputs) => phones(&inputs, region).map(Some),
    }
}

/// An address as it is sent in: text, or with a label.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum EmailInput {
    Text(String),
    Full(#[serde(deserialize_with = "object")] EmailFields),
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailFields {
    #[schema(example = "ada@customer.example")]
    email: String,
    #[serde(default)]
    #[schema(example = "work")]
    label: Option<String>,
    /// One address of a contact is its primary one; the first, if none is marked.
    #[serde(default)]
    primary: Option<bool>,
}

/// An address as it is sent out.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EmailView {
    #[schema(example = "ada@customer.example")]
    pub email: String,
    pub label: Option<String>,
    pub primary: bool,
}

pub(crate) fn email_views(emails: Vec<Email>) -> Vec<EmailView> {
    emails
        .into_iter()
        .map(|email| EmailView { email: email.email, label: email.label, primary: email.primary })
        .collect()
}

pub(crate) fn check_emails(errors: &mut Errors, inputs: &[EmailInput]) {
    if inputs.len() > MAX_EMAILS {
        errors.push("/emails", format!("must have at most {MAX_EMAILS} addresses"));
    }
    let mut marked = false;
    for (index, input) in inputs.iter().take(MAX_EMAILS).enumerate() {
        match input {
            EmailInput::Text(email) => check_email(errors, &format!("/emails/{index}"), Some(email)),
            EmailInput::Full(fields) => {
                check_email(errors, &format!("/emails/{index}/email"), Some(&fields.email));
                errors.optional_text(&format!("/emails/{index}/label"), fields.label.as_deref(), 0, 60);
                let primary = fields.primary.unwrap_or(false);
                if primary && marked {
                    errors.push(format!("/emails/{index}/primary"), "only one address is the primary one");
                }
                marked |= primary;
            }
        }
    }
}

/// The addresses, after [`check_emails`] found them good.
pub(crate) fn emails(inputs: Vec<EmailInput>) -> Vec<Email> {
    let read = inputs.into_iter().map(|input| match input {
        EmailInput::Text(email) => Email { email, label: None, primary: false },
        EmailInput::Full(fields) => Email {
            email: fields.email,
            label: trimmed(fields.label),
            primary: fields.primary.unwrap_or(false),
        },
    });
    settle_emails(read.collect())
}

/// The list of a PATCH: absent = unchanged, null = emptied.
pub(crate) fn patched_emails(field: Patch<Vec<EmailInput>>) -> Option<Vec<Email>> {
    match field {
        Patch::Absent => None,
        Patch::Null => Some(Vec::new()),
        Patch::Value(inputs) => Some(emails(inputs)),
    }
}

/// Values of the tenant's own fields, checked by their definitions: `whole` of a new contact, else merged.
pub(crate) async fn custom_values(
    tx: &mut TenantTx,
    kind: ContactKind,
    values: Option<&Map<String, Value>>,
    whole: bool,
) -> Result<Map<String, Value>, Problem> {
    let none = Map::new();
    let values = values.unwrap_or(&none);
    if values.is_empty() && !whole {
        return Ok(none);
    }
    let fields = contact_fields::of(tx, kind).await?;
    custom::check(&fields, values, whole).map_err(|faults| {
        let mut errors = Errors::default();
        for fault in faults {
            errors.push(format!("/custom/{}", fault.key.replace('~', "~0").replace('/', "~1")), fault.detail);
        }
        errors.into_result().err().unwrap_or_else(Problem::internal)
    })
}

/// A number to search by: exact where the text is one, else its first digits, else nobody.
pub(crate) fn phone_filter(text: &str, region: Region) -> PhoneFilter {
    if let PartyNumber::E164(number) = normalise(text, region) {
        return PhoneFilter::Exact(number);
    }
    let text = text.trim();
    let plain = text.len() <= 40 && text.chars().all(|c| c.is_ascii_digit() || "+-./() ".contains(c));
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if !plain || !(2..=15).contains(&digits.len()) {
        return PhoneFilter::Nobody;
    }
    let international = if text.starts_with('+') { Some(digits.as_str()) } else { digits.strip_prefix("00") };
    if let Some(international) = international {
        return match international {
            "" => PhoneFilter::Nobody,
            digits => PhoneFilter::Prefix(vec![digits.to_owned()]),
        };
    }
    // Without a plus: the country's code may have been left out, or only the plus.
    let mut prefixes = Vec::new();
    if !digits.starts_with('0') {
        prefixes.push(digits.clone());
    }
    prefixes.extend(national_prefix(&digits, region));
    if prefixes.is_empty() { PhoneFilter::Nobody } else { PhoneFilter::Prefix(prefixes) }
}

/// The first digits of a national number, in international form: the number is completed with digits until it is one,
/// and what was added is taken off again.
fn national_prefix(digits: &str, region: Region) -> Option<String> {
    const COMPLETION: &str = "2345678923";
    (1..=COMPLETION.len()).rev().find_map(|added| {
        let number = normalise(&format!("{digits}{}", &COMPLETION[..added]), region).e164()?.to_string();
        number.strip_suffix(&COMPLETION[..added]).map(|prefix| prefix.trim_start_matches('+').to_owned())
    })
}

/// Male, Female, Other; null = unknown (K-30).
pub(crate) fn check_gender(errors: &mut Errors, pointer: &str, gender: Option<&str>) {
    if gender.is_some_and(|gender| !matches!(gender, "Male" | "Female" | "Other")) {
        errors.push(pointer, "must be Male, Female, Other or null");
    }
}

/// An address of an e-mail box at a domain that has a dot.
pub(crate) fn check_email(errors: &mut Errors, pointer: &str, email: Option<&str>) {
    let Some(email) = email else { return };
    let domain_is_dotted = email.rsplit_once('@').is_some_and(|(_, domain)| {
        domain.contains('.')
            && domain
                .split('.')
                .all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'))
    });
    if email.chars().count() > 320 || email.len() > 320 || !domain_is_dotted {
        errors.push(pointer, "is not an e-mail address");
    } else {
        errors.email(pointer, email);
    }
}

pub(crate) fn check_dob(errors: &mut Errors, pointer: &str, dob: Option<NaiveDate>) {
    if let Some(dob) = dob {
        if dob > chrono::Utc::now().date_naive() {
            errors.push(pointer, "must not be in the future");
        } else if dob < NaiveDate::from_ymd_opt(1850, 1, 1).unwrap_or_default() {
            errors.push(pointer, "must not be before 1850");
        }
    }
}

/// Where somebody is, as a body says it: the four fields of every kind that has them.
pub(crate) struct PlaceInput<'a> {
    pub address: Option<&'a str>,
    pub city: Option<&'a str>,
    pub state: Option<&'a str>,
    pub country: Option<&'a str>,
}

pub(crate) fn check_place(errors: &mut Errors, place: &PlaceInput<'_>) {
    errors.optional_text("/address", place.address, 0, MAX_ADDRESS);
    for (pointer, text, most) in [("/city", place.city, MAX_CITY), ("/state", place.state, MAX_STATE)] {
        errors.optional_text(pointer, text, 0, most);
        if text.is_some_and(|text| !place::is_one_line(text)) {
            errors.push(pointer, "must be one line");
        }
    }
    if place.country.is_some_and(|code| place::country(code).is_none()) {
        errors.push("/country", NO_COUNTRY);
    }
}

pub(crate) const NO_COUNTRY: &str = "must be a country by its code of ISO 3166-1, such as FR";

/// The place of a new contact, after [`check_place`] found it good.
pub(crate) fn place_in(
    address: Option<String>,
    city: Option<String>,
    state: Option<String>,
    country: Option<&str>,
) -> Place {
    Place {
        address: trimmed(address),
        city: trimmed(city),
        state: trimmed(state),
        country: country.and_then(place::country),
    }
}

/// The place of a PATCH, after [`check_place`] found it good.
pub(crate) fn patched_place(
    address: Patch<String>,
    city: Patch<String>,
    state: Patch<String>,
    country: Patch<String>,
) -> PlacePatch {
    PlacePatch {
        address: patched(address),
        city: patched(city),
        state: patched(state),
        country: patched(country).map(|country| country.as_deref().and_then(place::country)),
    }
}

pub(crate) fn check_tax_id(errors: &mut Errors, text: Option<&str>) {
    if let Some(Err(fault)) = text.map(tax_id::read) {
        errors.push("/tax_id", fault.to_string());
    }
}

/// A profile on a social platform.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SocialLink {
    /// Facebook, Instagram, Twitter/X, LinkedIn, WhatsApp or TikTok.
    #[schema(example = "LinkedIn")]
    pub platform: String,
    /// http or https.
    #[schema(example = "https://www.linkedin.com/in/ada")]
    pub url: String,
}

pub(crate) fn check_links(errors: &mut Errors, links: &[SocialLink]) {
    if links.len() > MAX_LINKS {
        errors.push("/social_media", format!("must have at most {MAX_LINKS} profiles"));
    }
    for (index, link) in links.iter().enumerate().take(MAX_LINKS) {
        if !PLATFORMS.contains(&link.platform.trim().to_lowercase().as_str()) {
            errors.push(
                format!("/social_media/{index}/platform"),
                "must be Facebook, Instagram, Twitter/X, LinkedIn, WhatsApp or TikTok",
            );
        }
        if !is_web_address(&link.url) {
            errors.push(format!("/social_media/{index}/url"), "must be an http or https address");
        }
    }
}

/// Only what a browser opens as a page: `javascript:` and `data:` would run in ours.
fn is_web_address(url: &str) -> bool {
    let lower = url.to_ascii_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
    url.len() <= 2000
        && !url
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '\\' | '`'))
        && rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric() || c == '['))
}

pub(crate) fn links_in(links: Vec<SocialLink>) -> Vec<switchroom_store::individuals::SocialLink> {
    links
        .into_iter()
        .map(|link| switchroom_store::individuals::SocialLink {
            platform: link.platform.trim().to_owned(),
            url: link.url,
        })
        .collect()
}

/// Outer `None` = absent, inner `None` = null; blanks around it are no part of a text, and nothing but blanks is null.
pub(crate) fn patched(field: Patch<String>) -> Option<Option<String>> {
    match field {
        Patch::Absent => None,
        Patch::Null => Some(None),
        Patch::Value(text) => Some(trimmed(Some(text))),
    }
}

/// Without the blanks around it; null where nothing is left.
pub(crate) fn trimmed(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A field of a PATCH that cannot be emptied.
pub(crate) fn check_not_null<T>(errors: &mut Errors, pointer: &str, field: &Patch<T>) {
    if matches!(field, Patch::Null) {
        errors.push(pointer, "must not be null");
    }
}

pub(crate) fn value<T>(field: Patch<T>) -> Option<T> {
    match field {
        Patch::Value(value) => Some(value),
        Patch::Absent | Patch::Null => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fr() -> Region {
        "FR".parse().unwrap()
    }

    #[test]
    fn searching_by_any_form() {
        let exact = |text: &str| phone_filter(text, fr());
        for form in ["+33612345678", "0612345678", "06 12 34 56 78", "0033612345678", "tel:+33-6-12-34-56-78"]
        {
            assert_eq!(exact(form), PhoneFilter::Exact("+33612345678".parse().unwrap()), "{form}");
        }
        assert_eq!(exact("+336"), PhoneFilter::Prefix(vec!["336".into()]));
        assert_eq!(exact("00336"), PhoneFilter::Prefix(vec!["336".into()]));
        assert_eq!(exact("06 12"), PhoneFilter::Prefix(vec!["33612".into()]));
        let PhoneFilter::Prefix(both) = exact("33612") else { panic!("a prefix") };
        assert!(both.contains(&"33612".to_owned()));
        for nobody in ["", "%", "_", "anonymous", "+", "00", "1", "abc06", "06' OR '1'='1", "\u{202e}06"] {
            assert_eq!(exact(nobody), PhoneFilter::Nobody, "{nobody:?}");
        }
    }

    #[test]
    fn phones_in() {
        let text = |number: &str| PhoneInput::Text(number.into());
        let both =
            phones(&[text("06 12 34 56 78"), text("+33612345678"), text("+33198765432")], fr()).unwrap();
        assert_eq!(both.len(), 2);
        assert_eq!(both[0].raw, "06 12 34 56 78");
        assert!(both[0].primary && !both[1].primary);
        for bad in ["201", "anonymous", "", "hello", "+339999999999999999999"] {
            let problem = format!("{:?}", phones(&[text(bad)], fr()).unwrap_err());
            assert!(problem.contains("/phones/0"), "{bad}: {problem}");
        }
    }

    #[test]
    fn only_web_addresses() {
        for good in ["https://x.com/a", "http://linkedin.com", "HTTPS://tiktok.com/@a?b=c"] {
            assert!(is_web_address(good), "{good}");
        }
        for bad in [
            "",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://",
            "http:// x",
            "ftp://x.com",
            "//x.com",
            "https://x.com/\"onload=",
            "java\nscript:x",
        ] {
            assert!(!is_web_address(bad), "{bad}");
        }
    }

    #[test]
    fn emails_have_a_domain_with_a_dot() {
        for (email, fine) in [
            ("a@b.example", true),
            ("a@b", false),
            ("a@b.", false),
            ("a@.b", false),
            ("a b@c.d", false),
            ("a@b@c.d", false),
            ("", false),
            ("a@-b.c", false),
            ("é@b.example", true),
        ] {
            let mut errors = Errors::default();
            check_email(&mut errors, "/email", Some(email));
            assert_eq!(errors.is_empty(), fine, "{email}");
        }
    }
}
