//! The doors of the HTTP listener that are no API: console, health, headers.

use crate::support::{Folder, Server};

#[tokio::test(flavor = "multi_thread")]
async fn health_metrics_and_the_console_answer() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--sip", "off"]);
    assert_eq!(server.sip, "off");
    let client = reqwest::Client::new();
    let get = |path: &str| client.get(server.url(path)).header("accept", "text/html").send();
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json", "/asyncapi.json", "/docs"] {
        assert_eq!(get(path).await.unwrap().status(), 200, "{path}");
    }
    let absent = get("/api/v1/no-such-thing").await.unwrap();
    assert_eq!(absent.headers()["content-type"], "application/problem+json");
    assert!([401, 404].contains(&absent.status().as_u16()));

    let built = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("web/dist/index.html").is_file();
    for path in ["/", "/calls", "/tickets/deep/link"] {
        let page = get(path).await.unwrap();
        assert_eq!(page.status(), if built { 200 } else { 404 }, "{path}");
        assert_eq!(page.headers()["x-content-type-options"], "nosniff");
        assert!(
            page.headers()["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'")
        );
        if built {
            assert_eq!(page.headers()["cache-control"], "no-cache");
            let tag = page.headers()["etag"].clone();
            let again = client.get(server.url(path)).header("if-none-match", tag).send().await.unwrap();
            assert_eq!(again.status(), 304);
        }
    }
    assert_eq!(get("/assets/of-an-old-build.js").await.unwrap().status(), 404);
    assert_eq!(client.post(server.url("/calls")).send().await.unwrap().status(), 405);
}
