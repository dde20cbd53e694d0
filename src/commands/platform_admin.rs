//! `switchroom platform-admin create`: somebody above all tenants, who enters numbers and helps tenants out.

use anyhow::Context as _;
use chrono::{TimeDelta, Utc};
use switchroom_api::auth::token;
use switchroom_core::UserId;
use switchroom_store::{audit, password_links, users};
use uuid::Uuid;

use super::{Failure, tenant};
use crate::config::Config;
use crate::database::Opened;
use crate::welcome;

/// The words of the command.
#[derive(Debug, clap::Args)]
pub struct Create {
    /// Their e-mail address; one that nobody signs in with yet
    #[arg(long, value_name = "EMAIL")]
    email: String,
}

/// Runs the command.
pub async fn create(config: &Config, words: Create) -> Result<(), Failure> {
    let email = tenant::email("--email", &words.email)?;
    let opened = Opened::for_command(config, "platform-admin create").await?;
    let result = store(&opened, &email).await;
    opened.close().await;
    println!("{}", welcome::link(&config.public_url_at(config.http), &result?));
    Ok(())
}

async fn store(opened: &Opened, email: &str) -> Result<String, Failure> {
    let mut tx = opened.db.platform().begin().await.context("cannot reach the database")?;
    let new = users::NewUser {
        id: UserId(Uuid::now_v7()),
        email,
        name: email.split('@').next().unwrap_or(email),
        password_hash: None,
        platform_admin: true,
    };
    // Somebody's everyday account is not lifted above all tenants: what it signs in with is used too widely.
    let made = users::create(&mut tx, &new).await.context("cannot make the platform admin")?;
    let user = made.with_context(|| {
        format!("`{email}` has an account already; a platform admin's is of its own (for a new password: password-link)")
    })?;
    let token = token::generate(token::LINK);
    let until = Utc::now() + TimeDelta::hours(tenant::LINK_HOURS);
    password_links::create(&mut tx, &token::hash(&token), user, until)
        .await
        .context("cannot make the one-time link")?;
    let subject = user.to_string();
    let entry =
        audit::Entry { action: "platform_admin.created", subject: Some(&subject), ..Default::default() };
    audit::record(&mut tx, &entry).await.context("cannot write the audit log")?;
    tx.commit().await.context("cannot make the platform admin")?;
    Ok(token)
}
