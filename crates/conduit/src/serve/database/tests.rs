use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};

fn unavailable(cause: &str) -> StoreError {
    StoreError::Unavailable { doing: "opening it".to_owned(), cause: cause.to_owned() }
}

/// R39: what passes is waited for.
#[tokio::test(start_paused = true)]
async fn trouble_that_passes_is_waited_for() {
    let tries = AtomicUsize::new(0);
    let begun = tokio::time::Instant::now();
    let opened = patiently("it", || {
        let number = tries.fetch_add(1, Ordering::Relaxed);
        async move { if number < 300 { Err(unavailable("connection refused")) } else { Ok(number) } }
    });
    assert_eq!(opened.await.unwrap(), 300);
    let took = begun.elapsed();
    assert!(took > Duration::from_secs(290) && took < Duration::from_secs(300), "at most a second apart: {took:?}");
}

/// R39: what stays wrong ends the start at once.
#[tokio::test(start_paused = true)]
async fn trouble_that_stays_is_told_at_once() {
    let tries = AtomicUsize::new(0);
    let opened = patiently::<(), _>("it", || {
        tries.fetch_add(1, Ordering::Relaxed);
        async { Err(StoreError::WrongRootSecret) }
    });
    assert!(matches!(opened.await, Err(StoreError::WrongRootSecret)));
    assert_eq!(tries.into_inner(), 1);
}
