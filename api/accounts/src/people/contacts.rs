//! Which contact a client is, as members and invitations show it and take it.

use serde::{Deserialize, Serialize};
use switchroom_api_base::{auth::Caller, body::Errors, problem::Problem};
use switchroom_core::{
    Permission, Role,
    directory::{ContactKind, ContactRef},
};
use switchroom_store::{
    TenantTx,
    portal_accounts::{self, Party},
    users::OfContact,
};
use utoipa::ToSchema;
use uuid::Uuid;

/// The contact that a client signs in as: an individual, or a person of an organization.
#[derive(Serialize, ToSchema)]
pub(crate) struct MemberContact {
    /// `individual` or `organization_contact`.
    #[schema(value_type = String, example = "individual")]
    kind: ContactKind,
    id: Uuid,
    name: String,
    /// Of an organization's person: whose.
    organization_id: Option<Uuid>,
    organization_name: Option<String>,
}

/// A contact to sign in as.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientContact {
    /// `individual` or `organization_contact`.
    #[schema(value_type = String, example = "individual")]
    kind: ContactKind,
    id: Uuid,
}

impl ClientContact {
    pub(super) fn validate(&self, errors: &mut Errors) {
        if !portal_accounts::may_sign_in(self.kind) {
            errors.push("/contact/kind", "must be individual or organization_contact");
        }
    }

    /// The contact, held, of somebody who gets this role; 422 where it is none that the caller may read, or the role is no
    /// client's.
    pub(super) async fn held(
        self,
        tx: &mut TenantTx,
        caller: &Caller,
        role: Role,
    ) -> Result<ContactRef, Problem> {
        if role != Role::Client {
            return Err(Problem::invalid("/contact", "is for clients only"));
        }
        let contact = ContactRef { kind: self.kind, id: self.id };
        let there =
            Sight::of(caller).reaches(self.kind) && portal_accounts::hold_contact(tx, contact).await?;
        if there { Ok(contact) } else { Err(Problem::invalid("/contact/id", "names no contact")) }
    }
}

/// The kinds of contact that somebody may read, and so may learn of from an account.
#[derive(Clone, Copy)]
pub(crate) struct Sight {
    individuals: bool,
    organizations: bool,
}

impl Sight {
    /// Where nobody is invited as a contact.
    pub(crate) const NONE: Self = Self { individuals: false, organizations: false };

    pub(crate) fn of(caller: &Caller) -> Self {
        Self {
            individuals: caller.may(Permission::to_read(ContactKind::Individual)),
            organizations: caller.may(Permission::to_read(ContactKind::OrganizationContact)),
        }
    }

    const fn reaches(self, kind: ContactKind) -> bool {
        match kind {
            ContactKind::Individual => self.individuals,
            ContactKind::OrganizationContact => self.organizations,
            ContactKind::Organization | ContactKind::EmailContact => false,
        }
    }

    /// What is shown of it.
    pub(crate) fn show(self, party: Option<Party>) -> Option<MemberContact> {
        let Party { contact, name, organization } = party?;
        let (organization_id, organization_name) = organization.unzip();
        self.reaches(contact.kind).then_some(MemberContact {
            kind: contact.kind,
            id: contact.id,
            name,
            organization_id,
            organization_name,
        })
    }

    /// Whom it may be asked of by its id.
    pub(super) fn find(self, id: Uuid) -> OfContact {
        OfContact {
            individual: self.individuals.then_some(id),
            organization_contact: self.organizations.then_some(id),
        }
    }
}
