//! Says when the configuration file is to be read again: after a change of its content, or because somebody asked (SIGHUP).
//!
//! The system's notices come first; a look at the file every few seconds finds what they miss (network file systems, too many watches).
//! The directory is watched and not the file: editors, `mv` and Kubernetes put another file in its place.

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio::signal::unix::Signal;
use tokio::sync::mpsc;

/// A file that was written so long ago is taken for whole: who writes it in several steps takes less time between two of them.
const STILL: Duration = Duration::from_millis(100);
/// A file that never stands still is read all the same.
const RESTLESS: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Why the configuration is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serve) enum Occasion {
    /// The file's content is another one.
    Changed,
    /// SIGHUP: references to secrets are resolved again, even where the file is the same.
    Asked,
}

/// The eye on one file.
pub(in crate::serve) struct Watch {
    path: Option<PathBuf>,
    seen: Fingerprint,
    notices: mpsc::Receiver<()>,
    told: mpsc::Sender<()>,
    watcher: Option<RecommendedWatcher>,
    hangup: Signal,
}

/// What tells two states of a file apart, cheapest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Fingerprint {
    /// `None`: there is no such file.
    stamp: Option<Stamp>,
    content: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: Option<SystemTime>,
    /// Seconds and nanoseconds: a change of mode or a rename onto the name counts as well.
    changed: (i64, i64),
}

impl Watch {
    /// `content` is the hash of what was read last. Without a file only SIGHUP counts.
    pub(in crate::serve) fn new(path: Option<PathBuf>, content: Option<String>, hangup: Signal) -> Self {
        let (told, notices) = mpsc::channel(1);
        // No stamp: the first look compares the content, so that what changed since the start is seen.
        let mut watch = Self { path, seen: Fingerprint { stamp: None, content }, notices, told, watcher: None, hangup };
        watch.attach();
        watch
    }

    /// Waits for the next occasion. Dropping the future loses none.
    pub(in crate::serve) async fn next(&mut self) -> Occasion {
        loop {
            let noticed = tokio::select! {
                asked = self.hangup.recv() => match asked {
                    Some(()) => {
                        self.settle().await;
                        self.look(true);
                        return Occasion::Asked;
                    }
                    None => std::future::pending().await,
                },
                noticed = self.notices.recv() => noticed.is_some(),
                () = tokio::time::sleep(LOOK_EVERY) => false,
            };
            if self.path.is_none() || (!noticed && !self.is_stamp_new()) {
                continue;
            }
            self.settle().await;
            if self.look(noticed) {
                self.attach();
                return Occasion::Changed;
            }
        }
    }

    fn is_stamp_new(&self) -> bool {
        self.path.as_deref().map(stamp) != Some(self.seen.stamp)
    }

    /// Waits until the file has not been written for a moment: half a file is no configuration.
    async fn settle(&mut self) {
        let Some(path) = self.path.clone() else { return };
        let deadline = tokio::time::Instant::now() + RESTLESS;
        let mut last = stamp(&path);
        while tokio::time::Instant::now() < deadline {
            tokio::time::sleep(STILL).await;
            let now = stamp(&path);
            // A file that is gone is waited for: another one is about to take its place.
            if now == last && now.is_some() {
                break;
            }
            last = now;
        }
        // What was told up to here is about the file as it is now.
        while self.notices.try_recv().is_ok() {}
    }

    /// Takes note of the file as it is; true where its content is another one. `thorough`: also where its stamp is the same, because two
    /// writes may fall into one tick of the file system's clock.
    fn look(&mut self, thorough: bool) -> bool {
        let Some(path) = &self.path else { return false };
        let stamp = stamp(path);
        if stamp == self.seen.stamp && !thorough {
            return false;
        }
        let content = content(path);
        let is_new = content != self.seen.content;
        self.seen = Fingerprint { stamp, content };
        is_new
    }

    /// Watches the directory of the name, and that of the file which the name leads to. Both may have changed.
    fn attach(&mut self) {
        let Some(path) = &self.path else { return };
        let name = path.file_name().map(ToOwned::to_owned);
        let told = self.told.clone();
        let notice = move |event: notify::Result<Event>| {
            let counts = match &event {
                Ok(event) if matches!(event.kind, EventKind::Access(_)) => false,
                // Links of Kubernetes lead over `..data`; other files of the directory (the database, say) do not count.
                Ok(event) => event.paths.iter().any(|path| {
                    let other = path.file_name();
                    other == name.as_deref() || other.is_some_and(|other| other.as_encoded_bytes().starts_with(b".."))
                }),
                // Notices were lost: better one look too many.
                Err(_) => true,
            };
            if counts {
                // A full channel holds a notice already.
                let _ = told.try_send(());
            }
        };
        let attached = notify::recommended_watcher(notice).and_then(|mut watcher| {
            for directory in directories(path) {
                watcher.watch(&directory, RecursiveMode::NonRecursive)?;
            }
            Ok(watcher)
        });
        match attached {
            Ok(watcher) => self.watcher = Some(watcher),
            Err(error) if self.watcher.is_some() => {
                tracing::debug!(%error, "the configuration file's directory is not watched anew; the file is looked at regularly");
            }
            Err(error) => {
                tracing::warn!(%error, seconds = LOOK_EVERY.as_secs(), "the system gives no notice of changed files: the configuration file is looked at regularly");
            }
        }
    }
}

fn directories(path: &Path) -> Vec<PathBuf> {
    let of = |path: &Path| match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut directories = vec![of(path)];
    if let Ok(real) = path.canonicalize() {
        let real = of(&real);
        if directories.iter().all(|directory| directory.canonicalize().ok().as_ref() != Some(&real)) {
            directories.push(real);
        }
    }
    directories
}

fn stamp(path: &Path) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt;
    let facts = std::fs::metadata(path).ok()?;
    Some(Stamp {
        device: facts.dev(),
        inode: facts.ino(),
        size: facts.size(),
        modified: facts.modified().ok(),
        changed: (facts.ctime(), facts.ctime_nsec()),
    })
}

/// The hash of the content; of a file that cannot be read, or is larger than any configuration, its size.
fn content(path: &Path) -> Option<String> {
    let facts = std::fs::metadata(path).ok()?;
    if !facts.is_file() || facts.len() > crate::config::MAX_FILE {
        return Some(format!("{} bytes", facts.len()));
    }
    let bytes = std::fs::read(path).ok()?;
    Some(Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests;
