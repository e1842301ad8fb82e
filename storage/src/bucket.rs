//! Reaching an S3-compatible bucket: within bounds, never off its endpoint, and telling what went
//! wrong without a key in it.

use object_store::{
    BackoffConfig, ClientConfigKey, ClientOptions, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    client::{HttpClient, HttpConnector},
};
use std::time::Duration;

/// Tries of one request, as `AWS_MAX_ATTEMPTS` of Amazon's own tools. What a server refuses (4xx)
/// is asked once.
const MAX_ATTEMPTS: usize = 6;

/// No try begins later than this after the first one.
const RETRY_FOR: Duration = Duration::from_mins(1);

/// Between two tries: from, up to.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// What of a server's own words is told.
const MAX_SAID_CHARS: usize = 200;

/// Opens a bucket as the `AWS_*` variables say.
pub(crate) fn open(
    bucket: &str,
    env: impl Iterator<Item = (String, String)>,
) -> Result<AmazonS3, String> {
    let mut builder = AmazonS3Builder::new().with_bucket_name(bucket);
    let mut max_attempts = MAX_ATTEMPTS;
    for (name, value) in env.filter(|(name, _)| name.starts_with("AWS_")) {
        if name == "AWS_MAX_ATTEMPTS" {
            max_attempts = value
                .parse()
                .ok()
                .filter(|attempts| *attempts > 0)
                .ok_or("AWS_MAX_ATTEMPTS: expected a number above nothing")?;
        }
        if name == "AWS_ALLOW_INVALID_CERTIFICATES" && value.parse() != Ok(false) {
            return Err("AWS_ALLOW_INVALID_CERTIFICATES is set, but certificates are always \
                        verified: take it out; SSL_CERT_FILE names those to trust"
                .to_owned());
        }
        if let Ok(key) = name.to_ascii_lowercase().parse() {
            builder = builder.with_config(key, value);
        }
    }
    let backoff = BackoffConfig { init_backoff: BACKOFF.0, max_backoff: BACKOFF.1, base: 2.0 };
    builder
        .with_retry(RetryConfig {
            backoff,
            max_retries: max_attempts - 1,
            retry_timeout: RETRY_FOR,
        })
        .with_http_connector(EndpointOnly)
        .build()
        .map_err(|error| error.to_string())
}

/// Connects to the endpoint and to no other host: where it redirects to would be told which
/// objects there are, and be believed in what they hold.
#[derive(Debug)]
struct EndpointOnly;

impl HttpConnector for EndpointOnly {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let generic = |source: Box<dyn std::error::Error + Send + Sync>| {
            object_store::Error::Generic { store: "S3", source }
        };
        let limit = |key: ClientConfigKey| {
            let text = options.get_config_value(&key).unwrap_or_default();
            humantime::parse_duration(&text)
                .map_err(|error| generic(format!("{}: {error}", key.as_ref()).into()))
        };
        let allows_http = options.get_config_value(&ClientConfigKey::AllowHttp);
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(limit(ClientConfigKey::Timeout)?)
            .connect_timeout(limit(ClientConfigKey::ConnectTimeout)?)
            .https_only(allows_http.as_deref() != Some("true"))
            .http1_only()
            .build()
            .map_err(|error| generic(error.into()))?;
        Ok(HttpClient::new(client))
    }
}

/// Whether an error says that an object is not there, as against the bucket.
pub(crate) fn is_missing(error: &object_store::Error) -> bool {
    matches!(error, object_store::Error::NotFound { .. })
        && element(&error.to_string(), "Code") != Some("NoSuchBucket")
}

/// Whether an error may be gone a little later: no answer, or one that says so.
pub(crate) fn may_pass(error: &object_store::Error) -> bool {
    let object_store::Error::Generic { .. } = error else { return false };
    let line = error.to_string();
    match status(&line) {
        // No answer, or half of one.
        None => !is_redirect(&line),
        Some(status) => status >= 500 || [408, 429].contains(&status),
    }
}

/// The status that a server answered with.
fn status(line: &str) -> Option<u16> {
    line.split_once("status code: ")?.1.get(..3)?.parse().ok()
}

/// Whether a server pointed elsewhere, or said that it would and not where.
fn is_redirect(line: &str) -> bool {
    status(line).is_some_and(|status| (300..400).contains(&status))
        || line.contains("redirect without LOCATION")
}

