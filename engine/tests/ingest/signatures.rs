//! The providers' own examples, and every way in which a request is not authentic.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::json;
use switchroom_engine::ingest::{Credentials, Headers, HookRequest, Kind, Refusal, verify};

use crate::support::{
    FORM, JSON, NOW, URL, credentials, fixture, fixtures, headers, hex256, hmac1, jwt, media_type, request,
    sign,
};

fn judge(kind: Kind, url: &str, headers: &Headers, body: &[u8], now_s: i64) -> Result<(), Refusal> {
    verify(&HookRequest { url, now_s, ..request(headers, body) }, &credentials(kind), 300)
}

#[test]
fn every_fixture_is_authentic_when_signed_as_the_provider_does() {
    for kind in Kind::ALL {
        for (name, body) in fixtures(kind) {
            let (url, signed) = sign(kind, media_type(&name), &body, NOW);
            assert_eq!(judge(kind, &url, &headers(&signed), &body, NOW), Ok(()), "{kind}/{name}");
        }
    }
}

/// From Twilio's security documentation.
#[test]
fn twilio_documented_example() {
    let body =
        b"CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212";
    let check = |url: &str, signature: &str, body: &[u8]| {
        let headers: Headers =
            [("X-Twilio-Signature", signature), ("content-type", FORM)].into_iter().collect();
        let credentials = Credentials::from_key(Kind::Twilio, Some("12345")).unwrap();
        verify(&HookRequest { url, ..request(&headers, body) }, &credentials, 300)
    };
    let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
    assert_eq!(check(url, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", body), Ok(()));
    assert_eq!(check(url, "RSOYDt4T1cUTdK1PDd93/VVr8B9=", body), Err(Refusal::BadSignature));
    assert_eq!(
        check("https://mycompany.com/myapp.php?foo=1", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", body),
        Err(Refusal::BadSignature)
    );
    assert_eq!(check(url, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", &body[1..]), Err(Refusal::BadSignature));
    // With the port written out by one side and not by the other.
    let text: String = std::iter::once("https://mycompany.com:443/x".to_owned())
        .chain(
            [
                "CallSidCA1234567890ABCDE",
                "Caller+14158675309",
                "Digits1234",
                "From+14158675309",
                "To+18005551212",
            ]
            .map(str::to_owned),
        )
        .collect();
    let signature = BASE64_STANDARD.encode(hmac1(b"12345", text.as_bytes()));
    assert_eq!(check("https://mycompany.com/x", &signature, body), Ok(()));
    assert_eq!(check("https://mycompany.com:443/x", &signature, body), Ok(()));
}

#[test]
fn twilio_json_bodies_are_covered_by_the_hash_in_the_url() {
    let body = br#"{"CallSid":"CA1"}"#;
    let (url, signed) = sign(Kind::Twilio, JSON, body, NOW);
    let signed = headers(&signed);
    assert_eq!(judge(Kind::Twilio, &url, &signed, body, NOW), Ok(()));
    assert_eq!(judge(Kind::Twilio, &url, &signed, b"{}", NOW), Err(Refusal::BodyMismatch));
    let signature = BASE64_STANDARD.encode(hmac1(b"a provider's secret", URL.as_bytes()));
    let unsigned_body: Headers =
        [("X-Twilio-Signature", signature.as_str()), ("content-type", JSON)].into_iter().collect();
    assert_eq!(judge(Kind::Twilio, URL, &unsigned_body, body, NOW), Err(Refusal::MissingSignature));
}

/// From the Standard Webhooks reference implementations.
#[test]
fn standard_webhooks_example() {
    let body = br#"{"test": 2432232314}"#;
    let check = |signature: &str, timestamp: &str, now_s: i64| {
        let headers: Headers = [
            ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("webhook-timestamp", timestamp),
            ("webhook-signature", signature),
        ]
        .into_iter()
        .collect();
        judge(Kind::Generic, URL, &headers, body, now_s)
    };
    let (good, at) = ("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", 1_614_265_330);
    assert_eq!(check(good, "1614265330", at), Ok(()));
    assert_eq!(
        check(&format!("v1,AAAA v2,{} {good}", &good[3..]), "1614265330", at),
        Ok(()),
        "one of several"
    );
    assert_eq!(check(&good[3..], "1614265330", at), Err(Refusal::BadSignature), "without its version");
    assert_eq!(check(&good.replace("v1", "v2"), "1614265330", at), Err(Refusal::BadSignature));
    assert_eq!(check(good, "1614265331", at), Err(Refusal::BadSignature));
    assert_eq!(check(good, "1614265330", at + 300), Ok(()));
    assert_eq!(check(good, "1614265330", at + 301), Err(Refusal::StaleTimestamp));
    assert_eq!(check(good, "1614265330", at - 300), Ok(()));
    assert_eq!(check(good, "1614265330", at - 301), Err(Refusal::StaleTimestamp));
    assert_eq!(check(good, "yesterday", at), Err(Refusal::BadTimestamp));
    assert_eq!(judge(Kind::Generic, URL, &Headers::default(), body, at), Err(Refusal::MissingSignature));
}

#[test]
fn telnyx_signs_time_and_body() {
    let body = fixture("telnyx/initiated.json");
    let (url, signed) = sign(Kind::Telnyx, JSON, &body, NOW);
    let good = headers(&signed);
    assert_eq!(judge(Kind::Telnyx, &url, &good, &body, NOW), Ok(()));
    assert_eq!(judge(Kind::Telnyx, &url, &good, b"{}", NOW), Err(Refusal::BadSignature));
    assert_eq!(judge(Kind::Telnyx, &url, &good, &body, NOW + 301), Err(Refusal::StaleTimestamp));
    assert_eq!(judge(Kind::Telnyx, &url, &good, &body, NOW - 301), Err(Refusal::StaleTimestamp));
    for (index, wrong, refusal) in [
        (1, (NOW + 1).to_string(), Refusal::BadSignature),
        (1, "now".to_owned(), Refusal::BadTimestamp),
        (2, "AAAA".to_owned(), Refusal::BadSignature),
        (2, "!".to_owned(), Refusal::BadSignature),
    ] {
        let mut changed = signed.clone();
        changed[index].1 = wrong;
        assert_eq!(judge(Kind::Telnyx, &url, &headers(&changed), &body, NOW), Err(refusal));
    }
}

#[test]
fn vonage_tokens() {
    let body = fixture("vonage/started.json");
    let secret = b"a provider's secret";
    let hs256 = r#"{"alg":"HS256","typ":"JWT"}"#;
    let check = |token: String, now: i64| {
        let authorization = format!("Bearer {token}");
        let headers: Headers = [("authorization", authorization.as_str())].into_iter().collect();
        judge(Kind::Vonage, URL, &headers, &body, now)
    };
    let claims = json!({"iat": NOW, "payload_hash": hex256(&body)});
    let with = |name: &str, value: serde_json::Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    };
    assert_eq!(check(jwt(secret, hs256, &claims), NOW), Ok(()));
    assert_eq!(check(jwt(secret, hs256, &with("exp", (NOW + 60).into())), NOW), Ok(()));
    assert_eq!(
        check(jwt(secret, hs256, &with("payload_hash", hex256(&body).to_uppercase().into())), NOW),
        Ok(())
    );
    assert_eq!(check(jwt(secret, hs256, &with("exp", NOW.into())), NOW), Err(Refusal::Expired));
    assert_eq!(check(jwt(secret, hs256, &claims), NOW + 301), Err(Refusal::StaleTimestamp));
    assert_eq!(check(jwt(secret, hs256, &claims), NOW - 301), Err(Refusal::StaleTimestamp));
    assert_eq!(
        check(jwt(secret, hs256, &with("payload_hash", hex256(b"{}").into())), NOW),
        Err(Refusal::BodyMismatch)
    );
    assert_eq!(
        check(jwt(secret, hs256, &with("payload_hash", json!(null))), NOW),
        Err(Refusal::MissingSignature)
    );
    assert_eq!(check(jwt(secret, hs256, &with("iat", json!(null))), NOW), Err(Refusal::BadTimestamp));
    assert_eq!(check(jwt(b"another", hs256, &claims), NOW), Err(Refusal::BadSignature));
    assert_eq!(check(jwt(secret, r#"{"alg":"none"}"#, &claims), NOW), Err(Refusal::BadSignature));
    assert_eq!(check(jwt(secret, r#"{"alg":"HS512"}"#, &claims), NOW), Err(Refusal::BadSignature));
    assert_eq!(check("x.y.z".to_owned(), NOW), Err(Refusal::BadSignature));
    let basic: Headers = [("authorization", "Basic eA==")].into_iter().collect();
    assert_eq!(judge(Kind::Vonage, URL, &basic, &body, NOW), Err(Refusal::MissingSignature));

    let bound = Credentials::from_json(
        Kind::Vonage,
        &json!({"signature_secret": "a provider's secret", "api_key": "a1b2c3d"}),
    )
    .unwrap();
    for (account, verdict) in [
        (json!("a1b2c3d"), Ok(())),
        (json!("other"), Err(Refusal::WrongAccount)),
        (json!(null), Err(Refusal::WrongAccount)),
    ] {
        let authorization = format!("Bearer {}", jwt(secret, hs256, &with("api_key", account)));
        let headers: Headers = [("authorization", authorization.as_str())].into_iter().collect();
        assert_eq!(verify(&request(&headers, &body), &bound, 300), verdict);
    }
}

/// The values of a public test of Plivo's published V3 algorithm.
#[test]
fn plivo_example() {
    let body = b"From=%2B14156667777&To=%2B14158889999&CallUUID=abcd-1234";
    let credentials = Credentials::from_key(Kind::Plivo, Some("my_auth_token")).unwrap();
    let check = |url: &str, signature: &str, nonce: &str| {
        let headers: Headers = [("X-Plivo-Signature-V3", signature), ("X-Plivo-Signature-V3-Nonce", nonce)]
            .into_iter()
            .collect();
        verify(&HookRequest { url, ..request(&headers, body) }, &credentials, 300)
    };
    let (plain, query) =
        ("QUFNUHBhaE5m20p3UFtVHCb66PSliiukfx8M6MyiJwk=", "IryQ8ucGk4J35wJRxh5K0iVvDCSZpHflFICcZxwx7Cc=");
    assert_eq!(check("https://example.com/answer", plain, "12345"), Ok(()));
    assert_eq!(check("https://example.com/answer?token=xyz", query, "12345"), Ok(()));
    assert_eq!(
        check("https://example.com/answer", &format!("notavalidsignaturevalue==,{plain}"), "12345"),
        Ok(())
    );
    assert_eq!(check("https://example.com/answer", query, "12345"), Err(Refusal::BadSignature));
    assert_eq!(check("https://example.com/answer", plain, "12346"), Err(Refusal::BadSignature));
    assert_eq!(check("https://example.com/answer", plain, ""), Err(Refusal::MissingSignature));
}

#[test]
fn sipgate_basic_only_when_it_is_configured() {
    let good: Headers = [("authorization", "Basic bWU6c2VjcmV0")].into_iter().collect();
    let bad: Headers = [("authorization", "Basic bWU6d3Jvbmc=")].into_iter().collect();
    assert_eq!(judge(Kind::Sipgate, URL, &good, b"", NOW), Ok(()));
    assert_eq!(judge(Kind::Sipgate, URL, &bad, b"", NOW), Err(Refusal::BadSignature));
    assert_eq!(judge(Kind::Sipgate, URL, &Headers::default(), b"", NOW), Err(Refusal::MissingSignature));
    let open = Credentials::from_key(Kind::Sipgate, None).unwrap();
    assert_eq!(verify(&request(&Headers::default(), b""), &open, 300), Ok(()));
}
