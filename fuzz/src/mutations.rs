//! Requests that were changed after they were signed, of every kind that signs: none may be taken.
//!
//! A change that leaves what the provider signs as it was (the letter case of `Bearer`, padding of base64, fields in
//! another order) is no change, and is not counted. What a provider does not sign (sipgate's body) is not changed.

use std::collections::BTreeMap;

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use switchroom_engine::ingest::{Credentials, HookRequest, Kind, verify};

use crate::{
    mutate::Dice,
    signing::{FORM, JSON, NOW, RECEIVED_AT_US, credentials, fixtures, headers, media_type, sign},
};

/// Zammad's protocol has no signature: its path is the secret.
pub const SIGNING: [Kind; 6] =
    [Kind::Generic, Kind::Twilio, Kind::Telnyx, Kind::Vonage, Kind::Plivo, Kind::Sipgate];

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A request, signed, on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Signed {
    pub kind: Kind,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub now: i64,
    /// Judged with somebody else's key.
    pub other_key: bool,
}

/// How often each change was refused, and why.
#[derive(Debug, Default)]
pub struct Tally {
    pub refused: BTreeMap<(KindName, &'static str), u64>,
    /// Changes that changed nothing.
    pub harmless: u64,
}

/// A [`Kind`] by its name.
pub type KindName = &'static str;

impl Tally {
    pub fn count(&self) -> u64 {
        self.refused.values().sum()
    }
}

/// Changes and judges requests until so many were refused; the error is one that was taken.
pub fn run(count: u64, seed: u64) -> Result<Tally, Box<Signed>> {
    let mut dice = Dice(seed);
    let mut tally = Tally::default();
    let all: BTreeMap<KindName, Vec<(String, Vec<u8>)>> =
        SIGNING.into_iter().map(|kind| (kind.as_str(), fixtures(kind))).collect();
    while tally.count() < count {
        let kind = SIGNING[dice.below(SIGNING.len())];
        let samples = &all[kind.as_str()];
        let (name, body) = &samples[dice.below(samples.len())];
        let media = media_type(name);
        let (url, headers) = sign(kind, media, body, NOW);
        let sound = Signed { kind, url, headers, body: body.clone(), now: NOW, other_key: false };
        assert_eq!(judge(&sound), Ok(()), "{kind} {name} is sound to begin with");
        let mut changed = sound.clone();
        let other = &samples[dice.below(samples.len())].1;
        for _ in 0..=dice.below(2) {
            change(&mut changed, other, &mut dice);
        }
        if same(&sound, &changed) {
            tally.harmless += 1;
            continue;
        }
        match judge(&changed) {
            Ok(()) => return Err(Box::new(changed)),
            Err(why) => *tally.refused.entry((kind.as_str(), why)).or_default() += 1,
        }
    }
    Ok(tally)
}

pub fn judge(signed: &Signed) -> Result<(), &'static str> {
    let headers = headers(&signed.headers);
    let request = HookRequest {
        method: "POST",
        url: &signed.url,
        headers: &headers,
        body: &signed.body,
        received_at_us: RECEIVED_AT_US,
        now_s: signed.now,
    };
    let held = if signed.other_key { other_credentials(signed.kind) } else { credentials(signed.kind) };
    verify(&request, &held, 300).map_err(|refusal| refusal.as_str())
}

/// The same provider's, of another customer.
fn other_credentials(kind: Kind) -> Credentials {
    let key = match kind {
        Kind::Generic => "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx",
        Kind::Telnyx => "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        Kind::Sipgate => "me:secrets",
        Kind::Twilio | Kind::Vonage | Kind::Plivo | Kind::Zammad => "a provider's secreT",
    };
    Credentials::from_key(kind, Some(key)).expect("a key of the right form")
}

