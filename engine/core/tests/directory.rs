//! The directory index against a naive model, and the order of owners.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use switchroom_core::{
    Role, UserId,
    directory::{
        CallerContext, Contact, ContactKind, ContactPhone, ContactRef, CustomerType, Quality, TenantDirectory,
    },
    number::{E164, PartyNumber, Region, normalise},
    roster::{Member, Roster},
};
use uuid::Uuid;

fn number(text: &str) -> E164 {
    text.parse().unwrap()
}

fn contact(kind: ContactKind, id: u128, phones: &[(&str, bool)]) -> Contact {
    Contact {
        reference: ContactRef { kind, id: Uuid::from_u128(id) },
        name: format!("{} {id}", kind.name()).into(),
        organization: (kind == ContactKind::OrganizationContact)
            .then(|| (Uuid::from_u128(900), "Acme".into())),
        gender: (kind == ContactKind::Individual).then(|| "Female".into()),
        email: Some("who@example.com".into()),
        active: true,
        last_contacted_at: None,
        phones: phones
            .iter()
            .map(|(e164, primary)| ContactPhone { e164: number(e164), primary: *primary })
            .collect(),
    }
}

fn ask(directory: &TenantDirectory, text: &str) -> CallerContext {
    directory.context(&normalise(text, Region::UNKNOWN))
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

const ONE: &str = "+33612345678";

#[test]
fn each_kind_fills_the_fields_that_are_its_own() {
    for kind in ContactKind::ALL {
        let directory = TenantDirectory::new();
        directory.put(contact(kind, 7, &[(ONE, true)]));
        let context = ask(&directory, ONE);
        assert!(context.found && !context.inactive);
        assert_eq!(context.number.as_deref(), Some(ONE));
        assert_eq!(context.quality, Quality::Exact);
        assert_eq!(context.contact, Some(ContactRef { kind, id: Uuid::from_u128(7) }));
        assert_eq!(context.email.as_deref(), Some("who@example.com"));
        let name = format!("{} 7", kind.name());
        let name = Some(name.as_str());
        let fields = (
            context.customer_type,
            context.customer_name.as_deref(),
            context.caller_name.as_deref(),
            context.organization_name.as_deref(),
            context.organization_id,
            context.contact_person.as_deref(),
            context.gender.as_deref(),
        );
        let organization = Some(CustomerType::Organization);
        let expected = match kind {
            ContactKind::OrganizationContact => {
                (organization, Some("Acme"), name, Some("Acme"), Some(Uuid::from_u128(900)), name, None)
            }
            ContactKind::Organization => {
                (organization, name, None, name, Some(Uuid::from_u128(7)), None, None)
            }
            ContactKind::Individual => {
                (Some(CustomerType::Individual), name, name, None, None, None, Some("Female"))
            }
            ContactKind::EmailContact => (None, name, name, None, None, None, None),
        };
        assert_eq!(fields, expected, "{kind}");
    }
}

#[test]
fn nobody_is_a_normal_answer() {
    let directory = TenantDirectory::new();
    for (text, quality, shown) in [
        (ONE, Quality::Exact, Some(ONE)),
        ("201", Quality::Extension, Some("201")),
        ("anonymous", Quality::Anonymous, None),
        ("+266696687", Quality::Anonymous, None),
        ("", Quality::Invalid, None),
        ("%", Quality::Invalid, None),
    ] {
        let context = ask(&directory, text);
        assert_eq!(
            (context.found, context.quality, context.number.as_deref()),
            (false, quality, shown),
            "{text}"
        );
        assert!(context.contact.is_none() && context.other_matches.is_empty() && !context.reason.is_empty());
        let json = serde_json::to_value(&context).unwrap();
        for field in [
            "customer_type",
            "customer_name",
            "caller_name",
            "organization_name",
            "organization_id",
            "contact_person",
            "gender",
            "email",
            "contact",
        ] {
            assert!(json[field].is_null(), "{field} is there and null");
        }
        assert_eq!(serde_json::from_value::<CallerContext>(json).unwrap(), context);
    }
}

#[test]
fn a_colleague_is_known_by_extension_and_is_no_contact() {
    let colleague = Member {
        user_id: UserId(Uuid::from_u128(1)),
        email: "ann@acme.example".into(),
        name: "Ann".into(),
        role: Role::Agent,
        extension: Some("201".into()),
        sip_uri: None,
        active: true,
    };
    let left = Member {
        user_id: UserId(Uuid::from_u128(2)),
        extension: Some("202".into()),
        active: false,
        ..colleague.clone()
    };
    let (directory, roster) = (TenantDirectory::new(), Roster::new(vec![colleague, left]));
    let ask = |text: &str| CallerContext::look_up(&directory, &roster, &normalise(text, Region::UNKNOWN));
    let context = ask("sip:201@pbx.example");
    assert!(context.found && context.contact.is_none() && context.customer_type.is_none());
    assert_eq!((context.quality, context.number.as_deref()), (Quality::Extension, Some("201")));
    assert_eq!(context.caller_name.as_deref(), Some("Ann"));
    assert!(!ask("202").found && !ask("203").found, "nobody, or nobody any more");
    directory.put(contact(ContactKind::Individual, 7, &[(ONE, true)]));
    assert!(ask(ONE).contact.is_some());
}

#[test]
fn kinds_come_in_their_order_whatever_the_activity() {
    let directory = TenantDirectory::new();
    for (id, kind) in ContactKind::ALL.into_iter().enumerate().rev() {
        let mut contact = contact(kind, id as u128, &[(ONE, true)]);
        contact.active = kind != ContactKind::OrganizationContact;
        directory.put(contact);
    }
    let context = ask(&directory, ONE);
    assert_eq!(context.contact.unwrap().kind, ContactKind::OrganizationContact);
    assert!(context.inactive, "kind precedes activity, and the flag says so");
    let others: Vec<ContactKind> = context.other_matches.iter().map(|other| other.kind).collect();
    assert_eq!(others, ContactKind::ALL[1..]);
    assert!(context.reason.contains("comes before"), "{}", context.reason);
}

#[test]
fn ties_go_to_active_then_primary_then_latest_then_lowest_id() {
    let kind = ContactKind::Individual;
    let with = |id: u128, active: bool, primary: bool, last: Option<i64>| Contact {
        active,
        last_contacted_at: last.map(at),
        ..contact(kind, id, &[(ONE, primary)])
    };
    let ranked = [
        with(90, true, true, Some(20)),
        with(80, true, true, Some(10)),
        with(10, true, true, None),
        with(20, true, true, None),
        with(5, true, false, Some(99)),
        with(1, false, true, Some(100)),
    ];
    for rotation in 0..ranked.len() {
        let directory = TenantDirectory::new();
        for contact in ranked.iter().cycle().skip(rotation).take(ranked.len()) {
            directory.put(contact.clone());
        }
        let context = ask(&directory, ONE);
        let order: Vec<u128> = std::iter::once(context.contact.unwrap().id)
            .chain(context.other_matches.iter().map(|other| other.id))
            .map(|id| id.as_u128())
            .collect();
        assert_eq!(order, [90, 80, 10, 20, 5, 1]);
    }
}

#[test]
fn the_last_one_spoken_to_moves_up() {
    let directory = TenantDirectory::new();
    for id in [1, 2] {
        directory.put(contact(ContactKind::Individual, id, &[(ONE, false)]));
    }
    let second = ContactRef { kind: ContactKind::Individual, id: Uuid::from_u128(2) };
    assert_eq!(ask(&directory, ONE).contact.unwrap().id, Uuid::from_u128(1));
    directory.contacted(second, at(50));
    let context = ask(&directory, ONE);
    assert_eq!(context.contact, Some(second));
    assert!(context.reason.contains("most recently contacted"));
    // Loading the contact again, from a row that does not know of the call yet, does not move it back.
    directory.put(contact(ContactKind::Individual, 2, &[(ONE, false)]));
    assert_eq!(ask(&directory, ONE).contact, Some(second));
    assert_eq!(directory.sharing().len(), 2);
}

#[test]
fn the_same_last_seven_national_digits_are_a_possible_match() {
    let directory = TenantDirectory::new();
    directory.put(contact(ContactKind::Individual, 1, &[("+33612345678", true)]));
    directory.put(contact(ContactKind::Organization, 2, &[("+49302345678", true)]));
    // Six national digits: too short to be matched by its ending, whatever the digits before it are.
    directory.put(contact(ContactKind::Individual, 3, &[("+290345678", true)]));
    let context = ask(&directory, "+33712345678");
    assert!(!context.found && context.contact.is_none() && context.caller_name.is_none());
    assert_eq!(context.quality, Quality::Possible);
    assert_eq!(context.number.as_deref(), Some("+33712345678"));
    let ids: Vec<u128> = context.other_matches.iter().map(|other| other.id.as_u128()).collect();
    assert_eq!(ids, [2, 1], "in the order of kinds");
    assert!(context.reason.contains("possible"));
    // Six digits alike are not enough.
    assert_eq!(ask(&directory, "+33719345678").quality, Quality::Exact);
    // An owner, exactly: others that end alike are strangers.
    let exact = ask(&directory, "+33612345678");
    assert_eq!((exact.found, exact.quality, exact.other_matches.len()), (true, Quality::Exact, 0));
}

#[test]
fn an_owner_is_named_once_even_with_two_numbers_that_end_alike() {
    let directory = TenantDirectory::new();
    directory.put(contact(ContactKind::Individual, 1, &[("+33612345678", true), ("+33712345678", false)]));
    assert_eq!(ask(&directory, "+33912345678").other_matches.len(), 1);
}

#[test]
fn a_contact_that_changes_or_goes_leaves_nothing_behind() {
    let directory = TenantDirectory::new();
    let reference = contact(ContactKind::Individual, 1, &[]).reference;
    directory.put(contact(ContactKind::Individual, 1, &[(ONE, true), ("+33712345679", false)]));
    directory.put(contact(ContactKind::Individual, 1, &[("+33712345679", true), ("+33712345670", false)]));
    assert!(
        !ask(&directory, ONE).found
            && ask(&directory, "+33712345679").found
            && ask(&directory, "+33712345670").found
    );
    assert_eq!(directory.len(), 1);
    directory.remove(reference);
    directory.remove(reference);
    assert!(directory.is_empty() && !ask(&directory, "+33712345679").found);
    // Its slot goes to somebody else, who does not inherit its numbers.
    directory.put(contact(ContactKind::Individual, 2, &[("+33799999999", true)]));
    assert!(!ask(&directory, "+33712345670").found && ask(&directory, "+33799999999").found);
}

#[test]
fn a_load_may_bring_the_numbers_one_by_one() {
    let (bit_by_bit, whole) = (TenantDirectory::new(), TenantDirectory::new());
    let phones = [(ONE, false), ("+33712345679", true), ("+33712345670", false)];
    for phone in phones {
        bit_by_bit.put_more(vec![contact(ContactKind::Individual, 1, &[phone])]);
    }
    whole.put(contact(ContactKind::Individual, 1, &phones));
    let reference = ContactRef { kind: ContactKind::Individual, id: Uuid::from_u128(1) };
    assert_eq!(bit_by_bit.contact(reference), whole.contact(reference));
    for (number, _) in phones {
        assert_eq!(ask(&bit_by_bit, number), ask(&whole, number));
    }
}

#[test]
fn a_number_of_very_many_answers_with_some_of_them() {
    let directory = TenantDirectory::new();
    for id in 0..500 {
        directory.put(contact(ContactKind::OrganizationContact, id, &[(ONE, false)]));
    }
    let context = ask(&directory, ONE);
    assert_eq!(context.contact.unwrap().id, Uuid::from_u128(0));
    assert_eq!(context.other_matches.len(), 50);
    assert!(context.reason.contains("499"));
}

#[test]
fn keys_and_references_take_at_most_48_bytes_a_number() {
    let directory = TenantDirectory::new();
    let mut worst = 0.0_f64;
    for id in 0..200_000_u64 {
        let e164 = E164::from_digits(33_600_000_000 + id.wrapping_mul(7_919) % 100_000_000).unwrap();
        let mut contact = contact(ContactKind::Individual, u128::from(id), &[]);
        contact.phones = vec![ContactPhone { e164, primary: true }];
        directory.put(contact);
        // At every size, so that the moment before and after a rebuild is among them.
        if id >= 20_000 && id % 9_001 == 0 {
            let (bytes, numbers) = directory.memory();
            worst = worst.max(bytes as f64 / numbers as f64);
        }
    }
    let (_, numbers) = directory.memory();
    assert_eq!(numbers, 200_000);
    assert!(worst <= 48.0, "{worst:.1} bytes a number");
}

/// Readers beside a writer: a number whose owners are only ever replaced is found at every moment.
#[test]
fn readers_never_miss_a_number_while_the_index_changes() {
    let directory = Arc::new(TenantDirectory::new());
    directory.put(contact(ContactKind::Individual, 1, &[(ONE, true)]));
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (directory, stop) = (Arc::clone(&directory), Arc::clone(&stop));
            std::thread::spawn(move || {
                let mut asked = 0_u64;
                while !stop.load(Ordering::Relaxed) {
                    let context = ask(&directory, ONE);
                    assert!(context.found, "lost after {asked} questions");
                    asked += 1;
                }
                asked
            })
        })
        .collect();
    for round in 0..4_000_u64 {
        // Grows (and so rebuilds), replaces the owner, lets a second owner come and go.
        let e164 = E164::from_digits(33_700_000_000 + round).unwrap();
        let mut other = contact(ContactKind::Individual, u128::from(100 + round), &[]);
        other.phones = vec![ContactPhone { e164, primary: false }];
        directory.put(other);
        directory.put(contact(ContactKind::Individual, 1, &[(ONE, round % 2 == 0)]));
        if round % 3 == 0 {
            directory.put(contact(ContactKind::Organization, 2, &[(ONE, true)]));
        } else if round % 3 == 1 {
            directory.remove(ContactRef { kind: ContactKind::Organization, id: Uuid::from_u128(2) });
        }
    }
    stop.store(true, Ordering::Relaxed);
    let asked: u64 = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
    assert!(asked > 0);
}

