//! The API document: what the handlers say of themselves, and on top what holds for all of them alike, so that no
//! handler has to repeat it: the permission from the one table, how to sign in, and the problems the gate and the
//! body reader answer.

use serde_json::{Map, Value, json};
use switchroom_api_base::{auth::guard::takes_key, upload::is_upload};
use switchroom_core::permission::{Access, endpoint};
use utoipa::openapi::OpenApi;

const DESCRIPTION: &str = "\
Self-hosted call centre. JSON, snake_case both ways, times RFC 3339 UTC, durations in integer milliseconds, phone \
numbers E.164.\n\n\
**Signing in.** `POST /api/v1/auth/login`, then `Authorization: Bearer …`; or an API token. Browsers use the session \
cookie and send `X-CSRF-Token` with changes. A platform admin names a tenant by `X-Tenant: slug`.\n\n\
**Permissions.** `x-permission` of an operation names what it needs: a permission, `signed_in` or `public`. \
`GET /api/v1/roles` lists what each role has.\n\n\
**Errors** are `application/problem+json` with a stable `type`, decided in this order: 401, 403, 404, 413, 415, 400, \
422, 412, 409. A query parameter that cannot be read is 400 with `errors[{pointer: \"?name\"}]`; unknown parameters \
are ignored.\n\n\
**Lists** take `limit` (50, at most 200; more means 200), `cursor`, `sort` (a field, `-` before it for descending; 400 names the \
fields), `q`, `count`, as far as they name them.\n\n\
**Changes.** PATCH merges (RFC 7396); `If-Match` is honoured; POST takes `Idempotency-Key` (24 hours), except beneath `/auth`.";

/// Completes what the routers collected.
pub fn finish(collected: OpenApi) -> Value {
    let mut document = serde_json::to_value(collected).unwrap_or_default();
    document["info"] = json!({
        "title": "Switchroom",
        "version": env!("CARGO_PKG_VERSION"),
        "description": DESCRIPTION,
        "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
    });
    document["servers"] = json!([{"url": "/"}]);
    document["components"]["securitySchemes"] = json!({
        "bearer": {"type": "http", "scheme": "bearer", "description": "Access token of a session, or an API token"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": "__Host-switchroom_session",
                   "description": "Browsers; over plain http on loopback the name has no prefix. Changes need X-CSRF-Token."},
    });
    document["components"]["responses"] = json!({"Problem": problem_response("What went wrong (RFC 9457)")});
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, item) in paths {
            for (method, operation) in item.as_object_mut().into_iter().flatten() {
                if let Some(operation) = operation.as_object_mut() {
                    complete(path, &method.to_uppercase(), operation);
                }
            }
        }
    }
    document
}

