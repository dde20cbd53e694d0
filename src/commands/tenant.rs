//! `switchroom tenant create`: a new tenant, and its owner.

use std::io::Read as _;

use anyhow::Context as _;
use switchroom_api::auth::Passwords;
use switchroom_core::{Role, TenantId, UserId};
use switchroom_store::{StoreError, audit, tenants, users};
use uuid::Uuid;

use super::Failure;
use crate::config::Config;
use crate::database::Opened;

/// The words of the command.
#[derive(Debug, clap::Args)]
pub struct Create {
    /// Name as people know it
    name: String,
    /// Country (ISO 3166-1 alpha-2) in which numbers without a country code are read
    #[arg(long)]
    region: String,
    /// E-mail address of the owner, who may do everything in the tenant
    #[arg(long, value_name = "EMAIL", requires = "password_stdin")]
    owner: Option<String>,
    /// Read the owner's password from standard input
    #[arg(long, requires = "owner")]
    password_stdin: bool,
}

/// The shortest password that is taken.
const SHORTEST_PASSWORD: usize = 8;

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
            let email = email.trim().to_lowercase();
            if !email.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
                || email.len() > 320
            {
                return Err(Failure::Usage(format!("--owner: `{email}` is not an e-mail address")));
            }
            Some((email, password()?))
        }
        None => None,
    };
    let opened = Opened::for_command(config, "tenant create").await?;
    let result = store(&opened, name, &region, owner).await;
    opened.close().await;
    let (id, slug) = result?;
    println!("{slug} {id}");
    Ok(())
}

async fn store(
    opened: &Opened,
    name: &str,
    region: &str,
    owner: Option<(String, String)>,
) -> Result<(TenantId, String), Failure> {
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
    let mut subject = None;
    if let Some((email, password)) = &owner {
        let hash = Passwords::new()
            .context("cannot hash passwords")?
            .hash(password)
            .await
            .context("cannot hash the password")?;
        let new = users::NewUser {
            id: UserId(Uuid::now_v7()),
            email,
            name: email.split('@').next().unwrap_or(email),
            password_hash: Some(&hash),
            platform_admin: false,
        };
        let user = users::ensure(&mut tx, &new).await.context("cannot make the owner")?;
        let membership =
            users::NewMembership { tenant: id, user, role: Role::OrgOwner, extension: None, sip_uri: None };
        users::set_membership(&mut tx, &membership).await.context("cannot make the owner a member")?;
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
    Ok((id, slug))
}

/// The first line of standard input.
fn password() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .take(4096)
        .read_to_string(&mut text)
        .map_err(|_| Failure::Usage("--password-stdin: standard input is not UTF-8 text".to_owned()))?;
    let password = text.lines().next().unwrap_or_default().to_owned();
    if password.chars().count() < SHORTEST_PASSWORD {
        return Err(Failure::Usage(format!(
            "--password-stdin: the password must have {SHORTEST_PASSWORD} characters or more"
        )));
    }
    Ok(password)
}
