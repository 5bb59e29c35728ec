//! The accept loop, which nothing may stop: no flood of connections and no lack of file descriptors (R2).

use super::Stage;
use super::worker::{Arrived, Pool};
use crate::connections::Door;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};

/// How long to wait where no connection can be accepted: connections end meanwhile, and a tight loop would burn a core.
const PAUSE: Duration = Duration::from_millis(100);

/// What a connection over the limit is told, whatever it asked.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: 136\r\nretry-after: 1\r\n\
connection: close\r\n\r\n{\"error\":{\"message\":\"Conduit has as many connections as it may have: try again\",\"type\":\"server_error\",\
\"param\":null,\"code\":\"overloaded\"}}";

/// Refused connections that are told so at the same time; more are closed without a word.
const MOST_TOLD: usize = 64;
/// How long one may take to read it.
const TELLING: Duration = Duration::from_millis(250);

pub(super) async fn accept(listener: tokio::net::TcpListener, pool: Pool, door: Arc<Door>, mut stages: watch::Receiver<Stage>) {
    let told = Arc::new(Semaphore::new(MOST_TOLD));
    let mut is_short = false;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stages.changed() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                if std::mem::take(&mut is_short) {
                    tracing::info!("connections can be accepted again");
                }
                match door.pass(peer.ip()) {
                    Some(pass) => pool.hand_over(stream, |stream| Arrived { stream, peer: peer.ip(), pass }),
                    None => turn_away(stream, &told),
                }
            }
            Err(error) if is_connection_error(&error) => {}
            Err(error) => {
                if !std::mem::replace(&mut is_short, true) {
                    tracing::error!(%error, "no connection can be accepted");
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// The peer gave up between its SYN and our accept; says nothing about us.
fn is_connection_error(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Best effort: the caller gets an answer if it is quick.
fn turn_away(mut stream: TcpStream, told: &Arc<Semaphore>) {
    let Ok(permit) = Arc::clone(told).try_acquire_owned() else { return };
    tokio::spawn(async move {
        let _permit = permit;
        let _ = tokio::time::timeout(TELLING, async {
            stream.write_all(FULL).await?;
            stream.shutdown().await?;
            // Closing on bytes that nobody has read would reset the connection, and the answer with it.
            let mut bin = [0; 1 << 10];
            let mut left = 64_u8;
            while left > 0 && tokio::io::AsyncReadExt::read(&mut stream, &mut bin).await? > 0 {
                left -= 1;
            }
            io::Result::Ok(())
        })
        .await;
    });
}

#[cfg(test)]
mod tests {
    use super::FULL;

    #[test]
    fn the_static_answer_is_well_formed() {
        let text = std::str::from_utf8(FULL).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let length: usize = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
        assert_eq!(body.len(), length);
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["error"]["code"], "overloaded");
    }
}
