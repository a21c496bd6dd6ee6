//! A bad network between a store and its server.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

use crate::random::Random;

/// What happens to a connection once so many pieces went through.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Cut(usize),
    Delay(usize),
    HalfClose(usize),
    Spare,
}

/// Passes bytes on, as long as it likes.
#[derive(Debug)]
pub(crate) struct Proxy {
    url: String,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    target: String,
    random: Mutex<Random>,
    /// Whether fates strike.
    is_bad: AtomicBool,
    /// How many pieces clients may still send before all is cut; a great number is for ever.
    left: AtomicUsize,
    pieces: AtomicUsize,
    faults: AtomicUsize,
    cut: watch::Sender<u64>,
}

impl Proxy {
    /// A good way to the server of a URL.
    pub(crate) async fn to(url: &str, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().to_string();
        let (before, rest) = url.split_once('@').unwrap();
        let (target, after) = rest.split_once('/').unwrap();
        let shared = Arc::new(Shared {
            target: target.to_owned(),
            random: Mutex::new(Random::new(seed)),
            is_bad: AtomicBool::new(false),
            left: AtomicUsize::new(usize::MAX),
            pieces: AtomicUsize::new(0),
            faults: AtomicUsize::new(0),
            cut: watch::channel(0).0,
        });
        let url = format!("{before}@{own}/{after}");
        let accepting = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let shared = Arc::clone(&accepting);
                tokio::spawn(async move { shared.connect(client).await });
            }
        });
        Self { url, shared }
    }

    /// The URL of this way.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Connections are cut, delayed and half closed from now on, or no more.
    pub(crate) fn set_bad(&self, is_bad: bool) {
        self.shared.is_bad.store(is_bad, Ordering::SeqCst);
    }

    /// Cuts everything off before the client's next but so many pieces; the server never sees it.
    pub(crate) fn cut_after(&self, pieces: usize) {
        self.shared.left.store(pieces, Ordering::SeqCst);
    }

    /// Lets connections through again.
    pub(crate) fn mend(&self) {
        self.shared.left.store(usize::MAX, Ordering::SeqCst);
    }

    /// How many pieces clients sent.
    pub(crate) fn pieces(&self) -> usize {
        self.shared.pieces.load(Ordering::SeqCst)
    }

    /// How often a fate struck.
    pub(crate) fn faults(&self) -> usize {
        self.shared.faults.load(Ordering::SeqCst)
    }
}

impl Shared {
    async fn connect(self: Arc<Self>, client: TcpStream) {
        if self.left.load(Ordering::SeqCst) == 0 {
            return;
        }
        let Ok(server) = TcpStream::connect(&self.target).await else {
            return;
        };
        client.set_nodelay(true).ok();
        server.set_nodelay(true).ok();
        let mut cut = self.cut.subscribe();
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        let there = Arc::clone(&self).forward(from_client, to_server, true);
        let back = Arc::clone(&self).forward(from_server, to_client, false);
        tokio::select! {
            () = async { tokio::join!(there, back); } => {}
            _ = cut.changed() => {}
        }
    }

    fn fate(&self) -> Fate {
        if !self.is_bad.load(Ordering::SeqCst) {
            return Fate::Spare;
        }
        let mut random = self.random.lock().unwrap();
        let after = 5 + random.below(120);
        match random.below(6) {
            0 | 1 => Fate::Cut(after),
            2 => Fate::Delay(after),
            3 => Fate::HalfClose(after),
            _ => Fate::Spare,
        }
    }

    /// Passes pieces on in one direction until it ends.
    async fn forward(self: Arc<Self>, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, is_client: bool) {
        let mut buffer = vec![0; 65536];
        let (mut fate, mut since) = (self.fate(), 0);
        loop {
            let length = match from.read(&mut buffer).await {
                Ok(length) if length > 0 => length,
                _ => break,
            };
            if is_client {
                self.pieces.fetch_add(1, Ordering::SeqCst);
                let left = self
                    .left
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| match left {
                        0 | usize::MAX => None,
                        left => Some(left - 1),
                    });
                if left == Ok(1) || left == Err(0) {
                    self.cut.send_modify(|number| *number += 1);
                    return;
                }
            }
            since += 1;
            match fate {
                Fate::Cut(after) if since > after => {
                    self.faults.fetch_add(1, Ordering::SeqCst);
                    // Both directions end with it.
                    self.cut.send_modify(|number| *number += 1);
                    return;
                }
                Fate::HalfClose(after) if since > after => {
                    self.faults.fetch_add(1, Ordering::SeqCst);
                    to.shutdown().await.ok();
                    // The other direction goes on.
                    while from.read(&mut buffer).await.is_ok_and(|length| length > 0) {}
                    return;
                }
                Fate::Delay(after) if since > after => {
                    self.faults.fetch_add(1, Ordering::SeqCst);
                    let time = self.random.lock().unwrap().below(200);
                    tokio::time::sleep(Duration::from_millis(u64::try_from(time).unwrap())).await;
                    (fate, since) = (self.fate(), 0);
                }
                Fate::Spare if since > 200 => (fate, since) = (self.fate(), 0),
                _ => {}
            }
            if to.write_all(&buffer[..length]).await.is_err() {
                break;
            }
        }
        to.shutdown().await.ok();
    }
}
