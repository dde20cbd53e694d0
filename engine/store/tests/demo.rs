//! The demo's rows are made once, and adopted where they are there already.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use switchroom_core::{ConnectionId, NumberId, TenantId, UserId};
use switchroom_store::demo::{self, Connection, Contact, ContactKind, Membership, Person};
use switchroom_store::tenants;
use switchroom_store::testing::TestDatabase;
use uuid::Uuid;

fn person(email: &str, password_hash: Option<&str>) -> Person {
    Person {
        id: UserId(Uuid::now_v7()),
        email: email.to_owned(),
        name: "Somebody".to_owned(),
        password_hash: password_hash.map(str::to_owned),
        platform_admin: false,
        token_hash: Uuid::new_v4().as_bytes().repeat(2),
        token_id: Uuid::now_v7(),
    }
}

async fn tenant(platform: &mut sqlx::PgConnection) -> TenantId {
    let id = TenantId(Uuid::now_v7());
    tenants::create(platform, id, "demo", "Demo", "FR").await.unwrap();
    id
}

#[tokio::test]
async fn people_and_lines_are_made_once_and_found_again() {
    let test = TestDatabase::new().await;
    let mut platform = test.db.platform().acquire().await.unwrap();
    let tenant = tenant(&mut platform).await;

    let first = [person("a@demo.example", Some("one")), person("b@demo.example", None)];
    let users = demo::people(&mut platform, &first).await.unwrap();
    assert_eq!(users, [first[0].id, first[1].id]);
    // Another data directory: other ids, other passwords.
    let second = [person("a@demo.example", Some("two")), person("b@demo.example", None)];
    assert_eq!(demo::people(&mut platform, &second).await.unwrap(), users);
    let mut superuser = test.superuser().await;
    let hash: Option<String> =
        sqlx::query_scalar("SELECT password_hash FROM users WHERE email = 'a@demo.example'")
            .fetch_one(&mut superuser)
            .await
            .unwrap();
    assert_eq!(hash.as_deref(), Some("two"));

    let member = |user, extension: &str| Membership {
        id: Uuid::now_v7(),
        user,
        role: "agent",
        extension: Some(extension.to_owned()),
    };
    for _ in 0..2 {
        demo::memberships(&mut platform, tenant, &[member(users[0], "201"), member(users[1], "202")])
            .await
            .unwrap();
        demo::tokens(&mut platform, Some(tenant), &first, &users).await.unwrap();
        demo::number(
            &mut platform,
            NumberId(Uuid::now_v7()),
            "+33199000001",
            "FR",
            Some(tenant),
            Some(users[0]),
        )
        .await
        .unwrap();
        demo::number(&mut platform, NumberId(Uuid::now_v7()), "+33199000101", "FR", None, None)
            .await
            .unwrap();
    }
    let counts: (i64, i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM memberships), (SELECT count(*) FROM api_tokens), (SELECT count(*) FROM phone_numbers),
                (SELECT count(*) FROM number_assignments)",
    )
    .fetch_one(&mut superuser)
    .await
    .unwrap();
    assert_eq!(counts, (2, 2, 2, 1));
}

#[tokio::test]
async fn a_connection_of_another_data_directory_gets_our_key() {
    let test = TestDatabase::new().await;
    let mut platform = test.db.platform().acquire().await.unwrap();
    let tenant = tenant(&mut platform).await;
    let (one, two) = ([1_u8; 32], [2_u8; 32]);
    let ours = |id, hash| Connection {
        id,
        kind: "generic",
        name: "PBX",
        hook_key_hash: hash,
        hook_key: b"sealed",
        credentials: b"sealed",
        key_id: "k1",
    };
    let id = ConnectionId(Uuid::now_v7());
    assert_eq!(demo::connection(&mut platform, tenant, &ours(id, &one)).await.unwrap(), id);
    assert_eq!(demo::connection(&mut platform, tenant, &ours(id, &two)).await.unwrap(), id);
    let mut superuser = test.superuser().await;
    let hash = "SELECT hook_key_hash FROM connections WHERE kind = 'generic'";
    let stays: Vec<u8> = sqlx::query_scalar(hash).fetch_one(&mut superuser).await.unwrap();
    assert_eq!(stays, one, "our own row is left alone");
    assert_eq!(
        demo::connection(&mut platform, tenant, &ours(ConnectionId(Uuid::now_v7()), &two)).await.unwrap(),
        id
    );
    let adopted: Vec<u8> = sqlx::query_scalar(hash).fetch_one(&mut superuser).await.unwrap();
    assert_eq!(adopted, two);
}

#[tokio::test]
async fn contacts_of_every_kind_come_with_their_numbers() {
    let test = TestDatabase::new().await;
    let mut platform = test.db.platform().acquire().await.unwrap();
    let tenant = tenant(&mut platform).await;
    let organization = Uuid::now_v7();
    let contact = |id, kind, email: Option<&str>| Contact {
        id,
        kind,
        name: "Somebody".to_owned(),
        gender: None,
        email: email.map(str::to_owned),
        phones: vec!["+33639980001".to_owned(), "+33639980002".to_owned()],
        active: true,
    };
    let contacts = [
        contact(organization, ContactKind::Organization, None),
        contact(Uuid::now_v7(), ContactKind::OrganizationContact(organization), None),
        contact(Uuid::now_v7(), ContactKind::Individual, None),
        contact(Uuid::now_v7(), ContactKind::EmailContact, Some("somebody@example.com")),
    ];
    for _ in 0..2 {
        let mut tx = test.db.tenant(tenant).await.unwrap();
        for contact in &contacts {
            demo::contact(&mut tx, contact).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
    let mut superuser = test.superuser().await;
    let counts: (i64, i64, i64) = sqlx::query_as(
        "SELECT count(*), count(*) FILTER (WHERE is_primary),
                count(organization_id) + count(organization_contact_id) + count(individual_id) + count(email_contact_id)
         FROM contact_phones",
    )
    .fetch_one(&mut superuser)
    .await
    .unwrap();
    assert_eq!(counts, (8, 4, 8));
}
