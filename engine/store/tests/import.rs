//! Importing contacts, against a real Postgres.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use switchroom_core::{
    TenantId,
    directory::{
        ContactKind,
        import::{Columns, ImportRow},
    },
};
use switchroom_store::{
    Database,
    import::{Import, Numbered, RowStore, Stored},
    testing::TestDatabase,
};
use uuid::Uuid;

const HEADER: &str = "kind,name,organization,gender,email,phone,phone2,label";

fn row(text: &str) -> ImportRow {
    let columns = Columns::from_header(HEADER.split(',').map(str::as_bytes)).unwrap();
    columns.row(text.split(',').map(str::as_bytes), "FR".parse().unwrap()).unwrap()
}

fn numbered(rows: &[&str]) -> Vec<Numbered> {
    rows.iter().zip(2..).map(|(text, line)| Numbered { line, row: row(text) }).collect()
}

async fn tenant(database: &TestDatabase, id: u128) -> TenantId {
    let tenant = TenantId(Uuid::from_u128(id));
    sqlx::query("INSERT INTO tenants (id, slug, name, region) VALUES ($1, $2, 'T', 'FR')")
        .bind(tenant.0)
        .bind(format!("t{id}"))
        .execute(&mut database.superuser().await)
        .await
        .unwrap();
    tenant
}

async fn import(db: &Database, tenant: TenantId, rows: &[&str]) -> Stored {
    let mut import = Import::begin(db, tenant).await.unwrap();
    let stored = import.store(&numbered(rows)).await.unwrap();
    import.end("test.csv", stored, 0).await.unwrap();
    stored
}

async fn count(database: &TestDatabase, table: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
        .fetch_one(&mut database.superuser().await)
        .await
        .unwrap()
}

const FILE: [&str; 6] = [
    "organization_contact,Ann,acme ,Female,ann@acme.example,0612345678,,work",
    "organization,Acme,,,desk@acme.example,0199000001,,",
    "organization_contact,Ben,Beta,,,0612345679,0612345680,",
    ",Cleo O'Neil\\,,,c@example.com,0612345681,,mobile",
    "email_contact,Dan,,,dan@example.com,,,",
    "individual,Eve,,,,,,",
];

#[tokio::test]
async fn every_kind_is_stored_with_its_numbers_and_parents() {
    let database = TestDatabase::new().await;
    let tenant = tenant(&database, 1).await;
    assert_eq!(import(&database.db, tenant, &FILE).await, Stored { inserted: 6, present: 0 });
    let mut superuser = database.superuser().await;
    // Name, number, organization, primary, label.
    type Found = (String, String, Option<String>, bool, Option<String>);
    let found: Vec<Found> = sqlx::query_as(
        "SELECT coalesce(oc.full_name, o.name, i.full_name, ec.name), p.e164, parent.name, p.is_primary, p.label
           FROM contact_phones p
           LEFT JOIN organization_contacts oc ON oc.id = p.organization_contact_id
           LEFT JOIN organizations parent ON parent.id = oc.organization_id
           LEFT JOIN organizations o ON o.id = p.organization_id
           LEFT JOIN individuals i ON i.id = p.individual_id
           LEFT JOIN email_contacts ec ON ec.id = p.email_contact_id ORDER BY p.e164",
    )
    .fetch_all(&mut superuser)
    .await
    .unwrap();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        found,
        [
            ("Acme".to_owned(), "+33199000001".to_owned(), None, true, None),
            ("Ann".to_owned(), "+33612345678".to_owned(), text("Acme"), true, text("work")),
            ("Ben".to_owned(), "+33612345679".to_owned(), text("Beta"), true, None),
            ("Ben".to_owned(), "+33612345680".to_owned(), text("Beta"), false, None),
            ("Cleo O'Neil\\".to_owned(), "+33612345681".to_owned(), None, true, text("mobile")),
        ]
    );
    assert_eq!(count(&database, "organizations").await, 2, "one of the file, one made for its contact");
    assert_eq!(count(&database, "individuals WHERE provenance = 'import' AND is_active").await, 2);
    assert_eq!(count(&database, "audit_log WHERE action = 'contacts.imported'").await, 1);
    assert!(count(&database, "outbox").await >= 6, "the running server hears of it");
}

#[tokio::test]
async fn the_same_file_twice_changes_nothing() {
    let database = TestDatabase::new().await;
    let tenant = tenant(&database, 1).await;
    import(&database.db, tenant, &FILE).await;
    let before = (count(&database, "organizations").await, count(&database, "contact_phones").await);
    assert_eq!(import(&database.db, tenant, &FILE).await, Stored { inserted: 0, present: 6 });
    assert_eq!((count(&database, "organizations").await, count(&database, "contact_phones").await), before);
    // The same name with another number is another person; the same row twice in one file is one.
    let rows = [",Eve,,,,0612345699,,", ",Eve,,,,0612345699,,", ",Cleo O'Neil\\,,,,0612345681,0612345682,"];
    assert_eq!(import(&database.db, tenant, &rows).await, Stored { inserted: 2, present: 1 });
}

