//! `switchroom token create`: an API token, printed once.

use anyhow::Context as _;
use switchroom_api::auth::token as tokens_text;
use switchroom_store::{audit, tenants, tokens, users};
use uuid::Uuid;

use super::Failure;
use crate::config::Config;
use crate::database::Opened;

/// The words of the command.
#[derive(Debug, clap::Args)]
pub struct Create {
    /// Slug of the tenant
    #[arg(long)]
    tenant: String,
    /// Whose token: the e-mail address of a member
    #[arg(long, value_name = "EMAIL")]
    user: String,
    /// What the token is for
    #[arg(long, default_value = "command line")]
    name: String,
}

/// Runs the command.
pub async fn create(config: &Config, words: Create) -> Result<(), Failure> {
    if words.name.trim().is_empty() || words.name.chars().count() > 200 {
        return Err(Failure::Usage("--name must have 1 to 200 characters".to_owned()));
    }
    let opened = Opened::for_command(config, "token create").await?;
    let result = store(&opened, &words).await;
    opened.close().await;
    println!("{}", result?);
    Ok(())
}

async fn store(opened: &Opened, words: &Create) -> Result<String, Failure> {
    let mut tx = opened.db.platform().begin().await.context("cannot reach the database")?;
    let tenant = tenants::by_slug(&mut tx, &words.tenant).await.context("cannot look for the tenant")?;
    let tenant = tenant.with_context(|| format!("there is no tenant `{}`", words.tenant))?.id;
    let user = users::by_email(&mut tx, &words.user).await.context("cannot look for the user")?;
    let (user, _) = user.with_context(|| format!("there is no user `{}`", words.user))?;
    users::role_in(&mut tx, tenant, user)
        .await
        .context("cannot look for the membership")?
        .with_context(|| format!("`{}` is no active member of `{}`", words.user, words.tenant))?;
    let token = tokens_text::generate(tokens_text::API);
    let id = Uuid::now_v7();
    tokens::create(&mut tx, id, Some(tenant), user, words.name.trim(), &tokens_text::hash(&token), None)
        .await
        .context("cannot store the token")?;
    let subject = id.to_string();
    let entry = audit::Entry {
        tenant: Some(tenant),
        action: "api_token.created",
        subject: Some(&subject),
        ..Default::default()
    };
    audit::record(&mut tx, &entry).await.context("cannot write the audit log")?;
    tx.commit().await.context("cannot store the token")?;
    Ok(token)
}
