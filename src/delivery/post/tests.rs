use super::*;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{channel, Receiver};

/// What a server does with a connection.
#[derive(Clone, Copy)]
enum Does {
    /// Answers with a status line and headers, and a body.
    Answers(&'static str, &'static str),
    /// Ends the connection without a word.
    Cuts,
    /// Waits for longer than anybody.
    Waits,
    /// Answers with this status and a body without end.
    Floods(&'static str),
    /// Answers with something else than HTTP.
    Babbles,
}
use Does::*;

const OK: Does = Answers("200 OK", "ok");
const SECRET: &str = "T0SECRET/b0secret";
const QUICK: Patience = Patience {
    connect: Duration::from_millis(400),
    whole: Duration::from_millis(400),
    attempts: 3,
    pause: Duration::from_millis(1),
    longest_pause: Duration::from_millis(30),
};

/// A server of this machine that does one thing after the other, and tells what it was sent.
fn server(script: &[Does]) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/services/{SECRET}", listener.local_addr().unwrap());
    let (sender, received) = channel();
    let script = script.to_vec();
    thread::spawn(move || {
        for does in script {
            let Ok((mut connection, _)) = listener.accept() else { return };
            if matches!(does, Cuts) {
                continue;
            }
            sender.send(request_of(&mut connection)).unwrap();
            thread::spawn(move || answer(connection, does));
        }
    });
    (address, received)
}

fn request_of(connection: &mut TcpStream) -> String {
    let (mut request, mut bytes) = (Vec::new(), [0; 4096]);
    loop {
        let read = connection.read(&mut bytes).unwrap();
        request.extend_from_slice(&bytes[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if read == 0 || text.split_once("\r\n\r\n").is_some_and(|(_, body)| body.len() >= length.unwrap_or(0)) {
            return text;
        }
    }
}

fn answer(mut connection: TcpStream, does: Does) {
    let _ = match does {
        Answers(status, body) => {
            write!(connection, "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
        }
        Floods(status) => {
            let _ = write!(connection, "HTTP/1.1 {status}\r\ncontent-length: 99999999999\r\n\r\n");
            while connection.write_all(&[b'a'; 65_536]).is_ok() {}
            Ok(())
        }
        Babbles => connection.write_all(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"),
        Cuts => Ok(()),
        Waits => {
            thread::sleep(Duration::from_secs(2));
            Ok(())
        }
    };
}

/// What becomes of a message, and how many requests with it came.
fn posted(script: &[Does], patience: &Patience) -> (Result<(), String>, usize) {
    let (address, received) = server(script);
    let clock = Instant::now();
    let result = post(Address(&address), "{\"text\":\"ü\"}", patience, Timestamp::UNIX_EPOCH);
    let result = result.map_err(|why| why.to_string());
    assert!(clock.elapsed() < Duration::from_secs(3), "{:?}", clock.elapsed());
    let requests: Vec<String> = received.try_iter().collect();
    for request in &requests {
        assert!(request.starts_with(&format!("POST /services/{SECRET} HTTP/1.1")), "{request}");
        assert!(request.ends_with("\r\n\r\n{\"text\":\"ü\"}") && request.contains("application/json"), "{request}");
    }
    if let Err(why) = &result {
        assert!(!why.contains("SECRET") && !why.contains("127.0.0.1") && !why.contains("secret"), "{why}");
    }
    (result, requests.len())
}

#[test]
fn a_message_is_posted_again_where_that_may_help() {
    for script in [
        &[OK][..],
        &[Answers("429 Too Many Requests\r\nretry-after: 0", ""), OK],
        &[Answers("503 Service Unavailable\r\nretry-after: 86400", ""), OK],
        &[Answers("429 Slow\r\nretry-after: Sun, 06 Nov 2094 08:49:37 GMT", ""), Answers("500 Oh", ""), OK],
        &[Answers("429 Slow\r\nretry-after: soon", ""), OK],
        &[Waits, OK],
        &[Babbles, OK],
        &[Answers("204 No Content", "")],
    ] {
        let (result, requests) = posted(script, &QUICK);
        assert_eq!((result, requests), (Ok(()), script.len()));
    }
    assert_eq!(posted(&[Cuts, OK], &QUICK), (Ok(()), 1));
    assert_eq!(posted(&[Floods("200 OK")], &QUICK), (Ok(()), 1));
}

#[test]
fn what_cannot_be_posted_is_told_without_the_address() {
    for (script, requests, told) in [
        (&[Answers("500 Internal Server Error", ""); 3][..], 3, "answers 500 Internal Server Error (3 attempts)"),
        (&[Cuts; 3], 0, "cut (3 attempts)"),
        (&[Waits; 3], 3, "does not answer in time (3 attempts)"),
        (&[Answers("302 Found\r\nlocation: http://127.0.0.1:9/elsewhere", ""), OK], 1, "follows no redirect"),
        (&[Answers("308 Permanent Redirect\r\nlocation: /elsewhere", ""), OK], 1, "follows no redirect"),
        (&[Answers("400 Bad Request", "invalid_blocks"), OK], 1, "answers 400 Bad Request (`invalid_blocks`)"),
        (&[Answers("404 Not Found", "/services/T0SECRET/b0secret is gone"), OK], 1, "answers 404 Not Found"),
        (&[Answers("403 Forbidden", "secret"), OK], 1, "answers 403 Forbidden"),
        (&[Floods("410 Gone"), OK], 1, "answers 410 Gone"),
        (&[Answers("777", ""), OK], 1, "answers 777"),
    ] {
        let (result, found) = posted(script, &QUICK);
        let why = result.unwrap_err();
        assert!(why.ends_with(told) || why.contains("redirect") && why.contains(told), "{why} is not: {told}");
        assert_eq!(found, requests, "{told}");
    }

    // Nobody listens on a port that was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (address, told) in [
        (format!("http://{free}/{SECRET}"), "refuses the connection (3 attempts)"),
        (format!("https://{free}/{SECRET}"), "refuses the connection (3 attempts)"),
        (format!("http://[nonsense/{SECRET}"), "correct the variable"),
    ] {
        let why = post(Address(&address), "{}", &QUICK, Timestamp::UNIX_EPOCH).unwrap_err().to_string();
        assert!(why.contains(told) && !why.contains("SECRET") && !why.contains("nonsense"), "{why}");
    }
}

#[test]
fn a_pause_is_asked_for_in_seconds_or_by_a_date() {
    let asked = |headers: &[(&str, &str)]| {
        let mut response = Response::builder().status(429);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        asked_pause(&response.body(Body::builder().data("")).unwrap(), 784_111_777)
    };
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(asked(&[("Retry-After", "7")]), seconds(7));
    // The time is that of the receiver, or else ours: 06 Nov 1994 08:49:37.
    assert_eq!(asked(&[("Retry-After", "Sun, 06 Nov 1994 08:49:49 GMT")]), seconds(12));
    let date = ("Date", "Sun, 06 Nov 1994 08:49:40 GMT");
    assert_eq!(asked(&[("Retry-After", "Sun, 06 Nov 1994 08:49:49 GMT"), date]), seconds(9));
    assert_eq!(asked(&[("Retry-After", "Sun, 06 Nov 1994 08:49:31 GMT"), date]), seconds(0));
    for nonsense in ["-1", "soon", "", "99999999999999999999"] {
        assert_eq!(asked(&[("Retry-After", nonsense)]), None);
    }
    assert_eq!(asked(&[]), None);
}