/// An error in one line. Of the server's answer only code and message: it may repeat the key that
/// it was asked with, and what is not S3 may say anything.
pub(crate) fn reason(error: &object_store::Error) -> String {
    let text = error.to_string();
    // An answer is the last thing told, and XML or HTML.
    let (line, answer) = text.split_once('<').map_or((&text[..], None), |(line, _)| {
        (line.trim_end_matches([':', ' ']), Some(&text[line.len()..]))
    });
    let mut line = line.to_owned();
    let code = answer.and_then(|answer| element(answer, "Code"));
    for said in [code, answer.and_then(|answer| element(answer, "Message"))].into_iter().flatten() {
        line += ": ";
        line.extend(said.chars().take(MAX_SAID_CHARS));
    }
    line += advice(code, &line);
    line.replace(char::is_control, " ")
}

fn advice(code: Option<&str>, line: &str) -> &'static str {
    match code {
        Some("RequestTimeTooSkewed") => "; set the clock of this machine (NTP)",
        Some("InvalidAccessKeyId" | "SignatureDoesNotMatch") => {
            "; check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        }
        Some("ExpiredToken" | "InvalidToken") => "; renew AWS_SESSION_TOKEN",
        Some("AccessDenied") => {
            "; let the key read, list and write below the prefix (a missing object is also refused \
             to who may not list)"
        }
        Some("NoSuchBucket") => "; check the bucket's name, AWS_REGION and AWS_ENDPOINT",
        _ if is_redirect(line) => "; redirects are not followed: check AWS_REGION and AWS_ENDPOINT",
        _ => "",
    }
}

/// The text of an element of an answer.
fn element<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let start = answer.find(&format!("<{name}>"))? + name.len() + 2;
    let rest = &answer[start..];
    Some(&rest[..rest.find("</")?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(answer: &str) -> String {
        reason(&object_store::Error::Generic { store: "S3", source: answer.to_owned().into() })
    }

    #[test]
    fn an_answer_is_told_by_code_and_message() {
        let skewed = said(
            "Server returned non-2xx status code: 403 Forbidden: <?xml version=\"1.0\"?>\n<Error>\
             <Code>RequestTimeTooSkewed</Code><Message>The difference between the request time and \
             the current time is too large.</Message><AWSAccessKeyId>AKIACANARY</AWSAccessKeyId>\
             </Error>",
        );
        assert_eq!(
            skewed,
            "Generic S3 error: Server returned non-2xx status code: 403 Forbidden: \
             RequestTimeTooSkewed: The difference between the request time and the current time is \
             too large.; set the clock of this machine (NTP)"
        );
        let mismatch = said("403: <Code>SignatureDoesNotMatch</Code><X>AKIACANARY</X>");
        assert!(mismatch.ends_with("check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"));
        assert!(!mismatch.contains("CANARY"), "{mismatch}");
        assert_eq!(said("502: <html>\n<b>canary</b>"), "Generic S3 error: 502");
        let long = said(&format!("500: <Code>{}</Code>", "é".repeat(9_999)));
        assert_eq!(long.chars().count(), "Generic S3 error: 500: ".len() + MAX_SAID_CHARS);
        assert_eq!(said("a\u{1b}[31mb <Code"), "Generic S3 error: a [31mb");
    }

    #[test]
    fn what_may_pass_is_told_from_what_stays() {
        for (line, want) in [
            ("Server returned non-2xx status code: 503 Service Unavailable: ", true),
            ("Server returned non-2xx status code: 429 Too Many Requests: ", true),
            ("HTTP error: operation timed out", true),
            ("Server returned non-2xx status code: 400 Bad Request: ", false),
            ("Server returned non-2xx status code: 307 Temporary Redirect: ", false),
            ("Received redirect without LOCATION, this normally indicates", false),
        ] {
            let error = object_store::Error::Generic { store: "S3", source: line.into() };
            assert_eq!(may_pass(&error), want, "{line}");
        }
        let denied = object_store::Error::PermissionDenied { path: "x".into(), source: "".into() };
        assert!(!may_pass(&denied));
    }

    #[test]
    fn settings_that_cannot_be_used_are_refused() {
        let open = |name: &str, value: &str| {
            open("b", [(name.to_owned(), value.to_owned())].into_iter()).err().unwrap_or_default()
        };
        assert_eq!(open("AWS_MAX_ATTEMPTS", "3"), "");
        assert!(open("AWS_MAX_ATTEMPTS", "0").starts_with("AWS_MAX_ATTEMPTS: expected"));
        assert!(open("AWS_ALLOW_INVALID_CERTIFICATES", "true").contains("always verified"));
        assert_eq!(open("AWS_ALLOW_INVALID_CERTIFICATES", "false"), "");
        assert!(open("AWS_TIMEOUT", "soon").contains("timeout"));
    }
}
