//! The simulator on a socket: HTTP/1.1, and HTTP/2 for a client that begins with its preface.

use crate::wire::{Orders, Wire};
use crate::{SimBody, Simulator, Tls};
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

/// The largest body that is read.
const LARGEST_BODY: usize = 64 << 20;
/// How long answers in progress may take after the shutdown was asked for.
const GRACE: Duration = Duration::from_secs(2);
/// A pause after a failed accept (the process is out of file descriptors).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `shutdown` resolves.
pub async fn serve(listener: TcpListener, simulator: Simulator, shutdown: impl Future<Output = ()>) {
    accept(listener, simulator, None, shutdown).await;
}

/// The same over TLS, with HTTP/2 for clients that offer it.
pub async fn serve_tls(listener: TcpListener, simulator: Simulator, tls: Tls, shutdown: impl Future<Output = ()>) {
    accept(listener, simulator, Some(tls), shutdown).await;
}

async fn accept(listener: TcpListener, simulator: Simulator, tls: Option<Tls>, shutdown: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, _)) => connection(stream, simulator.clone(), tls.clone(), graceful.watcher()),
            Err(error) => {
                tracing::warn!(%error, "simulator: accept failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::debug!("simulator: answers were still being sent at the end of the grace period");
    }
}

fn connection(stream: TcpStream, simulator: Simulator, tls: Option<Tls>, watcher: Watcher) {
    // Without it an event waits up to 40 ms for the acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "simulator: TCP_NODELAY was not accepted");
    }
    tokio::spawn(async move {
        match tls {
            None => converse(stream, simulator, watcher).await,
            Some(tls) => match tls.acceptor.accept(stream).await {
                Ok(stream) => converse(stream, simulator, watcher).await,
                Err(error) => tracing::debug!(%error, "simulator: a TLS handshake failed"),
            },
        }
    });
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, simulator: Simulator, watcher: Watcher) {
    let orders = Orders::default();
    let wire = Wire::new(stream, orders.clone());
    let service = service_fn(move |request| {
        let (simulator, orders) = (simulator.clone(), orders.clone());
        async move {
            let mut response = answer(&simulator, request).await;
            orders.take_from(response.extensions_mut());
            Ok::<_, Infallible>(response)
        }
    });
    let builder = Builder::new(TokioExecutor::new());
    if let Err(error) = watcher.watch(builder.serve_connection(TokioIo::new(wire), service).into_owned()).await {
        tracing::debug!(%error, "simulator: a connection ended with an error");
    }
}

async fn answer(simulator: &Simulator, request: Request<Incoming>) -> Response<SimBody> {
    let (parts, body) = request.into_parts();
    match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(collected) => simulator.handle(Request::from_parts(parts, collected.to_bytes())).await,
        Err(error) => {
            tracing::debug!(%error, "simulator: a request body could not be read");
            simulator.refuse_body().await
        }
    }
}