/// Whose entry comes first changes with every round, so that a reader is often between the two.
#[test]
fn a_number_handed_on_is_found_at_every_moment() {
    let directory = Arc::new(TenantDirectory::new());
    directory.put(contact(ContactKind::Individual, 0, &[(ONE, true)]));
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (directory, stop) = (Arc::clone(&directory), Arc::clone(&stop));
            std::thread::spawn(move || {
                let mut asked = 0_u64;
                while !stop.load(Ordering::Relaxed) {
                    let owners: BTreeSet<_> =
                        directory.owners(number(ONE)).iter().map(|owner| owner.reference().id).collect();
                    assert!(
                        (1..=2).contains(&owners.len()),
                        "{} owners after {asked} questions",
                        owners.len()
                    );
                    asked += 1;
                }
                asked
            })
        })
        .collect();
    for round in 0..200_000_u128 {
        directory.put(contact(ContactKind::Individual, (round + 1) % 2, &[(ONE, true)]));
        directory.remove(ContactRef { kind: ContactKind::Individual, id: Uuid::from_u128(round % 2) });
    }
    stop.store(true, Ordering::Relaxed);
    let asked: u64 = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
    assert!(asked > 0);
}

/// What a few lines without any cleverness say.
#[derive(Default)]
struct Model {
    contacts: BTreeMap<ContactRef, Contact>,
}

