//! Mail to people: invitations and password links, as plain text over SMTP.
//!
//! A mail holds a link that signs somebody in, so nothing of its text is ever logged. Its lines are ours; what people
//! wrote (a tenant's name) is put in as one line of plain text.

use std::{fmt, sync::Arc, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentType, Header, HeaderName, HeaderValue},
    },
};
use switchroom_store::StoreError;
use uuid::Uuid;

use crate::{problem::Problem, state::AppState};

/// One attempt, from the connection to the server's last word.
const PATIENCE: Duration = Duration::from_secs(15);

/// What is wrong with the settings. The URL may hold a password and is not repeated.
#[derive(Debug, thiserror::Error)]
pub enum BadSettings {
    #[error("smtp-url: is not of the form smtp://USER:PASSWORD@HOST:PORT?tls=required or smtps://…")]
    Url,
    #[error("mail-from: is not an address such as Switchroom <switchroom@example.com>")]
    From,
}

/// A mail did not leave.
#[derive(Debug, thiserror::Error)]
pub enum Unsent {
    #[error("the address is not one that mail can be sent to")]
    Address,
    #[error("the mail server did not take it: {0}")]
    Refused(#[from] lettre::transport::smtp::Error),
    #[error("the mail server did not answer in time")]
    TooSlow,
}

/// Sends mail through one server. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Mailer {
    pub fn new(url: &str, from: &str) -> Result<Self, BadSettings> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| BadSettings::Url)?
            .timeout(Some(PATIENCE))
            .build();
        Ok(Self { transport, from: from.parse().map_err(|_| BadSettings::From)? })
    }

    /// Hands one mail to the server.
    pub async fn send(&self, to: &str, subject: &str, text: &str) -> Result<(), Unsent> {
        let to: Mailbox = to.parse().map_err(|_| Unsent::Address)?;
        let id = format!("<{}@{}>", Uuid::new_v4(), self.from.email.domain());
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(one_line(subject))
            .message_id(Some(id))
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN)
            .body(text.to_owned())
            .map_err(|_| Unsent::Address)?;
        match tokio::time::timeout(PATIENCE, self.transport.send(message)).await {
            Ok(sent) => Ok(sent.map(|_| ())?),
            Err(_) => Err(Unsent::TooSlow),
        }
    }
}

/// Why what should have been mailed was not.
#[derive(Debug, thiserror::Error)]
pub enum NotMailed {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Unsent(#[from] Unsent),
    #[error("its line in the audit log could not be written")]
    Audit,
}

/// Writes to somebody beside the answer, so that neither its words nor its time tell what came of it. A server without
/// mail does nothing; 503 while too much goes on beside the answers.
pub fn beside<F>(state: &AppState, write: impl FnOnce(AppState, Mailer) -> F) -> Result<(), Problem>
where
    F: Future<Output = Result<(), NotMailed>> + Send + 'static,
{
    let Some(mailer) = state.config.mailer.clone() else { return Ok(()) };
    let place = Arc::clone(&state.beside).try_acquire_owned().map_err(|_| Problem::unavailable(5))?;
    let writing = write(state.clone(), mailer);
    tokio::spawn(async move {
        let _place = place;
        if let Err(error) = writing.await {
            tracing::warn!(%error, "a mail was not sent");
        }
    });
    Ok(())
}

/// RFC 3834: machines that answer mail by themselves leave this one alone.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// What somebody wrote, as part of a line of ours: no line breaks, nothing invisible.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn settings_are_judged_at_the_start() {
        let from = "Switchroom <switchroom@calls.example>";
        assert!(Mailer::new("smtp://127.0.0.1:25", from).is_ok());
        assert!(Mailer::new("smtps://user:secret@mail.example", from).is_ok());
        assert!(Mailer::new("smtp://user:secret@mail.example:587?tls=required", from).is_ok());
        for url in ["", "mail.example", "http://mail.example", "smtp://mail.example?tls=maybe"] {
            let fault = Mailer::new(url, from).unwrap_err();
            assert!(matches!(fault, BadSettings::Url), "{url}");
        }
        for from in ["", "switchroom", "Switchroom <x"] {
            assert!(
                matches!(Mailer::new("smtp://127.0.0.1", from).unwrap_err(), BadSettings::From),
                "{from}"
            );
        }
        let shown =
            format!("{:?} {}", Mailer::new("smtp://u:hunter2@mail.example", from).unwrap(), BadSettings::Url);
        assert!(!shown.contains("hunter2"));
    }

    #[test]
    fn what_people_wrote_stays_on_its_line() {
        assert_eq!(one_line("Demo\r\nBcc: all@x.example"), "Demo  Bcc: all@x.example");
        assert_eq!(one_line(&"x".repeat(500)).len(), 200);
    }
}