fn complete(path: &str, method: &str, operation: &mut Map<String, Value>) {
    // A route without a row is refused at run time and fails a test; here it only must not look open.
    let access = endpoint(method, path).map(|row| row.access);
    let name = access.map_or("none", Access::name);
    operation.insert("x-permission".into(), name.into());
    let public = access == Some(Access::Public);
    operation
        .insert("security".into(), if public { json!([]) } else { json!([{"bearer": []}, {"cookie": []}]) });
    let api = path.starts_with("/api/v1");
    let has_body = operation.contains_key("requestBody");
    let keyed = api && !public && method == "POST" && takes_key(path);
    let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
    let mut versioned = false;
    if let Some(parameters) = parameters.as_array_mut() {
        if keyed {
            parameters.push(json!({"name": "Idempotency-Key", "in": "header", "required": false,
                "description": "The same key gives the first answer again for 24 hours",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255}}));
        }
        for parameter in parameters.iter_mut() {
            versioned |= parameter["name"] == "If-Match";
            if parameter["in"] != "query" || parameter["required"] == true {
                continue;
            }
            if parameter["name"] == "limit" {
                // Any number will do; one beyond what a type holds means the most there is, too.
                parameter["schema"] =
                    json!({"type": "integer", "minimum": 1, "default": parameter["schema"]["default"]});
            } else {
                // `?state=` filters nothing.
                parameter["allowEmptyValue"] = true.into();
            }
        }
    }
    if let Some(body) = operation.get_mut("requestBody") {
        may_be_left_out(body);
    }
    // The first to name a status describes it.
    let mut problems = Vec::new();
    let is_file = method == "POST" && is_upload(path);
    if is_file {
        problems.extend([("413", "File over 64 MiB"), ("415", "Not text/csv")]);
    }
    if api && has_body && !is_file {
        problems.extend([
            ("400", "The body is no JSON"),
            ("413", "Body over 1 MiB"),
            ("415", "Not application/json"),
            ("422", "Validation failed; see errors"),
        ]);
    } else if api && method == "GET" {
        problems.push(("400", "A query parameter cannot be read"));
    }
    if versioned {
        problems.push(("412", "If-Match names another version"));
    }
    if keyed {
        problems.extend([
            ("400", "Idempotency-Key is none"),
            ("409", "The first request with this Idempotency-Key still runs"),
            ("413", "Body over 1 MiB"),
            ("422", "Idempotency-Key came with another request before"),
        ]);
    }
    if api && (has_body || keyed) {
        problems.push(("408", "The body did not arrive in time"));
    }
    if api && path.contains('{') {
        problems.push(("404", "Absent, or another tenant's"));
    }
    if api && !public {
        problems.extend([
            ("401", "Not signed in"),
            ("403", "Not permitted"),
            ("404", "X-Tenant names no tenant"),
            ("429", "Too many requests; see Retry-After"),
        ]);
    }
    if api {
        problems.push(("503", "Not right now; see Retry-After"));
    }
    let responses = operation.entry("responses").or_insert_with(|| json!({}));
    if let Some(responses) = responses.as_object_mut() {
        for (status, description) in problems {
            responses.entry(status).or_insert_with(|| problem_response(description));
        }
        // What a handler states without a body is a problem too.
        for (status, response) in responses.iter_mut() {
            let error = status.starts_with('4') || status.starts_with('5');
            if error
                && response.get("content").is_none()
                && let Some(description) = response["description"].as_str()
            {
                *response = problem_response(description);
            }
        }
    }
}

/// What the handlers call `Option` is a body that may be left out; null is still no body.
fn may_be_left_out(body: &mut Value) {
    for media in body["content"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        if let Some([other, null]) = media["schema"]["oneOf"].as_array().map(Vec::as_slice)
            && null["type"] == "null"
        {
            media["schema"] = other.clone();
        }
    }
}

fn problem_response(description: &str) -> Value {
    json!({"description": description,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}})
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use switchroom_core::permission::ENDPOINTS;

    use crate::router;

    fn operations() -> BTreeSet<(String, String)> {
        let document = router::openapi();
        let mut found = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                found.insert((path.clone(), method.to_uppercase()));
            }
        }
        found
    }

    #[test]
    fn every_route_has_a_row() {
        for (path, method) in operations() {
            assert!(
                ENDPOINTS.iter().any(|row| row.path == path && row.method == method),
                "{method} {path} has no row in core/src/permission.rs"
            );
        }
    }

    #[test]
    fn every_row_has_a_route() {
        let operations = operations();
        for row in ENDPOINTS {
            assert!(
                operations.contains(&(row.path.to_owned(), row.method.to_owned())),
                "{} {} has a row and no route",
                row.method,
                row.path
            );
        }
    }

    #[test]
    fn every_operation_names_its_permission_and_every_reference_leads_somewhere() {
        let document = router::openapi();
        for item in document["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                assert_ne!(operation["x-permission"], "none");
                assert!(operation["operationId"].is_string());
                assert!(operation["tags"].is_array());
                assert!(operation["summary"].is_string(), "{operation}");
            }
        }
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer} leads nowhere");
        }
    }

    #[test]
    fn operation_ids_are_unique() {
        let document = router::openapi();
        let mut seen = BTreeSet::new();
        for item in document["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                let id = operation["operationId"].as_str().unwrap().to_owned();
                assert!(seen.insert(id.clone()), "{id} twice");
            }
        }
    }
}