fn change(signed: &mut Signed, other: &[u8], dice: &mut Dice) {
    let signs_body = signed.kind != Kind::Sipgate;
    let headers = signed.headers.len();
    // The media type comes first, and is no part of the signature.
    let one = 1 + dice.below(headers.saturating_sub(1));
    match dice.below(14) {
        0 | 1 if signs_body && !signed.body.is_empty() => {
            let at = dice.below(signed.body.len());
            signed.body[at] ^= 1 << dice.below(8);
        }
        2 if signs_body => signed.body.truncate(dice.below(signed.body.len())),
        3 if signs_body => {
            let extra = b"&x=1 {}\0"[dice.below(8)];
            signed.body.push(extra);
        }
        // The signature of one event under the body of another.
        4 if signs_body => signed.body = other.to_vec(),
        5 if headers > 1 => {
            // A bit of a header, as far as it stays text.
            let mut value = signed.headers[one].1.clone().into_bytes();
            let at = dice.below(value.len());
            if let Some(octet) = value.get_mut(at) {
                *octet ^= 1 << dice.below(7);
            }
            if let Ok(value) = String::from_utf8(value) {
                signed.headers[one].1 = value;
            }
        }
        6 if headers > 1 => {
            let value = &mut signed.headers[one].1;
            let mut end = dice.below(value.len());
            while !value.is_char_boundary(end) {
                end -= 1;
            }
            value.truncate(end);
        }
        7 if headers > 2 => {
            let two = 1 + dice.below(headers - 1);
            let value = signed.headers[one].1.clone();
            signed.headers[one].1 = std::mem::replace(&mut signed.headers[two].1, value);
        }
        8 if headers > 1 => {
            signed.headers.remove(one);
        }
        // Two of a header: one to be checked, one to be believed.
        9 if headers > 1 => {
            let mut copy = signed.headers[one].clone();
            copy.1.push('x');
            signed.headers.insert(one + dice.below(2), copy);
        }
        10 => signed.other_key = true,
        11 if signs_url(signed.kind) => {
            signed.url = match dice.below(4) {
                0 => signed.url.replace("KEY", "OTHER"),
                1 => signed.url.replace("example.com", "example.org"),
                2 => format!("{}{}x=1", signed.url, if signed.url.contains('?') { '&' } else { '?' }),
                _ => signed.url.replace("https", "http"),
            };
        }
        12 if signs_time(signed.kind) => {
            let by = 301 + i64::try_from(dice.below(10_000_000)).unwrap_or(0);
            signed.now += if dice.below(2) == 0 { by } else { -by };
        }
        13 if headers > 1 => {
            let wrong = [
                "",
                "v1,",
                "v1",
                "Bearer ",
                "Basic Og==",
                "AAAA",
                "=",
                "eyJhbGciOiJub25lIn0.e30.",
                "v1a,AAAA",
            ];
            signed.headers[one].1 = wrong[dice.below(wrong.len())].to_owned();
        }
        _ => signed.other_key = true,
    }
}

fn signs_url(kind: Kind) -> bool {
    matches!(kind, Kind::Twilio | Kind::Plivo)
}

fn signs_time(kind: Kind) -> bool {
    matches!(kind, Kind::Generic | Kind::Telnyx | Kind::Vonage)
}

/// Whether what the provider signs, and what shows that it did, is as it was.
fn same(sound: &Signed, changed: &Signed) -> bool {
    let kind = sound.kind;
    let body = match media(sound) {
        _ if kind == Kind::Sipgate => true,
        FORM => fields(&sound.body).is_some_and(|was| fields(&changed.body) == Some(was)),
        _ => sound.body == changed.body,
    };
    let url = !signs_url(kind) || sound.url == changed.url;
    let proof = proof(sound).is_some_and(|was| {
        proof(changed).is_some_and(|is| is.0 == was.0 && was.1.iter().all(|one| is.1.contains(one)))
    });
    body && url && proof && sound.now == changed.now && !changed.other_key
}

fn media(signed: &Signed) -> &str {
    if signed.headers.first().is_some_and(|(_, value)| value == JSON) { JSON } else { FORM }
}

/// Names and values run together, as they are signed.
fn fields(body: &[u8]) -> Option<Vec<String>> {
    let mut pairs: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
    pairs.sort();
    pairs.dedup();
    let text: String = pairs.into_iter().map(|(name, value)| name + &value).collect();
    Some(vec![text])
}

/// What is signed beside the body, and the good signature among those that are shown.
fn proof(signed: &Signed) -> Option<(Vec<String>, Vec<Vec<u8>>)> {
    let get = |name: &str| {
        let mut values = signed.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let first = values.next().map(|(_, value)| value.trim().to_owned());
        first.filter(|_| values.next().is_none())
    };
    let octets = |text: &str| BASE64.decode(text.trim()).ok();
    Some(match signed.kind {
        Kind::Generic => {
            let list = get("webhook-signature")?;
            let good =
                list.split_ascii_whitespace().filter_map(|one| octets(one.strip_prefix("v1,")?)).collect();
            (vec![get("webhook-id")?, get("webhook-timestamp")?], good)
        }
        Kind::Twilio => (Vec::new(), vec![octets(&get("x-twilio-signature")?)?]),
        Kind::Telnyx => (vec![get("telnyx-timestamp")?], vec![octets(&get("telnyx-signature-ed25519")?)?]),
        Kind::Plivo => {
            let list = get("x-plivo-signature-v3")?;
            // The first of the list is nobody's from the beginning.
            let good = list.split(',').filter_map(octets).filter(|one| one.len() == 32).collect();
            (vec![get("x-plivo-signature-v3-nonce")?], good)
        }
        Kind::Vonage | Kind::Sipgate | Kind::Zammad => {
            let value = get("authorization")?;
            let (scheme, rest) = value.split_once(' ')?;
            let rest = rest.trim();
            let shown = match signed.kind {
                Kind::Sipgate => octets(rest)?,
                _ => rest.as_bytes().to_vec(),
            };
            (vec![scheme.to_ascii_lowercase()], vec![shown])
        }
    })
}
