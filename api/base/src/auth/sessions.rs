//! Who a credential belongs to, remembered for a few seconds, so that a busy client does not cost a query a request.
//!
//! Sign-out and revocation in this process forget at once; a change made elsewhere (a role, a membership, another
//! node) shows within [`REMEMBER`].

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use switchroom_core::{Grants, Permission, Role, TenantId, UserId, number::Region, role::Modules};
use switchroom_store::{
    Database, StoreError, Timestamp,
    sessions::{self, TokenHash},
    tenants,
};
use uuid::Uuid;

use super::{remembered::Remembered, token};

/// How long a sign-in is believed without asking again.
pub const REMEMBER: Duration = Duration::from_secs(5);

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The session's id, or the API token's.
    pub session: Uuid,
    pub is_api_token: bool,
    pub user_id: UserId,
    pub email: String,
    pub name: String,
    pub platform: bool,
    /// None for a platform admin who acts for no tenant in particular.
    pub place: Option<Place>,
    /// When the sign-in itself ends, however often its access token is renewed.
    pub ends_at: Option<Timestamp>,
    /// What it may, worked out once: by role, modules and scopes.
    pub grants: Grants,
    /// What it may give to others: the same, whatever modules are off.
    pub gives: Grants,
    /// An API token made for some things only.
    pub is_scoped: bool,
    /// The identity provider that vouched for the session: it is good in its tenant only.
    pub provider: Option<Uuid>,
}

/// The tenant somebody acts in.
#[derive(Clone, Debug)]
pub struct Place {
    pub tenant: TenantId,
    pub slug: String,
    pub name: String,
    pub region: Region,
    /// None for a platform admin, who is no member.
    pub role: Option<Role>,
    /// A role of the tenant's own, whose base is `role`: id and name.
    pub own_role: Option<(Uuid, String)>,
    pub modules: Modules,
    pub extension: Option<String>,
    /// Nothing is done there but by a platform admin.
    pub suspended: bool,
}

impl Identity {
    pub fn may(&self, permission: Permission) -> bool {
        self.grants.holds(permission)
    }

    /// Everything this sign-in may, in the order of the table.
    pub fn permissions(&self) -> Vec<Permission> {
        self.grants.iter().collect()
    }

    pub fn tenant(&self) -> Option<TenantId> {
        self.place.as_ref().map(|place| place.tenant)
    }

    /// Whether the tenant is suspended, for whom that counts.
    pub fn is_suspended(&self) -> bool {
        !self.platform && self.place.as_ref().is_some_and(|place| place.suspended)
    }
}

/// What a sign-in may, and what it may give. The platform admin may everything, wherever they act; everybody else what
/// their role gives, less the modules that are off; a token with scopes no more than those.
fn grants(sign_in: &sessions::SignIn) -> (Grants, Grants) {
    let (may, gives) = match &sign_in.seat {
        _ if sign_in.platform_admin => (Grants::ALL, Grants::ALL),
        None => (Grants::NONE, Grants::NONE),
        Some(seat) => {
            let role =
                seat.own_role.as_ref().map_or_else(|| Grants::of_role(seat.role), |(_, _, grants)| *grants);
            (role.within(seat.modules), role)
        }
    };
    let scopes = sign_in.scopes.unwrap_or(Grants::ALL);
    (may.and(scopes), gives.and(scopes))
}

/// The schema lets only two capital letters in.
fn region(text: &str) -> Region {
    text.parse().unwrap_or(Region::UNKNOWN)
}

/// Resolves credentials.
pub struct Sessions {
    db: Database,
    known: Remembered<TokenHash, Arc<Identity>>,
    tenants: Remembered<String, Place>,
}

impl Sessions {
    pub fn new(db: Database) -> Self {
        Self { db, known: Remembered::new(100_000, REMEMBER), tenants: Remembered::new(1_000, REMEMBER) }
    }

    /// The sign-in behind an `Authorization: Bearer` text; None when it is not good (any more).
    pub async fn bearer(&self, text: &str) -> Result<Option<Arc<Identity>>, StoreError> {
        if text.starts_with(token::API) || text.starts_with(token::ACCESS) {
            self.find(text).await
        } else {
            Ok(None)
        }
    }

