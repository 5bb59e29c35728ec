use super::*;
use std::fs;
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

const PATIENCE: Duration = Duration::from_secs(20);

fn folder(content: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("conduit.yaml");
    fs::write(&path, content).unwrap();
    (folder, path)
}

/// A watch that has seen the file as it is. A signal of its own, so that tests beside each other do not meet.
fn watch(path: &Path) -> Watch {
    let mut watch = Watch::new(Some(path.to_owned()), content(path), signal(SignalKind::user_defined2()).unwrap());
    watch.look(true);
    watch
}

async fn sees(watch: &mut Watch, what: &str) {
    let occasion = tokio::time::timeout(PATIENCE, watch.next()).await.unwrap_or_else(|_| panic!("{what} was not seen"));
    assert_eq!(occasion, Occasion::Changed, "{what}");
}

async fn sees_nothing(watch: &mut Watch, what: &str) {
    let seen = tokio::time::timeout(LOOK_EVERY + Duration::from_secs(1), watch.next()).await;
    assert!(seen.is_err(), "{what}: {seen:?}");
}

/// R52: each way in which a file gets another content is seen, and once.
#[tokio::test]
async fn writes_renames_and_links_are_seen() {
    let (folder, path) = folder("one: 1\n");
    let mut eye = watch(&path);
    fs::write(&path, "two: 2\n").unwrap();
    sees(&mut eye, "a write in place").await;
    let other = folder.path().join("other.tmp");
    fs::write(&other, "three: 3\n").unwrap();
    fs::rename(&other, &path).unwrap();
    sees(&mut eye, "an atomic rename").await;
    fs::remove_file(&path).unwrap();
    fs::write(&path, "four: 4\n").unwrap();
    sees(&mut eye, "an editor's new file").await;
    sees_nothing(&mut eye, "after the last change").await;
}

/// The way in which Kubernetes changes a mounted ConfigMap: the file is a link into `..data`, and that link is replaced.
#[tokio::test]
async fn the_swap_of_a_mounted_config_map_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let version = |name: &str, content: &str| {
        let directory = folder.path().join(name);
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("conduit.yaml"), content).unwrap();
    };
    let link = |target: &str, name: &str| {
        let temporary = folder.path().join("..tmp");
        std::os::unix::fs::symlink(target, &temporary).unwrap();
        fs::rename(&temporary, folder.path().join(name)).unwrap();
    };
    version("..v1", "one: 1\n");
    link("..v1", "..data");
    link("..data/conduit.yaml", "conduit.yaml");
    let mut eye = watch(&folder.path().join("conduit.yaml"));
    version("..v2", "two: 2\n");
    link("..v2", "..data");
    sees(&mut eye, "the first swap").await;
    version("..v3", "three: 3\n");
    link("..v3", "..data");
    sees(&mut eye, "the second swap").await;
}

/// What stands behind a link may lie in another directory.
#[tokio::test]
async fn a_change_behind_a_link_is_seen() {
    let (_elsewhere, target) = folder("one: 1\n");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("linked.yaml");
    std::os::unix::fs::symlink(&target, &path).unwrap();
    let mut eye = watch(&path);
    fs::write(&target, "two: 2\n").unwrap();
    sees(&mut eye, "a write behind the link").await;
}

/// Without the system's notices the regular look finds the change.
#[tokio::test]
async fn a_change_without_a_notice_is_seen() {
    let (_folder, path) = folder("one: 1\n");
    let mut eye = watch(&path);
    eye.watcher = None;
    fs::write(&path, "two: 2\n").unwrap();
    sees(&mut eye, "a change").await;
}

#[tokio::test]
async fn other_files_and_the_same_content_are_no_occasion() {
    let (folder, path) = folder("one: 1\n");
    let mut eye = watch(&path);
    fs::write(folder.path().join("conduit.db"), "rows").unwrap();
    fs::write(&path, "one: 1\n").unwrap();
    sees_nothing(&mut eye, "the same content").await;
}

/// A file that is written in steps is read when it is whole.
#[tokio::test]
async fn a_half_written_file_is_waited_for() {
    let (_folder, path) = folder("one: 1\n");
    let mut eye = watch(&path);
    let writer = {
        let path = path.clone();
        tokio::task::spawn_blocking(move || {
            let mut file = fs::File::create(&path).unwrap();
            for _ in 0..10 {
                std::io::Write::write_all(&mut file, b"part: 1\n").unwrap();
                std::thread::sleep(Duration::from_millis(20));
            }
        })
    };
    sees(&mut eye, "the writing").await;
    writer.await.unwrap();
    assert_eq!(eye.seen.content, content(&path), "it was read when it was whole");
}

#[tokio::test]
async fn a_signal_asks_even_without_a_file() {
    let mut eye = Watch::new(None, None, signal(SignalKind::user_defined1()).unwrap());
    let asked = tokio::spawn(async move { tokio::time::timeout(PATIENCE, eye.next()).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let sent = std::process::Command::new("kill").args(["-USR1", &std::process::id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(asked.await.unwrap(), Ok(Occasion::Asked));
}
