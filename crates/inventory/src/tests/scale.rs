//! Size and load.

use super::*;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use store::virtual_keys::VirtualKeySpec;

/// R51: 10,000 keys and 500 mappings. The figure wanted is 300 ms with a release build; this one is built without optimization, on a busy machine.
#[tokio::test]
async fn ten_thousand_keys_are_loaded_soon() {
    let bench = Bench::new().await;
    bench.provider("p").await;
    let rows = (0..500).map(|at| NewMapping::new(format!("m{at}"), "p", "gpt-x")).collect();
    bench.inventory.import_mappings(rows, false).await.unwrap();
    let keys = (0..10_000u32).map(|at| FileKey::new(format!("F:{at}"), format!("k{at}"), secret(&format!("a-long-key-of-the-file-{at}"))));
    let begun = Instant::now();
    bench.load(FileObjects { keys: keys.collect(), ..FileObjects::default() }).await.unwrap();
    let took = begun.elapsed();
    assert_eq!((bench.ring.len(), bench.snapshot.load().groups.len()), (10_000, 500));
    assert!(took < Duration::from_secs(10), "{took:?}");
    println!("10,000 keys and 500 mappings in {took:?}");
}

/// At no moment of a reload or a change is a key unknown that was valid before and is valid after.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_valid_key_is_never_unknown() {
    let bench = Bench::new().await;
    let hash = bench.store.pepper().hash("stored-0123456789abcdef");
    bench.store.virtual_keys().insert(VirtualKeySpec::new("stored"), hash, "", "").await.unwrap();
    bench.load(file()).await.unwrap();
    let hashes = [hash, bench.store.pepper().hash("app-9f3c1be07ad24568b1f3c9e2")];
    let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let reader = {
        let (ring, stop, asked) = (Arc::clone(&bench.ring), Arc::clone(&stop), Arc::clone(&asked));
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                for hash in &hashes {
                    assert!(ring.find(hash).is_some_and(|key| key.enabled), "a valid key is unknown");
                }
                asked.fetch_add(1, Ordering::Relaxed);
            }
        })
    };
    for round in 0..60u32 {
        let mut file = file();
        file.keys[0].name = format!("app-{round}");
        bench.load(file).await.unwrap();
        let made = bench.inventory.create_key(NewKey::new(format!("k{round}"))).await.unwrap();
        bench.inventory.roll_key(&made.entry.object.id, None, Duration::ZERO).await.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    reader.join().unwrap();
    assert!(asked.load(Ordering::Relaxed) > 1_000);
}