    /// As [`Sessions::bearer`], acting in the tenant that `X-Tenant` names where a platform admin asks. A slug that
    /// names none gives no sign-in.
    pub async fn bearer_in(
        &self,
        text: &str,
        slug: Option<&str>,
    ) -> Result<Option<Arc<Identity>>, StoreError> {
        let Some(identity) = self.bearer(text).await? else { return Ok(None) };
        match slug.filter(|_| identity.platform) {
            None => Ok(Some(identity)),
            Some(slug) => Ok(self
                .tenant(slug)
                .await?
                .map(|place| Arc::new(Identity { place: Some(place), ..(*identity).clone() }))),
        }
    }

    /// The sign-in behind a session cookie.
    pub async fn cookie(&self, text: &str) -> Result<Option<Arc<Identity>>, StoreError> {
        if text.starts_with(token::COOKIE) { self.find(text).await } else { Ok(None) }
    }

    async fn find(&self, text: &str) -> Result<Option<Arc<Identity>>, StoreError> {
        if text.len() > 128 {
            return Ok(None);
        }
        let hash = token::hash(text);
        if let Some(identity) = self.known.get(&hash)
            && identity.ends_at.is_none_or(|at| at > Utc::now())
        {
            return Ok(Some(identity));
        }
        let generation = self.known.generation();
        let mut connection = self.db.auth().acquire().await.map_err(StoreError::from)?;
        let Some(sign_in) = sessions::find(&mut connection, &hash).await? else { return Ok(None) };
        sessions::touch(&mut connection, &sign_in).await?;
        let (grants, gives) = grants(&sign_in);
        let identity = Arc::new(Identity {
            grants,
            gives,
            is_scoped: sign_in.scopes.is_some(),
            provider: sign_in.provider,
            session: sign_in.session,
            is_api_token: sign_in.is_api_token,
            user_id: sign_in.user,
            email: sign_in.email,
            name: sign_in.name,
            platform: sign_in.platform_admin,
            place: sign_in.seat.map(|seat| Place {
                tenant: seat.tenant,
                slug: seat.slug,
                name: seat.tenant_name,
                region: region(&seat.region),
                role: Some(seat.role),
                own_role: seat.own_role.map(|(id, name, _)| (id, name)),
                modules: seat.modules,
                extension: seat.extension,
                suspended: seat.suspended,
            }),
            ends_at: sign_in.ends_at,
        });
        self.known.insert_since(generation, hash, Arc::clone(&identity));
        Ok(Some(identity))
    }

    /// The platform admin's place in a tenant.
    pub async fn tenant(&self, slug: &str) -> Result<Option<Place>, StoreError> {
        if let Some(place) = self.tenants.get(slug) {
            return Ok(Some(place));
        }
        let mut connection = self.db.auth().acquire().await.map_err(StoreError::from)?;
        let Some(tenant) = tenants::by_slug(&mut connection, slug).await? else { return Ok(None) };
        let place = Place {
            tenant: tenant.id,
            slug: tenant.slug,
            name: tenant.name,
            region: region(&tenant.region),
            role: None,
            own_role: None,
            modules: Modules::ALL,
            extension: None,
            suspended: false,
        };
        self.tenants.insert(slug.to_owned(), place.clone());
        Ok(Some(place))
    }

    /// Forgets a session or token that was ended or changed.
    pub fn forget(&self, session: Uuid) {
        self.known.forget_where(|identity| identity.session == session);
    }

    /// Forgets everybody's place in a tenant (its name, region or standing changed).
    pub fn forget_tenant(&self, tenant: TenantId) {
        self.known.forget_where(|identity| identity.tenant() == Some(tenant));
        self.tenants.forget_where(|place| place.tenant == tenant);
    }

    /// Forgets everything known of a person (their name, role or membership changed).
    pub fn forget_user(&self, user: UserId) {
        self.known.forget_where(|identity| identity.user_id == user);
    }
}