#[tokio::test]
async fn a_company_is_one_in_whatever_letters_it_is_written() {
    let database = TestDatabase::new().await;
    let tenant = tenant(&database, 1).await;
    // The last one's small letters differ between Rust and Postgres.
    let rows = [
        "organization_contact,Ann,École Ж,,,0612345671,,",
        "organization_contact,Ben,ÉCOLE ж,,,0612345672,,",
        "organization_contact,Cem,İstanbul Ltd,,,0612345673,,",
    ];
    assert_eq!(import(&database.db, tenant, &rows).await, Stored { inserted: 3, present: 0 });
    assert_eq!(import(&database.db, tenant, &rows).await, Stored { inserted: 0, present: 3 });
    let more = [
        "organization_contact,Dan,éCOLE  Ж,,,0612345674,,",
        "organization_contact,Eve,İSTANBUL LTD,,,0612345675,,",
    ];
    assert_eq!(import(&database.db, tenant, &more).await, Stored { inserted: 2, present: 0 });
    assert_eq!(count(&database, "organizations").await, 2);
}

#[tokio::test]
async fn another_tenant_has_contacts_of_its_own() {
    let database = TestDatabase::new().await;
    let (one, two) = (tenant(&database, 1).await, tenant(&database, 2).await);
    import(&database.db, one, &FILE).await;
    assert_eq!(import(&database.db, two, &FILE).await, Stored { inserted: 6, present: 0 });
    assert_eq!(count(&database, "individuals").await, 4);
}

#[tokio::test]
async fn a_refused_batch_leaves_nothing_and_the_next_one_goes_in() {
    let database = TestDatabase::new().await;
    let tenant = tenant(&database, 1).await;
    let mut import = Import::begin(&database.db, tenant).await.unwrap();
    let mut rows = numbered(&FILE);
    // Columns would have refused it; the schema is the second wall.
    rows[3].row.name = "x".repeat(201);
    assert!(import.store(&rows).await.is_err());
    assert_eq!(count(&database, "organizations").await + count(&database, "contact_phones").await, 0);
    rows.remove(3);
    assert_eq!(import.store(&rows).await.unwrap(), Stored { inserted: 5, present: 0 });
    assert_eq!(rows.iter().filter(|row| row.row.kind == ContactKind::OrganizationContact).count(), 2);
    assert_eq!(count(&database, "organization_contacts").await, 2);
}

#[tokio::test]
async fn all_that_is_known_of_a_person_is_stored() {
    use switchroom_core::directory::custom::{Field, FieldType};
    let database = TestDatabase::new().await;
    let tenant = tenant(&database, 1).await;
    let seats =
        Field { key: "seats".to_owned(), kind: FieldType::Number, choices: Vec::new(), required: false };
    let header = "kind,name,email,other_emails,dob,address,status,custom.seats,city,state,country,tax_id";
    let columns = Columns::from_header(header.split(',').map(str::as_bytes))
        .unwrap()
        .knowing([(ContactKind::Individual, vec![seats])].into());
    let rows: Vec<Numbered> = [
        ",Ann,ann@x.example,a2@x.example;a3@x.example,1984-02-29,1 Elm\t\\ St,suspended,4,Köln,NRW,de,DE9",
        ",Bob,,b1@x.example,,,pending,,,,,",
        "organization,Acme,,,1984-02-29,nowhere,inactive,,Bern,BE,CH,CHE-1",
    ]
    .iter()
    .zip(2..)
    .map(|(text, line)| Numbered {
        line,
        row: columns.row(text.split(',').map(str::as_bytes), "FR".parse().unwrap()).unwrap(),
    })
    .collect();
    let mut import = Import::begin(&database.db, tenant).await.unwrap();
    assert_eq!(import.store(&rows).await.unwrap(), Stored { inserted: 3, present: 0 });
    assert_eq!(import.store(&rows).await.unwrap(), Stored { inserted: 0, present: 3 }, "again");
    let mut superuser = database.superuser().await;
    type Person = (String, Option<String>, Option<String>, String, bool, String, String);
    let people: Vec<Person> = sqlx::query_as(
        "SELECT full_name, dob::text, address, status, is_active, custom::text, concat_ws('/', city, state, country)
           FROM individuals ORDER BY full_name",
    )
    .fetch_all(&mut superuser)
    .await
    .unwrap();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        people,
        [
            (
                "Ann".to_owned(),
                text("1984-02-29"),
                text("1 Elm\t\\ St"),
                "suspended".to_owned(),
                false,
                r#"{"seats": 4}"#.to_owned(),
                "Köln/NRW/DE".to_owned()
            ),
            ("Bob".to_owned(), None, None, "pending".to_owned(), true, "{}".to_owned(), String::new()),
        ]
    );
    let acme: String =
        sqlx::query_scalar("SELECT concat_ws('/', tax_id, address, city, state, country) FROM organizations")
            .fetch_one(&mut superuser)
            .await
            .unwrap();
    assert_eq!(acme, "CHE-1/nowhere/Bern/BE/CH");
    let emails: Vec<(String, bool, i16)> =
        sqlx::query_as("SELECT email, is_primary, position FROM contact_emails ORDER BY email")
            .fetch_all(&mut superuser)
            .await
            .unwrap();
    assert_eq!(
        emails,
        [
            ("a2@x.example".to_owned(), false, 1),
            ("a3@x.example".to_owned(), false, 2),
            ("ann@x.example".to_owned(), true, 0),
            ("b1@x.example".to_owned(), true, 0),
        ]
    );
    let search: String = sqlx::query_scalar("SELECT search FROM individuals WHERE full_name = 'Ann'")
        .fetch_one(&mut superuser)
        .await
        .unwrap();
    assert_eq!(search, " ann ann@x.example a2@x.example a3@x.example", "found by each of her addresses");
    let acme: String =
        sqlx::query_scalar("SELECT status FROM organizations").fetch_one(&mut superuser).await.unwrap();
    assert_eq!(acme, "inactive");
}
