//! One connection: reads requests, takes the steps of their turns, and always listens for the peer's end.

use super::turn::Step;
use super::{Log, Script, request};
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::ReadHalf;

/// How the steps of a turn ended.
enum After {
    /// The connection takes the next request.
    Open,
    PeerGone,
    Close,
    Reset,
}

pub(super) async fn serve(mut stream: TcpStream, number: usize, script: Arc<Script>, log: Arc<Log>) {
    let mut inbox = Vec::new();
    let mut after = run(&mut stream, &mut inbox, &script.on_connect, number, &log).await;
    while matches!(after, After::Open) {
        let Some(request) = read(&mut stream, &mut inbox, number, &log).await else {
            after = After::PeerGone;
            break;
        };
        let index = log.file(request.clone());
        let turn = (script.choose)(index, &request);
        after = run(&mut stream, &mut inbox, &turn.steps, number, &log).await;
    }
    match after {
        After::PeerGone => log.note(number, |entry| entry.closed_by_peer = Some(Instant::now())),
        After::Close => close(stream, number, &log).await,
        After::Reset => {
            let _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
            log.note(number, |entry| entry.ended_by_script = Some(Instant::now()));
        }
        After::Open => {}
    }
}

/// The next request; `None` when the peer closed before it was complete.
async fn read(stream: &mut TcpStream, inbox: &mut Vec<u8>, number: usize, log: &Log) -> Option<request::Request> {
    let mut began = (!inbox.is_empty()).then(Instant::now);
    loop {
        if let Some(began) = began
            && let Some(request) = request::take(inbox, number, began)
        {
            return Some(request);
        }
        if !more(stream, inbox, number, log).await {
            return None;
        }
        began.get_or_insert_with(Instant::now);
    }
}

/// Reads what has come, and records it as it came; false at the end.
async fn more(reader: &mut (impl AsyncReadExt + Unpin), inbox: &mut Vec<u8>, number: usize, log: &Log) -> bool {
    let before = inbox.len();
    let count = reader.read_buf(inbox).await.unwrap_or(0);
    log.note(number, |entry| entry.received.extend_from_slice(inbox.get(before..).unwrap_or_default()));
    count > 0
}

async fn run(stream: &mut TcpStream, inbox: &mut Vec<u8>, steps: &[Step], number: usize, log: &Log) -> After {
    let (mut reader, mut writer) = stream.split();
    for step in steps {
        let done = match step {
            Step::Send(bytes) => beside(&mut reader, inbox, (number, log), send(&mut writer, bytes, number, log)).await,
            Step::Repeat { bytes, times } => {
                let repeat = async {
                    for _ in 0..*times {
                        if !send(&mut writer, bytes, number, log).await {
                            return false;
                        }
                    }
                    true
                };
                beside(&mut reader, inbox, (number, log), repeat).await
            }
            Step::Wait(pause) => beside(&mut reader, inbox, (number, log), pause_for(*pause)).await,
            Step::Trickle { bytes, size, every } => {
                let trickle = async {
                    for piece in bytes.chunks(*size) {
                        tokio::time::sleep(*every).await;
                        if !send(&mut writer, piece, number, log).await {
                            return false;
                        }
                    }
                    true
                };
                beside(&mut reader, inbox, (number, log), trickle).await
            }
            Step::Stall => beside(&mut reader, inbox, (number, log), std::future::pending()).await,
            Step::Close => return After::Close,
            Step::Reset => return After::Reset,
        };
        if !done {
            return After::PeerGone;
        }
    }
    After::Open
}

/// Does the work and reads meanwhile (into `inbox`, for the next request); false when the peer went away.
async fn beside(reader: &mut ReadHalf<'_>, inbox: &mut Vec<u8>, (number, log): (usize, &Log), work: impl Future<Output = bool>) -> bool {
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            open = more(reader, inbox, number, log) => {
                if !open {
                    return false;
                }
            }
        }
    }
}

async fn send(writer: &mut (impl AsyncWriteExt + Unpin), bytes: &[u8], number: usize, log: &Log) -> bool {
    let mut rest = bytes;
    while !rest.is_empty() {
        let Ok(count @ 1..) = writer.write(rest).await else { return false };
        log.note(number, |entry| entry.sent += count);
        rest = rest.get(count..).unwrap_or_default();
    }
    true
}

async fn pause_for(pause: Duration) -> bool {
    tokio::time::sleep(pause).await;
    true
}

/// FIN, and then whatever still comes is read: unread bytes would turn the end into a reset.
async fn close(mut stream: TcpStream, number: usize, log: &Log) {
    let _ = stream.shutdown().await;
    log.note(number, |entry| entry.ended_by_script = Some(Instant::now()));
    let mut rest = Vec::new();
    let drain = async { while stream.read_buf(&mut rest).await.unwrap_or(0) > 0 {} };
    let _ = tokio::time::timeout(Duration::from_secs(1), drain).await;
}
