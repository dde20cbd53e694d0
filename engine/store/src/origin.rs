//! Who acts, from where, by which request: said once, where a request comes in, and known to every transaction that
//! is opened while it is carried out. The database copies it onto the lines its audit triggers write.
//!
//! It travels with the task, not through arguments: a function that changes something cannot forget to hand it on. A
//! task spawned beside a request starts without one; what it does counts as the program's own.

use std::{future::Future, sync::Arc};

use serde::Serialize;
use uuid::Uuid;

/// Where a request comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Origin {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The request's id, as in the log and the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Method and route.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
}

tokio::task_local! {
    static ORIGIN: Arc<Origin>;
}

/// Carries the work out on behalf of this origin.
pub async fn within<F: Future>(origin: Arc<Origin>, work: F) -> F::Output {
    ORIGIN.scope(origin, work).await
}

/// On whose behalf this task works.
pub fn current() -> Option<Arc<Origin>> {
    ORIGIN.try_with(Arc::clone).ok()
}

/// As a literal of SQL, quotes and all; an empty text where nobody is named.
pub(crate) fn literal() -> String {
    let text = current().and_then(|origin| serde_json::to_string(&*origin).ok()).unwrap_or_default();
    // Strings are standard-conforming: only the quote itself needs care. JSON writes U+0000 as \u0000, which jsonb
    // refuses, so it goes.
    format!("'{}'", text.replace("\\u0000", "").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_origin_holds_while_its_work_runs_and_cannot_leave_its_quotes() {
        assert_eq!(current(), None);
        assert_eq!(literal(), "''");
        let origin = Origin { via: Some("GET /it's\0\\".into()), ..Origin::default() };
        within(Arc::new(origin), async {
            assert!(current().is_some());
            assert_eq!(literal(), r#"'{"via":"GET /it''s\\"}'"#);
        })
        .await;
        assert_eq!(current(), None);
    }
}
