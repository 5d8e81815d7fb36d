//! The connections: plain or TLS, each with a manner that a handler can change, down to the bytes.

use crate::handler::handle;
use crate::state::Shared;
use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Sleep, sleep};
use tokio_rustls::TlsAcceptor;

/// How a connection treats what is written to it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Manner {
    #[default]
    Normal,
    /// The next write resets it.
    Reset,
    /// Passes on a byte at a time, each after a pause.
    Drip(Duration),
    /// Passes on so many bytes, and closes.
    CutAfter(usize),
}

/// A connection, as the handler of a request knows it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Peer(Arc<Mutex<Manner>>);

impl Peer {
    pub fn set(&self, manner: Manner) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = manner;
    }

    fn get(&self) -> Manner {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves until it is dropped.
pub(crate) async fn serve(listener: std::net::TcpListener, tls: Option<TlsAcceptor>, state: Shared) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let address = listener.local_addr()?;
    let (sender, connections) = mpsc::channel(64);
    tokio::spawn(accept(listener, tls, sender));
    let router = Router::new().fallback(handle).with_state(state);
    axum::serve(Gate { connections, address }, router.into_make_service_with_connect_info::<Peer>()).await
}

/// Accepts, and shakes hands beside: one that does not finish holds up none.
async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, sender: mpsc::Sender<(Box<dyn Io>, Peer)>) {
    while !sender.is_closed() {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let peer = Peer::default();
        let stream = Stream { stream, peer: peer.clone(), pause: None, passed: 0 };
        let (tls, sender) = (tls.clone(), sender.clone());
        tokio::spawn(async move {
            let io: Box<dyn Io> = match tls {
                None => Box::new(stream),
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => Box::new(stream),
                    Err(_) => return,
                },
            };
            // It fails only when the server stops.
            let _ = sender.send((io, peer)).await;
        });
    }
}

pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

struct Gate {
    connections: mpsc::Receiver<(Box<dyn Io>, Peer)>,
    address: SocketAddr,
}

impl Listener for Gate {
    type Io = Box<dyn Io>;
    type Addr = Peer;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.connections.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Err(io::Error::other(format!("{} is asked of the server", self.address)))
    }
}

impl Connected<IncomingStream<'_, Gate>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Gate>) -> Self {
        stream.remote_addr().clone()
    }
}

struct Stream {
    stream: TcpStream,
    peer: Peer,
    pause: Option<Pin<Box<Sleep>>>,
    /// Bytes since the manner was changed.
    passed: usize,
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.peer.get() {
            Manner::Normal => Pin::new(&mut self.stream).poll_write(cx, bytes),
            Manner::Reset => {
                // What closes without lingering sends a reset.
                let _ = self.stream.set_zero_linger();
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            }
            Manner::Drip(pause) => {
                let sleep = self.pause.get_or_insert_with(|| Box::pin(sleep(pause)));
                ready!(Future::poll(sleep.as_mut(), cx));
                let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes.get(..1).unwrap_or(bytes)));
                self.pause = None;
                Poll::Ready(written)
            }
            Manner::CutAfter(most) => {
                let left = most.saturating_sub(self.passed).min(bytes.len());
                if left == 0 {
                    return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
                }
                let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes.get(..left).unwrap_or(bytes)))?;
                self.passed += written;
                Poll::Ready(Ok(written))
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
