//! How long a start takes with much to load.

use crate::gateway::Gateway;
use crate::process::Folder;
use std::fmt::Write as _;
use std::time::{Duration, Instant};
use store::virtual_keys::VirtualKeySpec;
use store::{Keys, RootSecret, Store, StoreConfig};

const ROOT: &str = "q3v8Zx0LrT5mYk2NwB7cJ4hD9sF6gA1e";

/// From the start to ready with 10,000 keys and 500 mappings in SQLite: under a second in the program that is shipped (docs/reliability.md);
/// this build is not optimised and other tests run beside it.
#[test]
fn ten_thousand_keys_and_five_hundred_mappings_are_loaded_at_once() {
    let folder = Folder::new();
    let data = folder.path("data");
    std::fs::create_dir(&data).unwrap();
    let seeded = Instant::now();
    tokio::runtime::Runtime::new().unwrap().block_on(seed(&format!("sqlite://{data}/conduit.db")));
    println!("seeding took {:?}", seeded.elapsed());
    let begun = Instant::now();
    let variables = [("CONDUIT_MASTER_KEY", "9f3c1be07ad24568b1f3c9e2d7405a6b"), ("CONDUIT_ROOT_SECRET", ROOT)];
    let gateway = Gateway::start(&["--data-dir", &data], &variables, "Virtual keys");
    let took = begun.elapsed();
    let expected = "under 1 s in the program that is shipped; this build is not optimised";
    testkit::figure::seen("R51", "from the start to serving, with 10,000 keys and 500 mappings in SQLite", expected, format!("{took:.1?}"));
    assert!(gateway.greeting.contains("10000 from the database"), "{}", gateway.greeting);
    assert_eq!(gateway.request("GET", "/health/ready", "", "").0, 200);
    assert!(took < Duration::from_secs(8), "{took:?}");
}

async fn seed(url: &str) {
    use gateway::keys::KeyHasher;
    use store::mappings::MappingSpec;
    use store::providers::ProviderSpec;
    let keys = std::sync::Arc::new(Keys::derive(&RootSecret::parse(ROOT).unwrap()));
    let store = Store::open(StoreConfig::new(url), keys).await.unwrap();
    let provider = store.providers().insert(ProviderSpec::new("sim", "simulated"), Vec::new()).await.unwrap();
    for number in 0..500 {
        store.mappings().insert(MappingSpec::new(format!("m-{number}"), &provider, "sim-chat")).await.unwrap();
    }
    let (pepper, mut name) = (store.pepper(), String::new());
    for number in 0..10_000 {
        name.clear();
        write!(name, "k-{number}").unwrap();
        store.virtual_keys().insert(VirtualKeySpec::new(name.as_str()), pepper.hash(&name), "condt_", "abcd").await.unwrap();
    }
    store.close().await.unwrap();
}
