//! `switchroom tenant create`: a new tenant, and its owner.

use std::io::Read as _;

use anyhow::Context as _;
use chrono::{TimeDelta, Utc};
use switchroom_api::auth::{Passwords, token};
use switchroom_core::{Role, TenantId, UserId};
use switchroom_store::{StoreError, audit, password_links, tenants, users};
use uuid::Uuid;

use super::Failure;
use crate::config::Config;
use crate::database::Opened;
use crate::welcome;

/// The words of the command.
#[derive(Debug, clap::Args)]
pub struct Create {
    /// Name as people know it
    name: String,
    /// Country (ISO 3166-1 alpha-2) in which numbers without a country code are read
    #[arg(long)]
    region: String,
    /// E-mail address of the owner, who may do everything in the tenant
    #[arg(long, value_name = "EMAIL")]
    owner: Option<String>,
    /// Read the owner's password from standard input; without it, a one-time link is printed
    #[arg(long, requires = "owner")]
    password_stdin: bool,
}

/// How long a one-time link is good.
pub(super) const LINK_HOURS: i64 = 72;

/// The owner-to-be.
struct Owner {
    email: String,
    /// None = they choose it themselves, by a link.
    password: Option<String>,
}

/// What was made.
struct Made {
    id: TenantId,
    slug: String,
    /// The secret part of the one-time link.
    link: Option<String>,
}

/// Runs the command.
pub async fn create(config: &Config, words: Create) -> Result<(), Failure> {
    let name = words.name.trim();
    if name.is_empty() || name.chars().count() > 200 {
        return Err(Failure::Usage("NAME must have 1 to 200 characters".to_owned()));
    }
    let region = words.region.to_ascii_uppercase();
    if region.len() != 2 || !region.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(Failure::Usage(format!(
            "--region: `{}` is not a two-letter country code such as FR",
            words.region
        )));
    }
    let owner = match words.owner {
        Some(email) => {
            let email = self::email("--owner", &email)?;
            let password = if words.password_stdin { Some(password(&email)?) } else { None };
            Some(Owner { email, password })
        }
        None => None,
    };
    let opened = Opened::for_command(config, "tenant create").await?;
    let result = store(&opened, name, &region, owner).await;
    opened.close().await;
    let made = result?;
    println!("{} {}", made.slug, made.id);
    if let Some(token) = made.link {
        println!("{}", welcome::link(&config.public_url_at(config.http), &token));
    }
    Ok(())
}

/// An e-mail address as it is kept.
pub(super) fn email(flag: &str, text: &str) -> Result<String, Failure> {
    let email = text.trim().to_lowercase();
    let is_one = email.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    if is_one && email.len() <= 320 {
        Ok(email)
    } else {
        Err(Failure::Usage(format!("{flag}: `{email}` is not an e-mail address")))
    }
}

async fn store(opened: &Opened, name: &str, region: &str, owner: Option<Owner>) -> Result<Made, Failure> {
    let slug = tenants::slug_of(name);
    let id = TenantId(Uuid::now_v7());
    let mut tx = opened.db.platform().begin().await.context("cannot reach the database")?;
    match tenants::create(&mut tx, id, &slug, name, region).await {
        Ok(_) => {}
        Err(StoreError::Conflict { .. }) => {
            return Err(Failure::Failed(anyhow::anyhow!("there is a tenant `{slug}` already")));
        }
        Err(error) => {
            return Err(Failure::Failed(anyhow::Error::new(error).context("cannot make the tenant")));
        }
    }
    let (mut subject, mut link) = (None, None);
    if let Some(owner) = &owner {
        let hash = match &owner.password {
            Some(password) => {
                let passwords = Passwords::new().context("cannot hash passwords")?;
                Some(passwords.hash(password).await.context("cannot hash the password")?)
            }
            None => None,
        };
        let new = users::NewUser {
            id: UserId(Uuid::now_v7()),
            email: &owner.email,
            name: owner.email.split('@').next().unwrap_or(&owner.email),
            password_hash: hash.as_deref(),
            platform_admin: false,
        };
        let user = users::ensure(&mut tx, &new).await.context("cannot make the owner")?;
        let membership =
            users::NewMembership { tenant: id, user, role: Role::OrgOwner, extension: None, sip_uri: None };
        users::set_membership(&mut tx, &membership).await.context("cannot make the owner a member")?;
        if owner.password.is_none() {
            let token = token::generate(token::LINK);
            let until = Utc::now() + TimeDelta::hours(LINK_HOURS);
            password_links::create(&mut tx, &token::hash(&token), user, until)
                .await
                .context("cannot make the one-time link")?;
            link = Some(token);
        }
        subject = Some(user.to_string());
    }
    let entry = audit::Entry {
        tenant: Some(id),
        action: "tenant.created",
        subject: subject.as_deref(),
        ..Default::default()
    };
    audit::record(&mut tx, &entry).await.context("cannot write the audit log")?;
    tx.commit().await.context("cannot make the tenant")?;
    Ok(Made { id, slug, link })
}

/// The first line of standard input.
fn password(email: &str) -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .take(4096)
        .read_to_string(&mut text)
        .map_err(|_| Failure::Usage("--password-stdin: standard input is not UTF-8 text".to_owned()))?;
    let password = text.lines().next().unwrap_or_default().to_owned();
    if let Some(fault) = switchroom_core::password::fault_of(&password, email, "") {
        return Err(Failure::Usage(format!("--password-stdin: the password {fault}")));
    }
    Ok(password)
}
