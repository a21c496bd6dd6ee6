//! A network between store and server that loses answers.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// Passes bytes on, until it is told to lose an answer: then the server gets a request, does it, and its answer goes nowhere.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    armed: Arc<Armed>,
}

#[derive(Default)]
struct Armed {
    /// How many more commits until one loses its answer; 0 for none.
    commit: AtomicUsize,
    /// The same of prepared statements.
    statement: AtomicUsize,
}

impl Proxy {
    pub(crate) async fn start(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let armed = Arc::new(Armed::default());
        let shared = Arc::clone(&armed);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                tokio::spawn(pass(client, server, Arc::clone(&shared)));
            }
        });
        Self { port, armed }
    }

    /// Loses the answer to the next COMMIT.
    pub(crate) fn lose_commit(&self) {
        self.armed.commit.store(1, Ordering::SeqCst);
    }

    /// Loses the answer to the n-th prepared statement from now on.
    pub(crate) fn lose_statement(&self, number: usize) {
        self.armed.statement.store(number, Ordering::SeqCst);
    }

    /// Whether there was an answer to lose.
    pub(crate) fn has_lost(&self) -> bool {
        self.armed.commit.load(Ordering::SeqCst) == 0 && self.armed.statement.load(Ordering::SeqCst) == 0
    }
}

async fn pass(mut client: TcpStream, mut server: TcpStream, armed: Arc<Armed>) {
    let (mut request, mut answer) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = client.read(&mut request) => {
                let Ok(count @ 1..) = read else { return };
                let bytes = &request[..count];
                let loses = is_commit(bytes) && hit(&armed.commit) || bytes[0] == b'B' && hit(&armed.statement);
                if server.write_all(bytes).await.is_err() {
                    return;
                }
                if loses {
                    // The server says that it is ready once all is done.
                    while let Ok(count @ 1..) = server.read(&mut answer).await {
                        if count >= 6 && answer[count - 6] == b'Z' {
                            return;
                        }
                    }
                    return;
                }
            }
            read = server.read(&mut answer) => {
                let Ok(count @ 1..) = read else { return };
                if client.write_all(&answer[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// The whole of a simple query, so that `READ COMMITTED` is none.
fn is_commit(bytes: &[u8]) -> bool {
    bytes == b"Q\0\0\0\x0bCOMMIT\0"
}

fn hit(left: &AtomicUsize) -> bool {
    let counted = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
    counted == Ok(1)
}
