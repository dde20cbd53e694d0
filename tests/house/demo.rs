//! demo.json: its shape, and that it stays what it was.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::{Folder, Server};

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("{pointer} is no text in {value}"))
}

#[test]
fn it_has_the_contract_s_shape_and_stays_over_restarts() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--demo-agents", "3"]);
    let first = server.demo();
    let mode = folder.data().join("demo.json").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    shape(&first, "demo.example", &server.http);
    assert_eq!(text(&first, "/platform_admin/email"), "root@demo.example");
    let agents = first["load_agents"].as_array().unwrap();
    assert_eq!(agents.len(), 3);
    assert_eq!((text(&agents[2], "/email"), text(&agents[2], "/extension")), ("load3@demo.example", "10003"));
    shape(&first["rival"], "rival.example", &server.http);
    assert_eq!(server.terminate().0.code(), Some(0));

    // demo.json is lost, and comes back as it was, save for the addresses.
    std::fs::remove_file(folder.data().join("demo.json")).unwrap();
    let server = Server::start(&folder, &["--demo-agents", "3"]);
    let mut second = server.demo();
    assert!(text(&second, "/connections/generic/hook_url").starts_with(&server.http));
    let mut first = first;
    for tenant in ["", "/rival"] {
        for demo in [&mut first, &mut second] {
            for (_, connection) in
                demo.pointer_mut(&format!("{tenant}/connections")).unwrap().as_object_mut().unwrap()
            {
                let url = connection["hook_url"].as_str().unwrap();
                connection["hook_url"] = url.split("/hooks/").last().unwrap().into();
            }
        }
    }
    assert_eq!(first, second);
}

fn shape(demo: &Value, domain: &str, http: &str) {
    assert_eq!(text(demo, "/tenant/slug"), domain.split('.').next().unwrap());
    assert_eq!(text(demo, "/tenant/region"), "FR");
    for (name, role, extension) in [
        ("owner", "org_owner", None),
        ("admin", "org_admin", None),
        ("supervisor", "supervisor", None),
        ("corporate", "corporate", None),
        ("member", "member", None),
        ("client", "client", None),
        ("agent1", "agent", Some("201")),
        ("agent5", "agent", Some("205")),
    ] {
        let user = &demo["users"][format!("{name}@{domain}")];
        assert_eq!(user["role"], role);
        assert_eq!(user["extension"].as_str(), extension);
        for key in ["id", "password", "token"] {
            assert!(user[key].as_str().is_some_and(|text| text.len() >= 16), "{name} {key}");
        }
    }
    for (kind, secret) in [
        ("generic", Some("whsec_")),
        ("twilio", Some("")),
        ("telnyx", Some("")),
        ("vonage", Some("")),
        ("plivo", Some("")),
        ("sipgate", None),
        ("zammad", None),
    ] {
        let connection = &demo["connections"][kind];
        assert!(text(connection, "/hook_url").starts_with(&format!("{http}/hooks/")));
        match secret {
            Some(prefix) => assert!(text(connection, "/secret").starts_with(prefix)),
            None => assert!(connection["secret"].is_null()),
        }
    }
    let numbers = demo["numbers"].as_array().unwrap();
    assert!(numbers.len() >= 4 && numbers.iter().all(|number| number.as_str().unwrap().starts_with("+33")));
    let lines = demo["lines"].as_array().unwrap();
    assert_eq!(
        (&lines[0]["number"], text(&lines[0], "/agent")),
        (&numbers[0], format!("agent1@{domain}").as_str())
    );
    assert_eq!(
        (&lines[1]["number"], text(&lines[1], "/agent")),
        (&numbers[1], format!("agent2@{domain}").as_str())
    );
    assert!(lines[2]["agent"].is_null() && lines[3]["agent"].is_null());
}
