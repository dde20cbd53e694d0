//! What a webhook with a wrong signature costs: headers read, key opened, signature judged and refused, as the hook path
//! does it, without HTTP. The signatures are wrong and well formed, which is as far as a forger gets.

use std::{hint::black_box, time::Instant};

use anyhow::ensure;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use switchroom_bench::figures::{Figure, Target, alone};
use switchroom_core::{ConnectionId, TenantId};
use switchroom_engine::ingest::{
    BODY_LIMIT, Credentials, Headers, HookRequest, Kind,
    accept::{HookConnection, Rejected, read},
};
use uuid::Uuid;

const NOW: i64 = 1_763_632_800;
const URL: &str = "https://desk.example.com/hooks/6f1d2c3b4a5968778695a4b3c2d1e0f9";
/// Of one wrong signature.
const LIMIT_US: f64 = 20.0;
/// What providers send is a few hundred octets.
const USUAL: usize = 700;

struct Forged {
    kind: Kind,
    key: String,
    headers: Vec<(&'static str, String)>,
}

fn forged() -> anyhow::Result<Vec<Forged>> {
    let digest = |length: usize| BASE64_STANDARD.encode((0..length).map(|at| at as u8).collect::<Vec<_>>());
    let ours = Ed25519KeyPair::from_seed_unchecked(&[7; 32])?;
    let theirs = Ed25519KeyPair::from_seed_unchecked(&[8; 32])?;
    let url_safe = |octets: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(octets);
    let claims =
        format!(r#"{{"iat":{NOW},"jti":"c5ba8f24","iss":"Vonage","payload_hash":"{}"}}"#, "0".repeat(64));
    let token =
        [url_safe(br#"{"alg":"HS256","typ":"JWT"}"#), url_safe(claims.as_bytes()), url_safe(&[9; 32])]
            .join(".");
    let (json, form) = ("application/json".to_owned(), "application/x-www-form-urlencoded".to_owned());
    let secret = "a provider's secret of usual length".to_owned();
    type Headers = Vec<(&'static str, String)>;
    let all: [(Kind, String, Headers); 6] = [
        (
            Kind::Generic,
            format!("whsec_{}", digest(24)),
            vec![
                ("content-type", json.clone()),
                ("webhook-id", "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W".to_owned()),
                ("webhook-timestamp", NOW.to_string()),
                ("webhook-signature", format!("v1,{}", digest(32))),
            ],
        ),
        (
            Kind::Twilio,
            secret.clone(),
            vec![("content-type", form.clone()), ("x-twilio-signature", digest(20))],
        ),
        (
            Kind::Telnyx,
            BASE64_STANDARD.encode(ours.public_key().as_ref()),
            vec![
                ("content-type", json.clone()),
                ("telnyx-timestamp", NOW.to_string()),
                ("telnyx-signature-ed25519", BASE64_STANDARD.encode(theirs.sign(b"something else"))),
            ],
        ),
        (
            Kind::Vonage,
            secret.clone(),
            vec![("content-type", json), ("authorization", format!("Bearer {token}"))],
        ),
        (
            Kind::Plivo,
            secret,
            vec![
                ("content-type", form.clone()),
                ("x-plivo-signature-v3", digest(32)),
                ("x-plivo-signature-v3-nonce", "34756534".to_owned()),
            ],
        ),
        (
            Kind::Sipgate,
            "me:a secret".to_owned(),
            vec![
                ("content-type", form),
                ("authorization", format!("Basic {}", BASE64_STANDARD.encode("me:another"))),
            ],
        ),
    ];
    Ok(all.into_iter().map(|(kind, key, headers)| Forged { kind, key, headers }).collect())
}

/// Of so many octets, in the form that the kind takes.
fn body(kind: Kind, length: usize) -> Vec<u8> {
    let mut body = match kind {
        Kind::Generic | Kind::Telnyx | Kind::Vonage => {
            br#"{"call_id":"pbx-77","type":"ringing","filler":""#.to_vec()
        }
        Kind::Twilio | Kind::Plivo | Kind::Sipgate | Kind::Zammad => {
            b"CallSid=CA1234567890ABCDE&From=%2B14158675309&To=%2B18005551212&Filler=".to_vec()
        }
    };
    body.resize(length, b'x');
    body
}

fn cost_us(forged: &Forged, body: &[u8], rounds: u32) -> anyhow::Result<f64> {
    let began = Instant::now();
    for _ in 0..rounds {
        let headers: Headers =
            black_box(&forged.headers).iter().map(|(name, value)| (*name, value)).collect();
        let door = HookConnection {
            id: ConnectionId(Uuid::nil()),
            tenant: TenantId(Uuid::nil()),
            kind: forged.kind,
            credentials: Credentials::from_key(forged.kind, Some(&forged.key)).ok(),
        };
        let request = HookRequest {
            method: "POST",
            url: URL,
            headers: &headers,
            body: black_box(body),
            received_at_us: NOW * 1_000_000,
            now_s: NOW,
        };
        let verdict = black_box(read(&door, &request, 300));
        ensure!(matches!(verdict, Err(Rejected::Unauthentic(_))), "{} was taken: {verdict:?}", forged.kind);
    }
    Ok(began.elapsed().as_secs_f64() * 1e6 / f64::from(rounds))
}

fn main() -> anyhow::Result<()> {
    let short = std::env::args().any(|word| word == "--short");
    let (repeats, rounds) = if short { (5, 2_000) } else { (11, 20_000) };
    let kinds = forged()?;
    let mut usual = vec![Figure::default(); kinds.len()];
    let mut longest = vec![Figure::default(); kinds.len()];
    // Kind by kind within a repeat, so that a slow moment of the machine falls on all of them.
    for _ in 0..repeats {
        for (at, forged) in kinds.iter().enumerate() {
            usual[at].push(cost_us(forged, &body(forged.kind, USUAL), rounds)?);
            longest[at].push(cost_us(forged, &body(forged.kind, BODY_LIMIT), rounds / 50)?);
        }
    }
    for (forged, (usual, longest)) in kinds.iter().zip(usual.iter().zip(&longest)) {
        let what = format!("Wrong signature refused, {}, {USUAL} octets", forged.kind);
        println!("{}", alone(&what, "µs", usual, Target::AtMost(LIMIT_US)));
        let what = format!("Wrong signature refused, {}, 64 KiB, the longest taken", forged.kind);
        println!("{}", alone(&what, "µs", longest, Target::None));
    }
    Ok(())
}
