//! One message to one address: how often it is tried, for how long, and what is made of the answers. What goes wrong
//! is told in words that cannot hold the address.

use super::address::Address;
use crate::language::Message;
use jiff::Timestamp;
use std::io::{ErrorKind, Read};
use std::thread;
use std::time::{Duration, Instant};
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

/// How long and how often is tried.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until there is a connection.
    pub connect: Duration,
    /// Until a request is answered, from its beginning.
    pub whole: Duration,
    /// Requests at most.
    pub attempts: u32,
    /// The pause after the first of them, which doubles with each.
    pub pause: Duration,
    /// The longest pause, whatever the answer asks for.
    pub longest_pause: Duration,
}

impl Patience {
    /// That of a nightly run: the last of four requests is over after three and a half minutes at most.
    pub const NIGHTLY: Patience = Patience {
        connect: Duration::from_secs(5),
        whole: Duration::from_secs(15),
        attempts: 4,
        pause: Duration::from_secs(2),
        longest_pause: Duration::from_secs(45),
    };

    fn agent(&self, address: Address<'_>) -> Agent {
        let mut config = Agent::config_builder()
            .timeout_connect(Some(self.connect))
            .timeout_global(Some(self.whole))
            .max_response_header_size(1 << 16)
            // A message goes to the address that is configured, and nowhere else.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("churn-risk/", env!("CARGO_PKG_VERSION")));
        if address.is_local() {
            config = config.proxy(None);
        }
        config.build().new_agent()
    }
}

/// What an answer means.
enum Answer {
    Accepted,
    /// Another request would be answered in the same way.
    Refused(Message),
    /// Another request may be answered otherwise, after a pause that the answer may name.
    Later(Message, Option<Duration>),
}

/// Posts a body of JSON. `started` is the time at which this begins.
///
/// # Errors
/// Why it could not be posted, without the address.
pub fn post(address: Address<'_>, body: &str, patience: &Patience, started: Timestamp) -> Result<(), Message> {
    let agent = patience.agent(address);
    let clock = Instant::now();
    let mut pause = patience.pause;
    let mut attempt = 1;
    loop {
        let now = started.as_second().saturating_add_unsigned(clock.elapsed().as_secs());
        let (why, asked) = match request(&agent, address, body, now) {
            Answer::Accepted => return Ok(()),
            Answer::Refused(why) => return Err(why),
            Answer::Later(why, asked) => (why, asked),
        };
        if attempt >= patience.attempts {
            return Err(Message::new("posting-attempts").message("why", why).count("attempts", attempt));
        }
        thread::sleep(asked.unwrap_or(pause).min(patience.longest_pause));
        pause *= 2;
        attempt += 1;
    }
}

fn request(agent: &Agent, address: Address<'_>, body: &str, now: i64) -> Answer {
    let sent = agent.post(address.secret()).header("content-type", "application/json; charset=utf-8").send(body);
    let mut response = match sent {
        Ok(response) => response,
        Err(error) => return failed(&error),
    };
    let status = response.status();
    let why = Message::new("posting-answers").text("status", in_words(status));
    match status.as_u16() {
        200..=299 => Answer::Accepted,
        300..=399 => Answer::Refused(Message::new("posting-redirect").message("why", why)),
        408 | 429 | 500..=599 => Answer::Later(why, asked_pause(&response, now)),
        _ => {
            let code = code(&mut response, address);
            Answer::Refused(match code {
                Some(code) => Message::new("posting-code").message("why", why).text("code", format!("`{code}`")),
                None => why,
            })
        }
    }
}

fn in_words(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

/// What a request that was not answered means. The library's own words may hold the address.
fn failed(error: &ureq::Error) -> Answer {
    use ureq::Error::*;
    let later = |key: &'static str| Answer::Later(Message::new(key), None);
    let refused = |key: &'static str| Answer::Refused(Message::new(key));
    match error {
        Timeout(_) => later("posting-timeout"),
        HostNotFound => later("posting-not-found"),
        ConnectionFailed => later("posting-no-connection"),
        Io(e) => match e.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => later("posting-timeout"),
            ErrorKind::ConnectionRefused => later("posting-refused"),
            ErrorKind::InvalidData => refused("posting-invalid"),
            _ => later("posting-cut"),
        },
        Protocol(_) => later("posting-no-http"),
        Tls(_) | Rustls(_) | Pem(_) => refused("posting-untrusted"),
        BadUri(_) | Http(_) => refused("posting-no-address"),
        InvalidProxyUrl => refused("posting-no-proxy"),
        _ => later("posting-unreachable"),
    }
}

/// The pause that an answer asks for: seconds, or a date, which is held against the receiver's own clock if it tells
/// it.
fn asked_pause(response: &Response<Body>, now: i64) -> Option<Duration> {
    let header = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.trim().to_owned());
    let after = header("retry-after")?;
    if let Ok(seconds) = after.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let second = |date: &str| Some(jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_second());
    let now = header("date").as_deref().and_then(second).unwrap_or(now);
    Some(Duration::from_secs(u64::try_from(second(&after)? - now).unwrap_or(0)))
}

/// The code in an answer, such as Slack's `invalid_blocks`: one word of small letters, which is no part of the address.
fn code(response: &mut Response<Body>, address: Address<'_>) -> Option<String> {
    let mut bytes = Vec::new();
    response.body_mut().as_reader().take(64).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let code = text.trim();
    let is_code = (2..=40).contains(&code.len()) && code.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    (is_code && !address.secret().to_ascii_lowercase().contains(code)).then(|| code.to_owned())
}

#[cfg(test)]
mod tests;
