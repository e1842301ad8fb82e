//! Takes apart a connection string: what the driver knows goes to the driver, the rest stays here.

use std::collections::BTreeSet;
use std::ops::Range;
use std::str::FromStr;

use tokio_postgres::Config;

use super::setting;
use crate::Error;

/// How errors call the string: it comes from an option or an environment variable.
pub(super) const PLACE: &str = "the database URL";

/// The parameters that the driver reads. It has its own idea of `sslmode`, and never sees ours.
const DRIVER: [&str; 17] = [
    "user",
    "password",
    "dbname",
    "application_name",
    "sslnegotiation",
    "host",
    "hostaddr",
    "port",
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "target_session_attrs",
    "channel_binding",
    "load_balance_hosts",
];

/// What a connection string says.
pub(super) struct Given {
    pub(super) config: Config,
    /// The names of all parameters that it sets.
    pub(super) names: BTreeSet<String>,
    pub(super) sslmode: Option<String>,
    pub(super) sslrootcert: Option<String>,
    pub(super) passfile: Option<String>,
    pub(super) service: Option<String>,
    pub(super) servicefile: Option<String>,
}

/// One `name=value` and where it stands.
struct Pair {
    name: String,
    value: String,
    span: Range<usize>,
}

/// `default_port` is for a host without one.
pub(super) fn parse(text: &str, default_port: u16) -> Result<Given, Error> {
    let is_url = text.starts_with("postgresql://") || text.starts_with("postgres://");
    let url = is_url.then(|| Url::of(text));
    let pairs = match &url {
        Some(url) => url_pairs(text, url)?,
        None => keyword_pairs(text).ok_or_else(unreadable)?,
    };

    let mut given = Given {
        config: Config::new(),
        names: BTreeSet::new(),
        sslmode: None,
        sslrootcert: None,
        passfile: None,
        service: None,
        servicefile: None,
    };
    // From the end, so that spans stay true while the text shrinks.
    let mut rest = text.to_owned();
    let mut port = None;
    for Pair { name, value, span } in pairs.into_iter().rev() {
        let own = match name.as_str() {
            "sslmode" => &mut given.sslmode,
            "sslrootcert" => &mut given.sslrootcert,
            "passfile" => &mut given.passfile,
            "service" => &mut given.service,
            "servicefile" => &mut given.servicefile,
            // The driver gives a host in a URL port 5432, and would take this for a second one.
            "port" if url.as_ref().is_some_and(|url| url.has_host) => &mut port,
            known if DRIVER.contains(&known) => {
                given.names.insert(name);
                continue;
            }
            "options" => {
                return Err(setting(
                    format!("{PLACE}, parameter options"),
                    "is not sent, since a pooler refuses it: leave it out",
                ));
            }
            _ => {
                return Err(setting(
                    format!("{PLACE}, parameter {name}"),
                    "is not known: leave it out",
                ));
            }
        };
        // The last one counts, as with libpq, and that is the first met here.
        own.get_or_insert(value);
        rest.replace_range(span, "");
    }
    if let Some(url) = url.filter(|url| url.has_host) {
        if !url.has_port {
            let port = port.unwrap_or_else(|| default_port.to_string());
            rest.insert_str(url.authority_end, &format!(":{port}"));
        } else if port.is_some() {
            return Err(setting(PLACE, "names two ports: leave one out"));
        }
    }
    given.config = Config::from_str(&rest).map_err(|error| {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        match source {
            // Anything else that the driver says quotes the string, and that holds the password.
            Some(text) if text.starts_with("invalid value for option") => setting(PLACE, text),
            _ => unreadable(),
        }
    })?;
    Ok(given)
}

fn unreadable() -> Error {
    setting(
        PLACE,
        "expected postgresql://user@host:port/database?name=value, or name=value pairs; \
         write @ : / ? % in a password as %40 %3A %2F %3F %25",
    )
}

/// Where the parts of a URL end.
struct Url {
    /// Of the host and port: where `/` or `?` follows, or the text ends.
    authority_end: usize,
    has_host: bool,
    has_port: bool,
}

