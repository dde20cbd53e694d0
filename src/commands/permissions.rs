//! `switchroom permissions`: who may do what, as the page docs/permissions.md, which `make gen` writes.

use std::fmt::Write as _;

use switchroom_core::{
    Permission, Role,
    permission::{Access, BESIDE, ENDPOINTS, Endpoint, MESSAGES},
};

const HEAD: &str = "# Who may do what

Made by `make gen` from the one table that the server judges by (`engine/core/src/permission.rs`); not written by hand.

What a built-in role has. Module flags lie on top: a permission of a module that is switched off for somebody is not theirs,
whatever their role. The platform admin has all of them, in every tenant that they act for. What has no tick belongs to no role
of a tenant. What a permission reaches within a tenant (one's own tickets, people below an owner) is said in
[administrators.md](administrators.md).
";

/// The page.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("\n| Permission | Module |");
    for role in Role::ALL {
        let _ = write!(page, " {role} |");
    }
    page.push_str("\n|---|---|");
    page.push_str(&":-:|".repeat(Role::ALL.len()));
    for permission in Permission::ALL {
        let module = permission.module().map(|module| format!("{module:?}").to_lowercase());
        let _ = write!(page, "\n| `{permission}` | {} |", module.unwrap_or_default());
        for role in Role::ALL {
            page.push_str(if role.grants(*permission) { " ✓ |" } else { "  |" });
        }
    }
    page.push_str("\n\n## What each opens\n\n| Permission | Requests and messages |\n|---|---|");
    for permission in Permission::ALL {
        let _ = write!(page, "\n| `{permission}` | {} |", doors(Access::Permission(*permission)));
    }
    page.push_str("\n\n## What needs no permission\n\n| Who | Requests and messages |\n|---|---|");
    let _ = write!(page, "\n| everybody who is signed in | {} |", doors(Access::SignedIn));
    let _ = writeln!(page, "\n| anybody | {} |", doors(Access::Public));
    page
}

fn doors(access: Access) -> String {
    let shown = |row: &Endpoint| format!("`{} {}`", row.method, row.path.trim_start_matches("/api/v1"));
    let requests = ENDPOINTS.iter().chain(BESIDE).filter(|row| row.access == access).map(shown);
    let messages = MESSAGES.iter().filter(|row| row.access == access).map(|row| match row.topic {
        Some(topic) => format!("socket `{} {topic}`", row.kind),
        None => format!("socket `{}`", row.kind),
    });
    let doors: Vec<_> = requests.chain(messages).collect();
    // Asked for within an answer: whose tickets, whose tokens.
    if doors.is_empty() { "judged row by row".to_owned() } else { doors.join(", ") }
}