impl Model {
    fn rank(contact: &Contact, number: E164) -> impl Ord + use<> {
        let primary = contact.phones.iter().any(|phone| phone.e164 == number && phone.primary);
        (
            contact.reference.kind,
            !contact.active,
            !primary,
            std::cmp::Reverse(contact.last_contacted_at),
            contact.reference.id,
        )
    }

    fn owners(&self, number: E164) -> Vec<ContactRef> {
        let mut owners: Vec<&Contact> = self
            .contacts
            .values()
            .filter(|contact| contact.phones.iter().any(|phone| phone.e164 == number))
            .collect();
        owners.sort_by_key(|contact| Self::rank(contact, number));
        owners.into_iter().map(|contact| contact.reference).collect()
    }

    fn possible(&self, number: E164) -> BTreeSet<ContactRef> {
        // All numbers of the test are French: nine national digits.
        let ending = number.digits() % 10_000_000;
        self.contacts
            .values()
            .filter(|contact| contact.phones.iter().any(|phone| phone.e164.digits() % 10_000_000 == ending))
            .map(|contact| contact.reference)
            .collect()
    }
}

#[derive(Clone, Debug)]
enum Step {
    Put { kind: usize, id: u128, active: bool, last: Option<i64>, phones: Vec<(u64, bool)> },
    Remove { kind: usize, id: u128 },
    Ask(u64),
}