impl Url {
    fn of(text: &str) -> Self {
        let start = text.find("://").map_or(0, |colon| colon + 3);
        // The driver, too, takes everything before the first `@` for user and password, so that a
        // `?` in there is no start of parameters.
        let host = match (text[start..].find('@'), text[start..].find('/')) {
            (Some(at), Some(slash)) if slash < at => start,
            (Some(at), _) => start + at + 1,
            (None, _) => start,
        };
        let authority_end = text[host..].find(['/', '?']).map_or(text.len(), |end| host + end);
        let authority = &text[host..authority_end];
        // The colons of an IPv6 address are in brackets.
        let after_address = authority.rfind(']').map_or(authority, |end| &authority[end..]);
        Self {
            authority_end,
            has_host: !authority.is_empty(),
            has_port: after_address.contains(':'),
        }
    }
}

/// The parameters after the `?`, each span with the `&` that follows it.
fn url_pairs(text: &str, url: &Url) -> Result<Vec<Pair>, Error> {
    let Some(question) = text[url.authority_end..].find('?') else {
        return Ok(Vec::new());
    };
    let mut start = url.authority_end + question + 1;
    let mut pairs = Vec::new();
    for pair in text[start..].split_inclusive('&') {
        let (name, value) = pair.trim_end_matches('&').split_once('=').ok_or_else(unreadable)?;
        let name = decode(name)?;
        // After a second `?`, or a `;` for `&`, a password would be part of a value that is shown.
        if name != "password" && value.contains('=') {
            return Err(setting(
                format!("{PLACE}, parameter {name}"),
                "holds a second =: write & before the next parameter, or %3D in a value",
            ));
        }
        pairs.push(Pair { name, value: decode(value)?, span: start..start + pair.len() });
        start += pair.len();
    }
    Ok(pairs)
}

/// Undoes percent-encoding, by the driver's own reading of it.
fn decode(text: &str) -> Result<String, Error> {
    Config::from_str(&format!("postgresql:///?application_name={text}"))
        .ok()
        .and_then(|config| config.get_application_name().map(str::to_owned))
        .ok_or_else(unreadable)
}

/// `name = value` pairs; a value may be in single quotes, and `\` takes the next character as is.
fn keyword_pairs(text: &str) -> Option<Vec<Pair>> {
    let mut pairs = Vec::new();
    let mut chars = text.char_indices().peekable();
    loop {
        while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {}
        let Some(&(start, _)) = chars.peek() else {
            return Some(pairs);
        };
        let mut name = String::new();
        while let Some((_, c)) = chars.next_if(|(_, c)| *c != '=' && !c.is_whitespace()) {
            name.push(c);
        }
        while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {}
        chars.next_if(|(_, c)| *c == '=')?;
        while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {}

        let mut value = String::new();
        let quoted = chars.next_if(|(_, c)| *c == '\'').is_some();
        loop {
            match chars.peek().copied() {
                None if quoted => return None,
                None => break,
                Some((_, c)) if !quoted && c.is_whitespace() => break,
                Some((_, c)) => {
                    chars.next();
                    match c {
                        '\'' if quoted => break,
                        '\\' => value.push(chars.next()?.1),
                        c => value.push(c),
                    }
                }
            }
        }
        let end = chars.peek().map_or(text.len(), |&(at, _)| at);
        pairs.push(Pair { name, value, span: start..end });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(text: &str) -> [Option<String>; 3] {
        let given = parse(text, 5432).unwrap();
        [given.sslmode, given.sslrootcert, given.passfile]
    }

    #[test]
    fn own_parameters_are_taken_out_wherever_they_stand() {
        let some = |text: &str| Some(text.to_owned());
        for text in [
            "postgresql://h/d?sslmode=a&passfile=b&sslrootcert=c",
            "postgresql://h/d?sslmode=a&port=1&passfile=b&sslrootcert=c&user=x",
            "sslmode=a passfile='b' host=h sslrootcert = c",
            "sslmode=z sslmode=a passfile=b sslrootcert=c",
        ] {
            assert_eq!(own(text), [some("a"), some("c"), some("b")], "{text}");
        }
        let given = parse("postgresql://h/d?sslmode=a&port=1&user=x", 5432).unwrap();
        assert_eq!(given.config.get_ports(), [1]);
        assert_eq!(given.config.get_user(), Some("x"));
        assert_eq!(given.names.into_iter().collect::<Vec<_>>(), ["user"]);
        assert_eq!(own(""), [None, None, None]);
    }
}
