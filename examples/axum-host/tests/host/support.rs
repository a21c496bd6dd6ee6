//! The host as a process.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, ChildStdout, Command, Stdio},
    thread::JoinHandle,
    time::Duration,
};

pub(crate) struct Host {
    pub(crate) process: Child,
    pub(crate) said: BufReader<ChildStdout>,
    log: Option<JoinHandle<String>>,
    pub(crate) base_url: String,
    pub(crate) address: String,
    pub(crate) token: String,
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Host {
    /// Starts a host on a free port.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_axum-host"))
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = process.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let base_url = after(&line(&mut said), "base URL");
        let token = after(&line(&mut said), "token");
        let address = base_url
            .strip_prefix("http://")
            .unwrap()
            .strip_suffix("/scim/v2")
            .unwrap()
            .to_owned();
        Self {
            process,
            said,
            log: Some(log),
            base_url,
            address,
            token,
        }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// One request on a connection of its own, with the host's token.
    pub(crate) fn send(&self, method: &str, path: &str, body: &str) -> Reply {
        self.send_as(&format!("Bearer {}", self.token), method, path, body)
    }

    pub(crate) fn send_as(&self, authorization: &str, method: &str, path: &str, body: &str) -> Reply {
        let mut stream = self.connect();
        let authorization = match authorization {
            "" => String::new(),
            value => format!("Authorization: {value}\r\n"),
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{authorization}Content-Type: application/scim+json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        receive(stream)
    }

    /// Asks the host to stop, as a process manager does, and gives its log.
    pub(crate) fn stop(&mut self) -> String {
        let status = Command::new("kill")
            .arg(self.process.id().to_string())
            .status()
            .unwrap();
        assert!(status.success());
        self.end()
    }

    /// Waits for the end of the host, and gives its log.
    pub(crate) fn end(&mut self) -> String {
        assert!(self.process.wait().unwrap().success());
        self.log.take().unwrap().join().unwrap()
    }
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn line(from: &mut impl BufRead) -> String {
    let mut text = String::new();
    from.read_line(&mut text).unwrap();
    text
}

fn after(line: &str, name: &str) -> String {
    line.strip_prefix(name)
        .unwrap_or_else(|| panic!("{name} is missing in {line:?}"))
        .trim()
        .to_owned()
}

pub(crate) fn receive(mut stream: TcpStream) -> Reply {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    Reply {
        status: head[9..12].parse().unwrap(),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}