/// Few numbers, many of which share their last seven digits or their owners.
fn digits() -> impl Strategy<Value = u64> {
    (0_u64..6, 0_u64..12)
        .prop_map(|(area, line)| 33_000_000_000 + (area + 1) * 100_000_000 + 2_345_000 + line)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_usize..4, 0_u128..8, any::<bool>(), proptest::option::of(0_i64..3), proptest::collection::vec((digits(), any::<bool>()), 0..4))
            .prop_map(|(kind, id, active, last, phones)| Step::Put { kind, id, active, last, phones }),
        2 => (0_usize..4, 0_u128..8).prop_map(|(kind, id)| Step::Remove { kind, id }),
        4 => digits().prop_map(Step::Ask),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_index_says_what_the_model_says(steps in proptest::collection::vec(step(), 1..200)) {
        let directory = TenantDirectory::new();
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Put { kind, id, active, last, phones } => {
                    let mut one = contact(ContactKind::ALL[kind], id, &[]);
                    one.active = active;
                    one.last_contacted_at = last.map(at);
                    let mut unique: BTreeMap<u64, bool> = BTreeMap::new();
                    for (digits, primary) in phones {
                        *unique.entry(digits).or_default() |= primary;
                    }
                    one.phones = unique.into_iter().map(|(digits, primary)| ContactPhone { e164: E164::from_digits(digits).unwrap(), primary }).collect();
                    directory.put(one.clone());
                    // A time once known is not forgotten.
                    if let Some(before) = model.contacts.get(&one.reference) {
                        one.last_contacted_at = one.last_contacted_at.max(before.last_contacted_at);
                    }
                    model.contacts.insert(one.reference, one);
                }
                Step::Remove { kind, id } => {
                    let reference = ContactRef { kind: ContactKind::ALL[kind], id: Uuid::from_u128(id) };
                    directory.remove(reference);
                    model.contacts.remove(&reference);
                }
                Step::Ask(digits) => {
                    let number = E164::from_digits(digits).unwrap();
                    let context = directory.context(&PartyNumber::E164(number));
                    let owners = model.owners(number);
                    prop_assert_eq!(context.found, !owners.is_empty());
                    prop_assert_eq!(context.contact, owners.first().copied());
                    let others: Vec<ContactRef> = context.other_matches.iter().map(|other| ContactRef { kind: other.kind, id: other.id }).collect();
                    if owners.is_empty() {
                        let possible = model.possible(number);
                        prop_assert_eq!(context.quality, if possible.is_empty() { Quality::Exact } else { Quality::Possible });
                        prop_assert_eq!(others.len(), possible.len(), "each owner once");
                        prop_assert_eq!(others.into_iter().collect::<BTreeSet<_>>(), possible);
                    } else {
                        prop_assert_eq!(context.quality, Quality::Exact);
                        prop_assert_eq!(&others[..], &owners[1..]);
                        let first = &model.contacts[&owners[0]];
                        prop_assert_eq!(context.inactive, !first.active);
                    }
                }
            }
            prop_assert_eq!(directory.len(), model.contacts.len());
        }
        for contact in model.contacts.values() {
            prop_assert_eq!(directory.contact(contact.reference), Some(contact.clone()));
        }
    }

    #[test]
    fn owners_do_not_depend_on_the_order_of_loading(
        contacts in proptest::collection::vec((0_usize..4, any::<bool>(), any::<bool>(), proptest::option::of(0_i64..3)), 1..8),
        seed in any::<u64>(),
    ) {
        let contacts: Vec<Contact> = contacts.iter().enumerate().map(|(id, (kind, active, primary, last))| Contact {
            active: *active,
            last_contacted_at: last.map(at),
            ..contact(ContactKind::ALL[*kind], id as u128, &[(ONE, *primary)])
        }).collect();
        let (straight, shuffled) = (TenantDirectory::new(), TenantDirectory::new());
        for contact in &contacts {
            straight.put(contact.clone());
        }
        let mut order: Vec<usize> = (0..contacts.len()).collect();
        order.sort_by_key(|at| (*at as u64).wrapping_add(1).wrapping_mul(seed | 1).rotate_left(17));
        for at in order {
            shuffled.put(contacts[at].clone());
        }
        prop_assert_eq!(ask(&straight, ONE), ask(&shuffled, ONE));
    }
}
